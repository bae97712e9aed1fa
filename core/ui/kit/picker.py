"""The run picker, and the view that its choices add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import streamlit as st

from core.config import ALL_LABELS, MODEL_LABELS, PRIORS, SIZES, RunConfig, with_seed
from core.families import is_doubled
from core.shelf import shipped
from core.ui.kit import cache


class _Number(NamedTuple):
    label: str
    key: str
    usual: float


_NUMBERS = {"noisy-ae": _Number("Noise η", "eta", 0.05), "beta-vae": _Number("β", "beta", 4.0)}


@dataclass(frozen=True)
class View:
    """What the visitor looks at.

    Args:
        picked: the run that was picked.
        family: the four models of the same data set, latents and likelihood, by name; fewer where
            not all are kept. A model that stands beside the four is among them only where it is
            the only one.
        siblings: every run of that data set, number of latents and likelihood.
        doubles: VAEs with a standard normal that only the comparison of priors shows, see
            `core.families.is_doubled`; they are not among the siblings.
    """

    picked: RunConfig
    family: dict[str, RunConfig]
    siblings: tuple[RunConfig, ...] = ()
    doubles: tuple[RunConfig, ...] = ()

    @property
    def by_label(self) -> dict[str, RunConfig]:
        """The family's runs by the model's label."""
        return {ALL_LABELS[name]: config for name, config in self.family.items()}

    def stops(self, number: str) -> dict[float, RunConfig]:
        """Return the runs of the family that differ in η or in β alone, by that number, least
        first.

        Args:
            number: `noise_ratio`, from the AE at 0 on, or `beta`, with the VAE at 1.
        """
        names = ("noisy-ae", "ae") if number == "noise_ratio" else ("beta-vae", "vae")
        base = self.picked if self.picked.model.name in names else self.family.get(names[1])
        alike = [
            c for c in self.siblings if base and c.model.name in names and _core(c) == _core(base)
        ]
        alike.sort(
            key=lambda config: config.model.name == names[1]
        )  # so that an η of 0 does not hide the AE
        found = {getattr(config.model, number) or 0.0: config for config in alike}
        return dict(sorted(found.items()))

    def peer(self, config: RunConfig, name: str) -> RunConfig | None:
        """Return another member of the family that differs from a run in its model and seed alone, if there is one."""
        known = [c for c in (self.family.get(name), *self.siblings) if c and c.model.name == name]
        return next(
            (c for c in known if with_seed(_core(c), 0) == with_seed(_core(config), 0)), None
        )


def pick(config: RunConfig) -> None:
    """Move the run picker to a run of the shelf; for the callback of a widget that chooses among runs."""
    _set("data", config.data.name)
    _set("latents", config.model.latent_dim)
    _set("model", ALL_LABELS[config.model.name])
    known, _ = cache.shelf()
    if len({other.model.prior for other in known if _place(other)[:3] == _place(config)[:3]}) > 1:
        _set("prior", PRIORS[config.model.prior])
    if (
        len(
            {
                other.model.likelihood_label
                for other in known
                if _place(other)[:4] == _place(config)[:4]
            }
        )
        > 1
    ):
        _set("likelihood", config.model.likelihood_label)
    if number := _NUMBERS.get(config.model.name):
        _set(number.key, f"{_number(config):g}")
    match _left_to_choose([other for other in known if _place(other) == _place(config)]):
        case "seed":
            _set("trained", config.train.seed)
        case "run":
            _set("run", config.key)


def _place(config: RunConfig) -> tuple[str, int, str, str, str, float]:
    """Return what the picker asks for first."""
    model = config.model
    return (
        config.data.name,
        model.latent_dim,
        model.name,
        model.prior,
        model.likelihood_label,
        _number(config),
    )


def _set(key: str, value: Any) -> None:
    """Make a choice of the picker, which may not be drawn yet."""
    if (
        key not in st.session_state
    ):  # Streamlit writes the address itself for choices that were there before
        st.query_params[key] = str(value)
    st.session_state[key] = value


def pick_run() -> View | None:
    """Draw the picker and return what was picked; None where no run is kept."""
    found, refused = cache.shelf()
    for sentence in (*refused, *cache.damaged_studies()):
        st.warning(sentence)
    configs = list(found)
    if not configs:
        return None
    data = _choose("Data set", "data", _in_order((c.data.name for c in configs), SIZES))
    configs = [c for c in configs if c.data.name == data]
    latents = _choose("Latents", "latents", sorted({c.model.latent_dim for c in configs}))
    configs = [c for c in configs if c.model.latent_dim == latents]
    doubles = tuple(c for c in configs if is_doubled(c))
    configs = [c for c in configs if c not in doubles]
    present = _in_order((c.model.name for c in configs), ALL_LABELS)
    label = _choose("Model", "model", [ALL_LABELS[name] for name in present], MODEL_LABELS["vae"])
    picked = _pick_among([c for c in configs if ALL_LABELS[c.model.name] == label])
    alike = [
        c for c in configs if c.model.likelihood_label == picked.model.likelihood_label
    ]  # else nats are not alike
    present = _in_order((c.model.name for c in alike), MODEL_LABELS)
    usual = {name: _usual([c for c in alike if c.model.name == name]) for name in present}
    if picked.model.in_family or not usual:
        usual[picked.model.name] = picked
    return View(picked, usual, tuple(alike), doubles)


def _pick_among(configs: list[RunConfig]) -> RunConfig:
    """Let the visitor choose β or η, then among those that differ in something else, and return what is left."""
    number = _NUMBERS.get(configs[0].model.name)
    priors = _in_order((config.model.prior for config in configs), PRIORS)
    if len(priors) > 1:
        label = _choose("Prior", "prior", [PRIORS[name] for name in priors])
        configs = [c for c in configs if PRIORS[c.model.prior] == label]
    likelihoods = sorted({config.model.likelihood_label for config in configs})
    if len(likelihoods) > 1:
        label = _choose("Likelihood", "likelihood", likelihoods)
        configs = [c for c in configs if c.model.likelihood_label == label]
    if number:
        usual = f"{_number(_usual(configs)):g}"
        value = _choose(
            number.label,
            number.key,
            [f"{n:g}" for n in sorted({_number(c) for c in configs})],
            usual,
        )
        configs = [c for c in configs if f"{_number(c):g}" == value]
    match _left_to_choose(configs):
        case "seed":
            by_seed = {config.train.seed: config for config in configs}
            return by_seed[_choose("Trained with seed", "trained", sorted(by_seed))]
        case "run":
            by_key = {config.key: config for config in configs}
            return by_key[_choose("Run", "run", list(by_key), _usual(configs).key)]
    return configs[0]


def _left_to_choose(configs: list[RunConfig]) -> Literal["seed", "run"] | None:
    """Return by what runs of the same model and the same η or β are told apart."""
    if len(configs) < 2:
        return None
    return "seed" if len({with_seed(config, 0) for config in configs}) == 1 else "run"


def _choose(label: str, key: str, options: list[Any], default: Any = None) -> Any:
    """Return the option that is picked. The link says it in the very words of the option, so these must last."""
    if st.session_state.get(key, options[0]) not in options:
        del st.session_state[key]
    index = options.index(default) if default in options else 0
    width = max(150, 10 * max(len(str(option)) for option in options) - 10)  # room for a run's key
    return st.selectbox(label, options, index=index, key=key, bind="query-params", width=width)


def _usual(configs: list[RunConfig]) -> RunConfig:
    """Return the run whose β or η is nearest to the usual one; of several, one that ships."""
    on_shelf = {config.key for config in shipped()}
    number = _NUMBERS.get(configs[0].model.name)
    usual = number.usual if number else 0.0
    return min(
        configs,
        key=lambda c: (not c.model.plain, abs(_number(c) - usual), c.key not in on_shelf, c.key),
    )


def _core(config: RunConfig) -> RunConfig:
    """Return a run without what tells the four models apart."""
    own = {"beta": 1.0, "noise_ratio": None, "noise_dim": None, "information": None}
    return replace(config, model=replace(config.model, posterior="learned", **own))


def _number(config: RunConfig) -> float:
    """Return what tells a run from others of the same model: η, β, or nothing."""
    return {"noisy-ae": config.model.noise_ratio, "beta-vae": config.model.beta}.get(
        config.model.name
    ) or 0.0


def _in_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    present = set(names)
    return [name for name in order if name in present]
