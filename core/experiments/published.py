"""nll of MNIST's black and white test images that papers report, in nats, to hold ours against.

    Burda, Grosse and Salakhutdinov 2016, Importance Weighted Autoencoders, ICLR, and a
        re-implementation: both as the README of github.com/nbip/IWAE gives them; static: appendix
        D of the paper
    Tomczak and Welling 2018, VAE with a VampPrior, AISTATS (arXiv:1705.07120), and a re-run: both
        as the reproducibility table of Pythae (Chadebec, Vincent and Allassonnière 2022) gives
        them

A value that could not be read in a source is None: nothing is given in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

BURDA = "Burda et al. 2016"
AGAIN = "nbip/IWAE, a re-implementation"
TOMCZAK = "Tomczak and Welling 2018"
PYTHAE = "Pythae 2022, a re-run"


@dataclass(frozen=True)
class Published:
    """A number in the literature.

    Args:
        data: `mnist-dynamic` or `mnist-static`.
        model: what was trained, and with which objective.
        prior: one of `core.config.PRIORS`.
        nll: nats per test image, an importance-weighted bound; None where it could not be checked.
        k: samples of that bound; None where it could not be checked.
        epochs: of training, as text; empty where it could not be checked.
        source: whose number it is.
    """

    data: str
    model: str
    prior: str
    nll: float | None
    k: int | None
    epochs: str
    source: str


_TANH, _GATED = "VAE, 50 latents, 200-200 tanh", "VAE, 40 latents, gated 300-300"
_LONG, _STOPPED = "3,280", "up to 2,000"

PUBLISHED = (
    Published("mnist-dynamic", _GATED, "normal", None, 5000, _STOPPED, TOMCZAK),
    Published("mnist-dynamic", _GATED, "vamp", None, 5000, _STOPPED, TOMCZAK),
    Published("mnist-dynamic", _TANH, "normal", 86.76, 5000, _LONG, BURDA),
    Published("mnist-dynamic", _TANH, "normal", 86.35, 5000, _LONG, AGAIN),
    Published(
        "mnist-dynamic", _TANH.replace("VAE", "IWAE, k = 50"), "normal", 84.78, 5000, _LONG, BURDA
    ),
    Published("mnist-static", _GATED, "normal", None, 5000, _STOPPED, TOMCZAK),
    Published("mnist-static", _GATED, "vamp", 85.57, 5000, _STOPPED, TOMCZAK),
    Published("mnist-static", _GATED, "vamp", 85.79, 5000, "", PYTHAE),
    Published("mnist-static", _TANH, "normal", 88.71, 5000, _LONG, BURDA),
    Published("mnist-static", _TANH, "normal", 89.93, 5000, _LONG, AGAIN),
    Published(
        "mnist-static", _TANH.replace("VAE", "IWAE, k = 50"), "normal", 87.10, 5000, _LONG, BURDA
    ),
)
