"""The end of the Priors page: what the Gaussian gives, and where other priors beat it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.experiments.priors import CRITERIA, EXPOST, judge
from core.experiments.trainings import Trainings
from core.ui.priors.blocks import Contender, unmeasured
from core.verdicts import priors as said


def draw(shown: Sequence[Contender], models: Mapping[str, Trainings]) -> None:
    """Draw the answer, the three comparisons under it, and what the standard normal has alone."""
    verdict = judge(models)
    if all(prior == EXPOST for _, prior in verdict.cases.measured):
        st.info(unmeasured(shown))
        return
    config = shown[0].config
    latents = f"{config.model.latent_dim} latent{'s' if config.model.latent_dim > 1 else ''}"
    st.markdown(said.summary(f"{config.data.name} with {latents}", verdict))
    for column, criterion in zip(st.columns(len(CRITERIA)), CRITERIA, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(said.comparison(criterion, verdict))
    st.caption(said.how_sure(verdict))
    if its_own := said.its_own(models):
        st.markdown(its_own)
