"""The empty page that latencies are held against: a slider, a field, a picture that follows them.

The bytes of the picture are made without a library, so that Streamlit's round trip is measured.
"""

import struct
import zlib

import streamlit as st


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def _png(grey: int) -> bytes:
    """Return 8x8 pixels of one grey as a PNG file."""
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([grey] * 8)) * 8)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", rows)
        + _chunk(b"IEND", b"")
    )


st.title("An empty page")
grey = st.slider("Grey", 0, 255, 0) + st.number_input("Grey by number", 0, 255)
st.image(_png(grey % 256), width=64)
