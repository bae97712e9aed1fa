"""The scrub: a slider through trained models, and what noise on their codes does, in one frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.instruments.parts import Part
from core.instruments.sheet import Slider, Source, tensors_of

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Clouds:
    """The codes of test images on a plane, in each of R runs.

    Args:
        codes: of N test images on the plane (R, N, 2).
        basis: two directions in the space of the codes (R, L, 2); code @ basis is on the plane.
        half_widths: half the width of each plane (R), in units of its codes.
        radii: √R of each run (R), root mean square of the codes' distance from the origin.
        noise: the training noise's square root on the plane (R, 2, 2): it takes a circle of radius
            1 to one standard deviation; 0 where there is none.
        normal: for each run, whether its prior is a standard normal, drawn as circles.
        labels: class of each image (N,).
        classes: name of each class.
        colors: `#rrggbb` of each class.
        prior: `#rrggbb` of the prior's circles.
        disc: `#rrggbb` of the training noise.

    Raises:
        ValueError: the shapes do not fit each other.
    """

    codes: Floats
    basis: Floats
    half_widths: Sequence[float]
    radii: Sequence[float]
    noise: Floats
    normal: Sequence[bool]
    labels: NDArray[np.integer]
    classes: Sequence[str]
    colors: Sequence[str]
    prior: str
    disc: str

    def __post_init__(self) -> None:
        runs = len(self.radii)
        if self.codes.shape != (runs, len(self.labels), 2):
            raise ValueError(
                f"codes should be ({runs}, {len(self.labels)}, 2), got {self.codes.shape}"
            )
        if self.noise.shape != (runs, 2, 2):
            raise ValueError(f"noise should be ({runs}, 2, 2), got {self.noise.shape}")

    def header(self) -> dict[str, Any]:
        """Return words and colours."""
        return {
            "normal": [bool(normal) for normal in self.normal],
            "classes": list(self.classes),
            "colors": list(self.colors),
            "prior": self.prior,
            "disc": self.disc,
        }

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        return {
            "cloud": self.codes.astype(np.float32),
            "basis": self.basis.astype(np.float32),
            "half": np.asarray(self.half_widths, np.float32),
            "radius": np.asarray(self.radii, np.float32),
            "noise": self.noise.astype(np.float32),
            "labels": self.labels.astype(np.uint8),
        }


def part(
    noised: Source,
    random: Mapping[str, Source],
    clouds: Clouds,
    panels: Sequence[Sequence[int]],
    images: NDArray[np.uint8] | None,
    *,
    stops: Slider,
    noise: Slider,
    notes: Sequence[str],
    columns: int,
    seed: int,
    later: str = "",
) -> Part:
    """Return what the scrub shows besides the runs.

    The runs of a bundle come first, then those that come later, see `core.instruments.later`.

    Args:
        noised: the codes of the first test images with noise on them.
        random: words on the screen -> where random codes come from.
        clouds: of the test images.
        panels: numbers of the runs of each panel; the slider `stops` moves a panel of several.
        images: the test images (N, H, W) that `noised` is of; None where they are not here.
        stops: the slider through the runs of a panel, counted from 0, with its marks.
        noise: the slider of the noise on the codes, in units of √R.
        notes: how large noise and codes of each run are, in a sentence (R).
        columns: pictures in a row of a sheet of random codes.
        seed: of the first draw of random codes; each further one has the next.
        later: the token of the runs that come later.

    Raises:
        ValueError: a panel has no run, or one that there is not.
    """
    runs = len(clouds.radii)
    if not all(panel and set(panel) <= set(range(runs)) for panel in panels):
        raise ValueError(f"panels should name some of {runs} runs each, got {panels}")
    header = {
        "random": [{"name": each.name, "words": words} for words, each in random.items()],
        "panels": [list(panel) for panel in panels],
        "stops": stops.header(),
        "noise": noise.header(),
        "notes": list(notes),
        "columns": columns,
        "seed": seed,
        "later": later,
        **clouds.header(),
    }
    tensors = {**tensors_of([noised, *random.values()]), **clouds.tensors()}
    if images is not None:
        tensors["images"] = images
    return Part("scrub", header, tensors)
