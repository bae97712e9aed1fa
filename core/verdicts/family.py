"""The models of the family in words: what tells them apart, and where their codes come from."""

from __future__ import annotations

from core.config import PRIORS, ModelConfig

BESIDE = (
    "**InfoGAN** is no member of the family: it is trained by a game, not on nll and KL. What"
    " compares the four side by side leaves it out; its own codes are on *Latent space*, what each"
    " of them does on *Traversals*."
)
"""Said of a model that stands beside the four."""


def recipe_of(model: ModelConfig) -> str:
    """Return in a few words what tells a model from its siblings."""
    return {
        "ae": "The code is a point, no KL",
        "noisy-ae": f"Fixed noise, η = {model.eta:g}, no KL",
        "infogan": f"Codes recognised in images of a game, λ = {model.information}",
    }.get(model.name, f"Learned noise, KL weighed by β = {model.beta:g}{_prior_of(model)}")


def _prior_of(model: ModelConfig) -> str:
    return "" if model.prior == "normal" else f", from a {PRIORS[model.prior]}"


def draws_of(model: ModelConfig) -> str:
    """Return in a few words where random codes of a model come from.

    >>> from core.recipes import recipe
    >>> draws_of(recipe("digits", "vae", prior="vamp").model)
    'Random codes from its VampPrior, decoded'
    """
    prior = "N(0, I)" if model.prior == "normal" else f"its {PRIORS[model.prior]}"
    return f"Random codes from {prior}, decoded"


def collapsed(beta: float) -> str:
    """Return what it means that no latent of a model is active.

    Args:
        beta: weight of the model's KL.
    """
    return (
        f"**Collapsed:** no latent is active. At β = {beta:g} a nat of KL has to save {beta:g}"
        " nats of nll, and on these images none did: the decoder ignores the code."
    )


def nearest(distance: float) -> str:
    """Return the caption of samples above their nearest training images.

    Args:
        distance: median over the samples of the root mean squared difference per pixel.
    """
    return (
        f"Below, the nearest training image; root mean squared difference {distance:.3f} per pixel"
        " (median)"
    )
