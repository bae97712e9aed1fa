"""The blocks of the page Latent space."""
