"""The kernel without a browser: its text and bytes are one, and it computes what numpy does."""

import ctypes
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wasmtime

from core.instruments import scripts

TEXT = Path(scripts.__file__).with_name("kernel.wat").read_text()


class Kernel:
    """The kernel with arrays in its memory."""

    def __init__(self) -> None:
        self.store = wasmtime.Store()
        module = wasmtime.Module(self.store.engine, b64decode(scripts.kernel()))
        self.exports = wasmtime.Instance(self.store, module, []).exports(self.store)
        self.memory: Any = self.exports["memory"]
        self.memory.grow(self.store, 20)
        self.free = 64

    def place(self, array: np.ndarray) -> int:
        start, content = self.free, array.astype(np.float32).tobytes()
        ctypes.memmove(self._address() + start, content, len(content))
        self.free += -(-len(content) // 64) * 64
        return start

    def read(self, start: int, *shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        content = ctypes.string_at(self._address() + start, 4 * count)
        return np.frombuffer(content, np.float32).reshape(shape)

    def call(self, name: str, *arguments: int) -> None:
        function: Callable[..., None] = self.exports[name]  # pyright: ignore
        function(self.store, *arguments)

    def _address(self) -> int:
        pointer = self.memory.data_ptr(self.store)
        return ctypes.cast(pointer, ctypes.c_void_p).value or 0


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_bytes_are_what_the_text_compiles_to():
    assert b64decode(scripts.kernel()) == wasmtime.wat2wasm(TEXT)


@pytest.mark.parametrize(("rows", "inputs", "outputs"), [(1, 1, 8), (4, 10, 16), (7, 33, 24)])
def test_the_product_is_that_of_numpy(
    kernel: Kernel, random: np.random.Generator, rows: int, inputs: int, outputs: int
):
    stride = inputs + 3
    x, weight = random.normal(size=(rows, stride)), random.normal(size=(inputs, outputs))
    bias, panels = random.normal(size=outputs), outputs // 8
    packed = weight.reshape(inputs, panels, 8).transpose(1, 0, 2)
    x_at, w_at, b_at = kernel.place(x), kernel.place(packed), kernel.place(bias)
    y_at = kernel.place(np.full((rows + 1, outputs), 7.0))
    kernel.call("product", x_at, 4 * stride, w_at, b_at, y_at, 4 * outputs, rows, inputs, panels)
    y = kernel.read(y_at, rows + 1, outputs)
    np.testing.assert_allclose(y[:-1], x[:, :inputs] @ weight + bias, atol=2e-5)
    np.testing.assert_array_equal(y[-1], 7.0)


@pytest.mark.parametrize(("side", "channels"), [(1, 1), (3, 1), (4, 8)])
def test_stamps_are_added_up_where_they_overlap(
    kernel: Kernel, random: np.random.Generator, side: int, channels: int
):
    stamps = random.normal(size=(side, side, 4, 4, channels))
    expected = np.ones((2 * side + 2, 2 * side + 2, channels))
    stamps_at, frame_at = kernel.place(stamps), kernel.place(expected)
    for row, column in np.ndindex(side, side):
        square = expected[2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
        square += stamps[row, column]
    kernel.call("stamp", stamps_at, frame_at, side, 16 * channels)
    np.testing.assert_allclose(kernel.read(frame_at, *expected.shape), expected, atol=1e-5)


def test_relu_leaves_what_is_above_0(kernel: Kernel, random: np.random.Generator):
    x = random.normal(size=13)
    at = kernel.place(x)
    kernel.call("relu", at, 13)
    np.testing.assert_array_equal(kernel.read(at, 13), np.maximum(x, 0).astype(np.float32))
