"""The blocks of the page Noise."""
