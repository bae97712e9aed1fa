"""The error that images are missing."""


class MissingData(RuntimeError):
    """The images cannot be read; the message says in one sentence why not and what to do."""
