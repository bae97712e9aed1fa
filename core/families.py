"""Families: which runs agree with a run in every field but some.

The lab compares runs that differ in one thing: the model, η, β, the prior, the seed. A page asks
here for the runs that do. Only configs are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from core.config import FIELDS, PRIORS, RunConfig, changed, check_name
from core.shelf import held_against_priors, shipped

MODEL = frozenset({"posterior", "beta", "noise_ratio", "noise_dim", "information"})
"""Fields that tell the models of a family apart."""

PRIOR = frozenset({"prior", "components"})
"""Fields of the prior."""

SEED = frozenset({"seed"})

STOPS = {"noise_ratio": ("ae", "noisy-ae"), "beta": ("vae", "beta-vae")}
"""Number that a slider moves -> the model at its plain value, and the model at all others."""

USUAL = {"noisy-ae": 0.05, "beta-vae": 4.0}
"""Model that has a number of its own, η or β -> that number where none is chosen."""


def alike(config: RunConfig, other: RunConfig, *, but_for: Collection[str] = ()) -> bool:
    """Return whether two runs agree in every field but those that are named.

    Args:
        config: a run.
        other: another run.
        but_for: fields of `DataConfig`, `ModelConfig` and `TrainConfig` that may differ.

    Raises:
        ValueError: a name is none of a field.

    >>> from core.recipes import recipe
    >>> ae, vae = recipe("digits", "ae"), recipe("digits", "vae")
    >>> alike(ae, vae), alike(ae, vae, but_for=MODEL)
    (False, True)
    """
    return _rest(config, but_for) == _rest(other, but_for)


def groups(
    configs: Iterable[RunConfig], *, but_for: Collection[str] = SEED
) -> list[list[RunConfig]]:
    """Return the runs that are alike but for some fields, together, in the order given.

    >>> from core.recipes import recipe
    >>> runs = [recipe("digits", name, seed=seed) for seed in range(5) for name in ("ae", "vae")]
    >>> [len(group) for group in groups(runs)]
    [5, 5]
    """
    by_rest: dict[tuple[object, ...], list[RunConfig]] = {}
    for config in configs:
        by_rest.setdefault(_rest(config, but_for), []).append(config)
    return list(by_rest.values())


def stops(base: RunConfig, among: Iterable[RunConfig], number: str) -> dict[float, RunConfig]:
    """Return the runs that differ from a run in η or in β alone, by that number, least first.

    Args:
        base: an AE or noisy AE for η, a VAE or β-VAE for β.
        among: runs to choose from.
        number: `noise_ratio`, from the AE at 0 on, or `beta`, with the VAE at 1.
    """
    plain, _ = names = STOPS[number]
    runs = [c for c in among if c.model.name in names and alike(c, base, but_for=MODEL)]
    # The plain model comes last, so that a noisy AE whose η is 0 does not hide the AE.
    runs.sort(key=lambda config: config.model.name == plain)
    by_number = {_value(config, number): config for config in runs}
    return dict(sorted(by_number.items()))


def peer(config: RunConfig, name: str, among: Iterable[RunConfig]) -> RunConfig | None:
    """Return the first run of another model that differs in its model and seed alone, or None.

    Args:
        config: a run.
        name: of the other model, one of `core.config.ALL_LABELS`.
        among: runs to choose from.
    """
    runs = (other for other in among if other.model.name == name)
    return next((other for other in runs if alike(other, config, but_for=MODEL | SEED)), None)


def usual(configs: Iterable[RunConfig]) -> RunConfig:
    """Return the run that is shown where none is chosen.

    It is a plain one; then the one whose η or β is nearest to the usual; then one that ships.
    """
    return min(
        configs,
        key=lambda c: (not c.model.plain, _from_usual(c), c not in shipped(), c.key),
    )


def usual_of_each(configs: Iterable[RunConfig], names: Iterable[str]) -> dict[str, RunConfig]:
    """Return the `usual` run of each model that there is one of.

    Args:
        configs: runs of any models.
        names: of the models, in their order.
    """
    by_name: dict[str, list[RunConfig]] = {name: [] for name in names}
    for config in configs:
        by_name.setdefault(config.model.name, []).append(config)
    return {name: usual(by_name[name]) for name in names if by_name[name]}


def with_each_prior(
    base: RunConfig, among: Iterable[RunConfig], picked: RunConfig
) -> dict[str, RunConfig]:
    """Return the runs that differ from a VAE in their prior alone, by prior.

    All have one warm-up, the one that most priors were trained with, or that of a base whose prior
    is not the standard normal. Of several runs with a prior it is the picked one, else one that
    ships, else the one of the least seed.

    Args:
        base: a VAE.
        among: runs to choose from.
        picked: the run that comes first.
    """
    free = PRIOR | SEED | {"warm_up"}
    runs = [c for c in among if c.model.name == "vae" and alike(c, base, but_for=free)]
    warm_up = _common_warm_up(runs, base)
    runs = [config for config in runs if config.train.warm_up == warm_up]
    runs.sort(key=lambda c: (c != picked, c not in shipped(), c.train.seed, c.key))
    first = {config.model.prior: config for config in reversed(runs)}
    return {prior: first[prior] for prior in PRIORS if prior in first}


def is_doubled(config: RunConfig) -> bool:
    """Return whether a run differs from a VAE of the family that ships in its warm-up alone.

    It is the standard normal among the priors that are compared, which all have a warm-up.
    A visitor who picks a model is offered the family's VAE. The other one is shown on the page of
    the priors alone.

    >>> from core.recipes import with_prior
    >>> [is_doubled(with_prior("mnist", latents, "normal")) for latents in (10, 40)]
    [True, False]
    """
    return (
        config.model.prior == "normal"
        and config.train.warm_up > 0
        and changed(config, seed=0) in held_against_priors()
        and changed(config, seed=0, warm_up=0) in shipped()
    )


def _rest(config: RunConfig, but_for: Collection[str]) -> tuple[object, ...]:
    """Return the values of all fields but some, in one order."""
    for name in but_for:
        check_name("field", name, FIELDS)
    parts = vars(config.data) | vars(config.model) | vars(config.train)
    return tuple(parts[name] for name in FIELDS if name not in but_for)


def _value(config: RunConfig, number: str) -> float:
    """Return β or η."""
    return config.model.beta if number == "beta" else config.model.eta


def _from_usual(config: RunConfig) -> float:
    """Return how far η or β is from the usual one."""
    number = config.model.number
    return 0.0 if number is None else abs(number - USUAL[config.model.name])


def _common_warm_up(configs: Sequence[RunConfig], base: RunConfig) -> int:
    """Return the warm-up, in epochs, that most priors were trained with."""
    if base.model.prior != "normal":
        return base.train.warm_up
    priors: dict[int, set[str]] = {}
    for config in configs:
        priors.setdefault(config.train.warm_up, set()).add(config.model.prior)
    return max(
        priors, key=lambda warm_up: (len(priors[warm_up]), warm_up == base.train.warm_up, warm_up)
    )
