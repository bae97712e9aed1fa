"""Measure how evenly a run's paths between images move, and how far from real ones they lead."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.config import DataConfig
from core.data import Split, load
from core.data.twins import twins
from core.experiments.interpolation import FRAMES, HALFWAY, PAIR_SEED, PAIRS, STILL
from core.experiments.kept import Numbers
from core.experiments.measuring.originals import check_labels
from core.experiments.measuring.reference import load_classifier
from core.explore.decoding import decode
from core.explore.interpolation import PATHS, straight
from core.explore.neighbours import nearest_images
from core.metrics.classifier import features_and_probabilities
from core.runs import Run

Floats = NDArray[np.floating]


def pairs_of(
    labels: NDArray[np.integer], count: int = PAIRS, seed: int = PAIR_SEED
) -> NDArray[np.int64]:
    """Return random pairs (count, 2) of indices whose labels differ.

    They depend on nothing but the arguments. The first of a pair is any image, the second any of
    another label: between two labels something has to change.

    Args:
        labels: (N,), of at least two classes.
        count: P.
        seed: of the choice.

    Raises:
        ValueError: all labels are the same.
    """
    if len(np.unique(labels)) < 2:
        raise ValueError("labels should be of at least two classes, to pair what differs")
    random = np.random.default_rng(seed)
    first = random.integers(len(labels), size=count)
    others = {label: np.flatnonzero(labels != label) for label in np.unique(labels[first])}
    return np.array([(one, random.choice(others[labels[one]])) for one in first], dtype=np.int64)


def pairs_without_twins(split: Split) -> NDArray[np.int64]:
    """Return `pairs_of` the test images that are not training images too, (P, 2).

    They are indices of all test images.

    The distance to the nearest training image would tell of a twin how well it was learned, not
    where a path leads.

    Args:
        split: images and labels.
    """
    alone = np.flatnonzero(~twins(split))
    return alone[pairs_of(split.test.labels.numpy()[alone])]


def differences(one: Floats, other: Floats) -> Floats:
    """Return the root mean squared difference per pixel of images (..., H, W).

    It is in units of intensity, 0 to 1.

    >>> differences(np.zeros((1, 2, 2)), np.array([[[1.0, 0.0], [0.0, 0.0]]])).tolist()
    [0.5]
    """
    return np.sqrt(np.square(one - other).mean((-2, -1)))


def evenness(frames: Floats) -> tuple[Floats, Floats, Floats]:
    """Return how films move: the size of each step, the largest over the mean, and the detour.

    The detour is the length of the path over the distance of its ends, 1 for a cross-fade, which
    takes no detour and whose steps are all alike. Both ratios are NaN where the ends are one
    picture (closer than `STILL`).

    Args:
        frames: (P, S, H, W).

    Returns: Steps (P, S - 1), root mean squared difference per pixel; largest over mean (P,);
        detour (P,).
    """
    steps = differences(frames[:, 1:], frames[:, :-1])
    apart = differences(frames[:, 0], frames[:, -1])
    moves = apart >= STILL
    nothing = np.full(len(frames), np.nan)
    largest = np.divide(steps.max(1), steps.mean(1), out=nothing.copy(), where=moves)
    return steps, largest, np.divide(steps.sum(1), apart, out=nothing, where=moves)


def gap(halfway: Floats, ends: Floats, faded: Floats) -> float | None:
    """Return how far halfway pictures are from real images, on a scale of the model's own.

    It is 0 for the model's end images and 1 for their fade:

    mean(halfway - ends) / mean(faded - ends)

    Distances of one model share its blur, and the cross-fade of its own end images is what it
    would draw between them without any latent space: so neither blur nor ends that hardly differ
    can pass for a passage through real images.

    Args:
        halfway: (P,) distance of each pair's midpoint to the nearest real image.
        ends: (P,) of its two end images, averaged.
        faded: (P,) of the average of the two end images.

    Returns:
        None where fading leads no farther from real images than the ends are.
    """
    cost = float((faded - ends).mean())
    return float((halfway - ends).mean()) / cost if cost > STILL / 10 else None


def measure(run: Run, root: Path) -> Numbers:
    """Return how a run's paths between test images move, and where their midpoints lie.

    Returns: `pairs`; `apart`, the difference of the two end images; `ends` and `faded`, `distance`
        of the end images and of their cross-fade to the nearest training image and `confidence` of
        the classifier; `line` and `circle`, each with `steps`, `largest` over mean step, `detour`,
        `distance` of the midpoint, `gap` and `confidence` along the path. Where three numbers
        stand, they are quartiles over pairs; lists of ten or eleven run along the path.

    Raises:
        MissingData: the original images are not on this machine.
        ValueError: they are not those that the kept codes belong to.
    """
    split = images_of(run.config.data)
    labels = split.test.labels.numpy()
    check_labels(run, labels)
    classifier = load_classifier(root, run.config.data).classifier
    first, second = run.codes["mean"][pairs_without_twins(split).T]
    films = {name: _film(run, path(first, second, FRAMES)) for name, path in PATHS.items()}
    ends = films["line"][:, [0, -1]]
    faded = ends.mean(1)
    halfway = [film[:, HALFWAY] for film in films.values()]
    found = _distances(split, np.concatenate([ends[:, 0], ends[:, 1], faded, *halfway])).reshape(
        5, -1
    )
    floor = found[:2].mean(0)
    return {
        "pairs": len(first),
        "apart": _quartiles(differences(ends[:, 0], ends[:, 1])),
        "ends": {
            "distance": _quartiles(floor),
            "confidence": _short(_confidence(classifier, ends).mean()),
        },
        "faded": {
            "distance": _quartiles(found[2]),
            "confidence": _short(_confidence(classifier, faded).mean()),
        },
        **{
            name: (
                _path_numbers(film, distance, classifier)
                | {"gap": _short(gap(distance, floor, found[2]))}
            )
            for (name, film), distance in zip(films.items(), found[3:], strict=True)
        },
    }


def compare(data: DataConfig, root: Path) -> Numbers:
    """Return the same numbers of the original images.

    `ends` are real images, and `faded` is the path that blends them pixel by pixel.
    """
    split = images_of(data)
    classifier = load_classifier(root, data).classifier
    pairs = torch.from_numpy(pairs_without_twins(split))
    first, second = (split.test.images(index).squeeze(1).numpy() for index in pairs.T)
    film = fade(first, second, FRAMES)
    found = _distances(split, np.concatenate([first, second, film[:, HALFWAY]])).reshape(3, -1)
    return {
        "pairs": len(pairs),
        "twins": int(twins(split).sum()),
        "test_images": len(split.test),
        "training_images": len(split.train),
        "apart": _quartiles(differences(first, second)),
        "ends": {
            "distance": _quartiles(found[:2].mean(0)),
            "confidence": _short(
                _confidence(classifier, np.stack([first, second], axis=1)).mean()
            ),
        },
        "faded": _path_numbers(film, found[2], classifier),
    }


def fade(first: Floats, second: Floats, steps: int) -> NDArray[np.float32]:
    """Return the pixel-wise blends (..., S, H, W) of images (..., H, W).

    They are a straight line in the space of pixels.

    >>> fade(np.zeros((2, 2)), np.ones((2, 2)), 3)[:, 0, 0].tolist()
    [0.0, 0.5, 1.0]
    """
    start, end = (image.reshape(*image.shape[:-2], -1) for image in (first, second))
    return (
        straight(start, end, steps)
        .astype(np.float32)
        .reshape(*first.shape[:-2], steps, *first.shape[-2:])
    )


@lru_cache(maxsize=1)
def images_of(data: DataConfig) -> Split:
    """Return the images of a data set; those of the last one stay in memory."""
    return load(data)


def _film(run: Run, codes: Floats) -> Floats:
    images = decode(run.model, codes.reshape(-1, codes.shape[-1]))
    return images.reshape(*codes.shape[:-1], *images.shape[1:])  # (P, S, H, W)


def _distances(split: Split, images: Floats) -> Floats:
    return nearest_images(split.train, images)[1].astype(np.float64)


def _path_numbers(film: Floats, distance: Floats, classifier: torch.nn.Sequential) -> Numbers:
    steps, largest, detour = evenness(film)
    return {
        "steps": [_rounded(row) for row in np.quantile(steps, (0.25, 0.5, 0.75), axis=0)],
        "largest": _quartiles(largest),
        "detour": _quartiles(detour),
        "distance": _quartiles(distance),
        "confidence": _rounded(_confidence(classifier, film).mean(0)),
    }


def _confidence(classifier: torch.nn.Sequential, images: Floats) -> Floats:
    """Return the largest class probability (...,) of images (..., H, W)."""
    flat = torch.from_numpy(np.ascontiguousarray(images)).reshape(-1, 1, *images.shape[-2:])
    return (
        features_and_probabilities(classifier, flat)[1].amax(1).numpy().reshape(images.shape[:-2])
    )


def _quartiles(values: Floats) -> list[float] | None:
    """Return the quartiles of the finite values; None where those are fewer than half."""
    finite = values[np.isfinite(values)]
    if len(finite) < len(values) / 2:
        return None
    return _rounded(np.quantile(finite, (0.25, 0.5, 0.75)))


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
