"""A shelf of small VAEs with every prior, and made-up numbers of them."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.config import PRIORS, DataConfig, RunConfig, with_seed
from core.experiments import kept
from core.experiments.evidence import EVIDENCE
from core.experiments.kept import compared
from core.experiments.priors import GRADIENTS
from core.experiments.rate import RATE
from core.experiments.samples import SAMPLES
from core.experiments.traits import TRAITS
from core.explore.samplers import SAMPLERS
from core.recipes import recipe
from core.runs import load_or_train
from core.shelf import SHELF

SEEDS_OF = {"normal": (0, 1, 2), "uniform": (0,), "mixture": (0, 1), "vamp": (0, 1, 2)}
"""Prior -> seeds that it was trained with."""

BETTER = {"normal": 0.0, "uniform": -1.0, "mixture": 0.5, "vamp": 1.0}
"""How much better than the standard normal the made-up numbers are."""


def small(prior: str = "normal", seed: int = 0, latents: int = 2, **changes: Any) -> RunConfig:
    """Return a VAE that is trained in a moment."""
    return with_seed(
        recipe("digits", "vae", latents, prior=prior, hidden=(8,), epochs=1, **changes), seed
    )


def trained(root: Path, priors: Iterable[str] = PRIORS, latents: int = 2) -> Path:
    """Train small VAEs with `SEEDS_OF`, and return their folder with the digits' classifier."""
    for prior in priors:
        for seed in SEEDS_OF[prior]:
            load_or_train(small(prior, seed, latents), root, device="cpu")
    shutil.copytree(SHELF / "classifier-digits", root / "classifier-digits", dirs_exist_ok=True)
    return root


def write_numbers(
    root: Path, better: Mapping[str, float], fitted: float = 0.0, latents: int = 2
) -> None:
    """Keep made-up numbers of the runs of `trained`.

    Args:
        root: of the runs.
        better: prior -> how much better than 0 its numbers are, in every score.
        fitted: how much better the samples of a mixture fitted afterwards are.
        latents: of the runs.
    """
    runs = {
        small(p, seed, latents): (gain, seed) for p, gain in better.items() for seed in SEEDS_OF[p]
    }
    for study, numbers in ((GRADIENTS, _gradients), (EVIDENCE, _bound), (RATE, _rate)):
        kept.write_numbers(study, {run: numbers(*drawn) for run, drawn in runs.items()}, root)
    kept.write_numbers(TRAITS, {run: {"active": 2, "code_scale": 1.0} for run in runs}, root)
    digits = DataConfig(name="digits")
    kept.write_numbers(
        SAMPLES,
        {run: _samples(gain, seed, fitted) for run, (gain, seed) in runs.items()},
        root,
        compared={digits: compared(SAMPLES, digits, SHELF) or {}},
    )


def _rate(gain: float, seed: int) -> dict[str, Any]:
    misfit = 2 - gain + seed / 100
    return {
        "rate": 4.0,
        "information": 4 - misfit,
        "marginal": misfit,
        "error": 0.003,
        "images": 360,
    }


def _gradients(gain: float, _: int) -> dict[str, Any]:
    return {
        "gradient": {"pathwise": 2.0 - gain / 10, "baseline": 20.0, "score": 2000.0},
        "disagreement": {"baseline": 1.0, "score": 1.1},
        "gradient_images": 100,
        "draws": 500,
    }


def _bound(gain: float, seed: int) -> dict[str, Any]:
    sizes = {"k": 500, "images": 360, "test_images": 360}
    return {"nll": 30 - gain + seed / 100, "elbo": -31 + gain, "error": 0.01, **sizes}


def _samples(gain: float, seed: int, fitted: float) -> dict[str, Any]:
    gains = {name: fitted if name == "mixture" else gain for name in SAMPLERS}
    return {
        name: {
            "frechet": [50 - one + seed / 100] * 3,
            "density": [1.0] * 3,
            "coverage": [0.5 + one / 10] * 3,
            "confidence": [0.9] * 3,
            "n": 360,
            "seeds": [0, 1, 2],
        }
        for name, one in gains.items()
    }
