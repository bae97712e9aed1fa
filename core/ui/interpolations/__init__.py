"""The blocks of the page Interpolations."""
