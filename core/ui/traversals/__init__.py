"""The blocks of the page Traversals."""
