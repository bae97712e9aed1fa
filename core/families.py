"""Families: which runs differ from a run in named fields alone."""

from __future__ import annotations

from dataclasses import replace

from core.config import RunConfig, with_seed
from core.shelf import held_against_priors, shipped


def is_doubled(config: RunConfig) -> bool:
    """Return whether a run is the standard normal among the priors, beside a VAE of the family
    that differs in warm-up.

    Whoever picks a model is offered the family's; the other one stands on the page of the priors
    alone.

    >>> from core.recipes import with_prior
    >>> is_doubled(with_prior("mnist", 10, "normal")), is_doubled(with_prior("mnist", 40, "normal"))
    (True, False)
    """
    without = with_seed(replace(config, train=replace(config.train, warm_up=0)), 0)
    return (
        config.model.prior == "normal"
        and with_seed(config, 0) in held_against_priors()
        and without in shipped()
    )
