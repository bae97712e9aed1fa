"""The run picker, and the view that its choices add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import families
from core.config import ALL_LABELS, MODEL_LABELS, PRIORS, SIZES, RunConfig
from core.ui.kit import cache


@dataclass(frozen=True)
class View:
    """The runs that the visitor looks at.

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

    def stops(self, number: str) -> dict[float, RunConfig]:
        """Return the runs of the family that differ in η or in β alone, as `core.families.stops`.

        Args:
            number: `noise_ratio` or `beta`.
        """
        names = families.STOPS[number]
        base = self.picked if self.picked.model.name in names else self.family.get(names[0])
        return families.stops(base, self.siblings, number) if base else {}

    def peer(self, config: RunConfig, name: str) -> RunConfig | None:
        """Return a run of another model that differs in its model and seed alone, or None.

        The family's comes first.
        """
        first = [self.family[name]] if name in self.family else []
        return families.peer(config, name, (*first, *self.siblings))


@dataclass(frozen=True)
class _Choice:
    """A choice of the picker, which leaves fewer runs.

    Args:
        key: name of the choice in the session and in links.
        label: its name on the screen.
        option: run -> its option. A link says it in the very words, so these must last.
        is_asked: runs -> whether it is drawn; where they differ in it when left out.
        order: option -> its place; options are sorted as they are when left out.
        usual: runs -> the option that is taken unless another is chosen; the first when left out.
        always: whether every link says it, also where it is the usual one.
    """

    key: str
    label: str
    option: Callable[[RunConfig], Any]
    is_asked: Callable[[Sequence[RunConfig]], bool] | None = None
    order: Callable[[Any], Any] | None = None
    usual: Callable[[Sequence[RunConfig]], Any] | None = None
    always: bool = False

    def applies(self, configs: Sequence[RunConfig]) -> bool:
        """Return whether there is something to choose among some runs."""
        if self.is_asked:
            return self.is_asked(configs)
        return len({self.option(config) for config in configs}) > 1

    def options(self, configs: Iterable[RunConfig]) -> list[Any]:
        """Return the options that some runs leave, in order."""
        return sorted({self.option(config) for config in configs}, key=self.order)

    def draw(self, configs: Sequence[RunConfig]) -> list[RunConfig]:
        """Draw the choice, and return the runs that it leaves."""
        options = self.options(configs)
        if st.session_state.get(self.key, options[0]) not in options:
            del st.session_state[self.key]
        usual = self.usual(configs) if self.usual else None
        chosen = st.selectbox(
            self.label,
            options,
            index=options.index(usual) if usual in options else 0,
            key=self.key,
            # A choice that is bound leaves the link where it is the usual one.
            bind=None if self.always else "query-params",
            # A run's key needs more room than a number.
            width=max(150, 10 * max(len(str(option)) for option in options) - 10),
        )
        return [config for config in configs if self.option(config) == chosen]


def _always(configs: Sequence[RunConfig]) -> bool:
    return True


def _are(model: str) -> Callable[[Sequence[RunConfig]], bool]:
    return lambda configs: all(config.model.name == model for config in configs)


def _seeds_alone_differ(configs: Sequence[RunConfig]) -> bool:
    return len(configs) > 1 and len(families.groups(configs)) == 1


def _number(config: RunConfig) -> str:
    """Return η or β as it is written in links, nothing where the model has neither."""
    return "" if config.model.number is None else f"{config.model.number:g}"


def _usual_number(configs: Sequence[RunConfig]) -> str:
    return _number(families.usual(configs))


def _place_in(names: Iterable[str]) -> Callable[[str], int]:
    return list(names).index


