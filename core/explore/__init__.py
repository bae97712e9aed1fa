"""Exploring latent space: arrays in, arrays out."""
