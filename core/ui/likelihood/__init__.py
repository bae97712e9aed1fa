"""The blocks of the page Likelihood."""
