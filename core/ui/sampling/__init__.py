"""The blocks of the page Sampling."""
