"""The grid: random codes of every model decoded side by side, from a box and from a density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.instruments.parts import Part
from core.instruments.sheet import Slider, Source, tensors_of

Floats = NDArray[np.floating]

FITTED = Slider("Half-width, × the fitted box", 0, 3, 0.05, 1, ((1, "holds 99 %"),))
"""Of every model's own box, in units of the half-width that holds 99 % of its codes."""
COMMON = Slider("Half-width, the same for all", 0.5, 20, 0.5, 3)
TEMPERATURE = Slider("Temperature", 0, 2, 0.05, 1, ((1, "as it is"),))

REACHES = 201
"""Numbers that say how far the codes of a run reach, a half percent of them each."""


def reach_of(codes: Floats) -> NDArray[np.float32]:
    """Return how far codes (N, L) reach from the origin in their widest latent: quantiles.

    The k-th of the `REACHES` numbers is the half-width of the least box around the origin that
    holds a share of k / (REACHES - 1) of the codes.
    """
    shares = np.linspace(0, 1, REACHES)
    return np.quantile(np.abs(codes).max(axis=1), shares).astype(np.float32)


def part(
    box: Source,
    densities: Mapping[str, Source],
    reach: Floats,
    *,
    columns: int,
    notes: Sequence[str],
    seed: int,
    fitted: Slider = FITTED,
) -> Part:
    """Return what the grid shows besides the runs.

    Args:
        box: codes of the uniform box; a run's scale is the half-width that is fitted to its codes.
        densities: words on the screen -> where the codes of the lower row come from.
        reach: of each run's codes (R, `REACHES`), see `reach_of`.
        columns: pictures in a row of a sheet.
        notes: what tells each run from the others, in a few words (R).
        seed: of the first draw; each further one has the next.
        fitted: the slider of every model's own box.

    Raises:
        ValueError: the sources are not of as many draws, runs and pictures.
    """
    sources = [box, *densities.values()]
    shapes = {source.shape for source in sources}
    if len(shapes) != 1:
        raise ValueError(f"sources should all be of one shape, got {sorted(shapes)}")
    header = {
        "densities": [{"name": each.name, "words": words} for words, each in densities.items()],
        "columns": columns,
        "notes": list(notes),
        "seed": seed,
        "fitted": fitted.header(),
        "common": COMMON.header(),
        "temperature": TEMPERATURE.header(),
    }
    return Part("grid", header, {**tensors_of(sources), "reach": reach.astype(np.float32)})
