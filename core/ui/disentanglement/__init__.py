"""The blocks of the page Disentanglement."""
