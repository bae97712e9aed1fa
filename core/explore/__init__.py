"""Looking around in latent space: arrays in, arrays out."""
