"""Pictures inside a page."""

from base64 import b64encode


def data_url(png: bytes) -> str:
    """Return a PNG as an address that holds it, which spares the browser a round trip."""
    return "data:image/png;base64," + b64encode(png).decode()
