"""A made-up MNIST of a few images, and a server on this machine that sends it."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from core.data import fetching, idx, mnist
from core.data.fetching import Published

COUNT = 7
"""Images to train on."""


def arrays() -> dict[str, np.ndarray]:
    """Return the images to train on, of random pixels, and their labels."""
    random = np.random.default_rng(0)
    return {
        "train-images": random.integers(0, 256, (COUNT, 28, 28), np.uint8),
        "train-labels": np.arange(COUNT, dtype=np.uint8),
    }


def packed(array: np.ndarray) -> bytes:
    """Return an array as an IDX file, compressed."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes(), mtime=0)


def files() -> dict[str, bytes]:
    """Return the content of each file by its name."""
    return {fetching.FILES[name].name: packed(array) for name, array in arrays().items()}


def pass_for_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the made-up images be those that the lab knows as MNIST's."""
    published, digests = {}, dict(mnist.DIGESTS)
    for name, array in arrays().items():
        content = packed(array)
        published[name] = Published(
            fetching.FILES[name].name,
            len(content),
            hashlib.md5(content).hexdigest(),
            len(gzip.decompress(content)),
        )
        digests[name] = idx.digest(array)
    monkeypatch.setattr(fetching, "FILES", published)
    monkeypatch.setattr(mnist, "DIGESTS", digests)


class _Handler(BaseHTTPRequestHandler):
    """Sends the files of its server, or refuses."""

    def do_GET(self) -> None:
        """Send a file, of which a cut one is announced in full."""
        assert isinstance(self.server, Source)
        name = self.path.rpartition("/")[2]
        self.server.asked.append(name)
        content = self.server.content.get(name)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        if self.server.announce:
            self.send_header("Content-Length", str(self.server.announce))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        self.server.go_on.wait()
        self.wfile.write(content[half:])

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""


class Source(ThreadingHTTPServer):
    """A server that sends files.

    Args:
        content: of each file by its name; others are not found.
        announce: length that is announced of each; none when 0.

    The second half of each file waits until `go_on` is set, as it is at first.
    """

    def __init__(self, content: Mapping[str, bytes], announce: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.announce, self.asked = dict(content), announce, list[str]()
        self.go_on = Event()
        self.go_on.set()

    @property
    def address(self) -> str:
        """The folder that the files lie in."""
        return f"http://127.0.0.1:{self.server_port}/mnist/"


@contextmanager
def serving(content: Mapping[str, bytes], announce: int = 0) -> Iterator[Source]:
    """Serve files inside the block; arguments as of `Source`."""
    with Source(content, announce) as source:
        thread = Thread(target=source.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield source
        finally:
            source.go_on.set()
            source.shutdown()
            thread.join()


def bare(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Leave no folder, an empty cache, and a few made-up images that pass for MNIST's."""
    monkeypatch.delenv("LATENT_LAB_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    pass_for_mnist(monkeypatch)
