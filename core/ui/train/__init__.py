"""The blocks of the page Train."""
