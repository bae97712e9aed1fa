"""The codes of sheets are those of the samplers, as numpy draws them."""

from __future__ import annotations

import numpy as np
import pytest

from core.instruments.sheet import Source, tensors_of

RANDOM = np.random.default_rng(0)


def source(draws: int = 3, runs: int = 2, count: int = 5, latents: int = 4) -> Source:
    center = RANDOM.normal(size=(1, runs, 1, latents))
    spread = RANDOM.normal(size=(draws, 1, count, latents))
    return Source("some", center, spread, [1.0, 10.0][:runs])


def test_a_code_is_its_center_and_as_much_of_its_spread_as_is_asked_for():
    some = source()
    assert some.shape == (3, 2, 5, 4)
    expected = some.center[0, 1] + 0.5 * 10 * some.spread[2, 0]
    np.testing.assert_allclose(some.codes(run=1, draw=2, amount=0.5), expected, rtol=1e-6)
    np.testing.assert_allclose(
        some.codes(0, 0, 0.0), np.tile(some.center[0, 0], (5, 1)), rtol=1e-6
    )


def test_tensors_are_single_precision_and_named_after_their_source():
    tensors = tensors_of([source()])
    assert set(tensors) == {"some/center", "some/spread", "some/scale"}
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.float32)}


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"should be \(S, R, N, L\), got \(2, 3\) and \(2, 3\)"):
        Source("flat", np.zeros((2, 3)), np.zeros((2, 3)), [1.0])
    with pytest.raises(ValueError, match="a scale for each of 3 runs, got 2"):
        Source("some", np.zeros((1, 3, 1, 2)), np.zeros((1, 1, 5, 2)), [1.0, 2.0])
    with pytest.raises(ValueError, match="as many runs as each other"):
        tensors_of([source(), source(runs=1)])
