"""Runs as one HTML file that decodes in the browser, without a server and without a network."""

from core.handout.file import page, write

__all__ = ["page", "write"]
