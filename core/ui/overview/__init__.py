"""The blocks of the page Overview."""
