"""The end of the Noise page: what the numbers decide, in sentences with their numbers."""

from __future__ import annotations

import streamlit as st

from core.config import RunConfig
from core.experiments.noise import NOISE, NoiseVerdict, families, judge_family
from core.experiments.samples import SAMPLES
from core.ui.kit import cache, widgets
from core.ui.kit.picker import View
from core.ui.noise.blocks import vae_of
from core.verdicts import noise as said


def draw(view: View) -> None:
    """Draw what the numbers decide: three answers for these runs, and how it is elsewhere."""
    data, latents = view.picked.data, view.picked.model.latent_dim
    family: dict[float | None, RunConfig] = {**view.stops("noise_ratio")}
    if vae := vae_of(view):
        family[None] = vae
    verdict = verdict_of(tuple(family.items()))
    if not verdict.of_interest:
        widgets.unmeasured(data)
        return
    for column, (heading, text) in zip(st.columns(3), said.cards(verdict).items(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{heading}**")
            st.markdown(text)
    st.markdown(said.summary(f"{data.name} with {latents} latents", verdict))
    st.caption(said.by_chance_text(verdict))
    rows, sentences = elsewhere()
    st.markdown(sentences)
    with st.expander("Every data set and number of latents", icon=":material/table:"):
        widgets.table(rows)
        st.caption(
            "“Yes” and “no” hold for every seed. Samples: Fréchet distance and coverage must both"
            " be better. The best η is chosen by the same numbers, which flatters it a little."
        )


@cache.fresh(NOISE, SAMPLES, max_entries=16)
def verdict_of(family: tuple[tuple[float | None, RunConfig], ...]) -> NoiseVerdict:
    """Return what the numbers of some runs decide.

    Args:
        family: η and run, 0 for the AE and None for the VAE.
    """
    return judge_family(dict(family), cache.SHELF)


@cache.fresh(NOISE, SAMPLES, max_entries=4)
def elsewhere() -> tuple[list[dict[str, str]], str]:
    """Return a row of answers for each data set and number of latents, and what they depend on."""
    verdicts = {
        (data.name, latents): judge_family(family, cache.SHELF)
        for (data, latents), family in families().items()
    }
    measured = {place: verdict for place, verdict in verdicts.items() if verdict.of_interest}
    return said.rows(measured), said.elsewhere(measured)