_CHOICES = (
    _Choice(
        key="data",
        label="Data set",
        option=lambda config: config.data.name,
        is_asked=_always,
        order=_place_in(SIZES),
        usual=lambda configs: "mnist",
        always=True,
    ),
    _Choice(
        key="latents",
        label="Latents",
        option=lambda config: config.model.latent_dim,
        is_asked=_always,
        usual=lambda configs: st.session_state[_USUAL_LATENTS],
        always=True,
    ),
    _Choice(
        key="model",
        label="Model",
        option=lambda config: ALL_LABELS[config.model.name],
        is_asked=_always,
        order=_place_in(ALL_LABELS.values()),
        usual=lambda configs: ALL_LABELS["vae"],
    ),
    _Choice(
        key="prior",
        label="Prior",
        option=lambda config: PRIORS[config.model.prior],
        order=_place_in(PRIORS.values()),
    ),
    _Choice("likelihood", "Likelihood", lambda config: config.model.likelihood_label),
    _Choice("eta", "Noise η", _number, _are("noisy-ae"), order=float, usual=_usual_number),
    _Choice("beta", "β", _number, _are("beta-vae"), order=float, usual=_usual_number),
    _Choice(
        key="trained",
        label="Trained with seed",
        option=lambda config: config.train.seed,
        is_asked=_seeds_alone_differ,
    ),
    _Choice(
        key="run",
        label="Run",
        option=lambda config: config.key,
        usual=lambda configs: families.usual(configs).key,
    ),
)
"""The picker's choices, in order; each is among the runs that those before it leave."""

_PAGE, _LATENTS, _USUAL_LATENTS = "page of the picker", "chosen latents", "usual latents"
"""Names in the session: the page, the chosen latents by usual latents, those of the page."""


def pick_run(page: str, usual_latents: int) -> View | None:
    """Draw the picker and return the view of the picked run; None where no run is kept.

    Args:
        page: name of the page that the visitor is on.
        usual_latents: latents that the page opens with where neither the link nor the visitor
            said another number; pages that share it share the visitor's choice too.
    """
    configs, refused = cache.shelf()
    for sentence in (*refused, *cache.damaged_studies()):
        st.warning(sentence)
    left = [config for config in configs if not families.is_doubled(config)]
    if not left:
        return None
    st.session_state[_USUAL_LATENTS] = usual_latents
    if st.session_state.get(_PAGE) != page:
        _arrive(left, usual_latents)
    st.session_state[_PAGE] = page
    for choice in _CHOICES:
        if choice.applies(left):
            left = choice.draw(left)
    st.session_state.setdefault(_LATENTS, {})[usual_latents] = st.session_state["latents"]
    return _view_of(left[0], configs)


def _arrive(configs: Sequence[RunConfig], usual_latents: int) -> None:
    """Take what the link says of a page that the visitor comes to, else what was chosen before.

    The address is asked once a visit: it may be a moment behind the visitor's choices.
    """
    chosen = st.session_state.get(_LATENTS, {}).get(usual_latents)
    if chosen is None:
        st.session_state.pop("latents", None)
    else:
        st.session_state["latents"] = chosen
    for choice in (each for each in _CHOICES if each.always):
        written = {str(option): option for option in choice.options(configs)}
        said = st.query_params.get(choice.key)
        if said in written:
            st.session_state[choice.key] = written[said]


def pick(config: RunConfig) -> None:
    """Move the run picker to a run of the shelf; call it back from a widget that chooses a run."""
    left = [other for other in cache.shelf()[0] if not families.is_doubled(other)]
    for choice in _CHOICES:
        if choice.applies(left):
            _set(choice, choice.option(config))
            left = [other for other in left if choice.option(other) == choice.option(config)]


def _set(choice: _Choice, value: Any) -> None:
    """Make a choice of the picker, which may not be drawn yet."""
    # Streamlit writes the address itself for choices that were there before.
    if not choice.always and choice.key not in st.session_state:
        st.query_params[choice.key] = str(value)
    st.session_state[choice.key] = value


def _view_of(picked: RunConfig, configs: Iterable[RunConfig]) -> View:
    """Return the view of a run among all runs."""
    place = (picked.data.name, picked.model.latent_dim)
    near = [c for c in configs if (c.data.name, c.model.latent_dim) == place]
    doubles = tuple(config for config in near if families.is_doubled(config))
    # Nats of another likelihood are of something else.
    likelihood = picked.model.likelihood_label
    siblings = [c for c in near if c.model.likelihood_label == likelihood and c not in doubles]
    family = families.usual_of_each(siblings, MODEL_LABELS)
    if picked.model.in_family or not family:
        family[picked.model.name] = picked
    return View(picked, family, tuple(siblings), doubles)
