"""Has each latent learned one factor? Seven metrics, and one of them step by step."""

import streamlit as st

from core.ui.disentanglement import blocks, protocol
from core.ui.kit import current_view, widgets

view = current_view()
widgets.heading(
    "Has each latent learned one factor, and how would one know?",
    "Sprites are drawn from five **factors**: shape, scale, orientation, x and y. A code is"
    " disentangled where each latent follows one of them. There are many ways to put a number on"
    " that, and they do not agree.",
)
blocks.verdict()
with st.container(border=True):
    score = blocks.choose()

st.subheader("Which representation scores how much?", anchor=False)
blocks.paper_table(score)

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Does β make the score?", anchor=False)
    blocks.over_beta(score)
with right:
    st.subheader("What does a good and a bad model look like?", anchor=False)
    blocks.best_and_worst(score)

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Does it matter how many latents there are?", anchor=False)
    blocks.over_latents(score)
    st.subheader("What do codes score that are known?", anchor=False)
    blocks.known_codes()
with right:
    st.subheader("Do the metrics agree?", anchor=False)
    blocks.agree()

st.subheader("How is the Higgins score taken?", anchor=False)
config = blocks.run_of(view.picked)
if config is None:
    st.info(
        "No run of sprites is kept here; train one with `python -m core train sprites vae"
        " --latents 10`."
    )
else:
    if config != view.picked:
        st.caption(
            f"The factors of {view.picked.data.name} are not known; this is the sprites'"
            f" {config.model.label}."
        )
    protocol.draw(config)
widgets.save_figures_as()

widgets.how_to_read(
    r"""
1 is perfect, but scores ask for different things. MIG, SAP and DCI's completeness ask for **one
latent for each factor**: a code that has each factor twice loses by them. The FactorVAE score,
DCI's disentanglement and modularity ask that a latent follow **one factor only**. The Higgins
score, informativeness and explicitness look at all latents together.

- **Higgins score** (Higgins et al. 2017): share of points $\frac1L\sum_l |z_l - z_l'|$, over $L =
  64$ pairs of images that share one factor, whose shared factor a linear classifier names. It
  cannot tell that a factor is missing: the missing one is what is left over.
- **FactorVAE score** (Kim and Mnih 2018): the latent that varies least among images that share a
  factor votes for it.
- **MIG** (Chen et al. 2018), mutual information gap: $\frac1K\sum_k (I_{j_1k} - I_{j_2k}) /
  H(v_k)$, the lead of the latent that tells most about a factor. By histogram of the means, or of
  samples from the posteriors, without the
  shape: two different numbers, never on one axis.
- **DCI** (Eastwood and Williams 2018): boosted trees name each factor; *disentanglement* is
  whether each latent serves one factor, *completeness* whether one latent serves each factor,
  *informativeness* their accuracy. The trees split at the edges of 255 bins (histogram trees),
  where the source's try every value, and give a tie to the first latent: a code that has each of
  five factors twice, without noise, then has a completeness of 1.000, though an even share would
  be $1 - \ln 2 / \ln 10 = .699$.
- **SAP** (Kumar et al. 2018): lead of the latent that alone names a factor best, by linear support
  vector machines.
- **Modularity and explicitness** (Ridgeway and Mozer 2018): whether each latent tells about one
  factor only; whether a linear classifier of all latents tells the factors' values (0.5 is
  chance).

Sizes and thresholds are those of Locatello et al. 2019: 10,000 points to learn from and 5,000 to
be scored on. Codes are posterior means of images drawn at random from all 184,320 sprites; the MIG
of samples takes all posteriors.

**The plateau.** A code that follows scale, x and y names these three of five factors always. Shape
and orientation are left over: points of either look alike, and the classifier is right about half
of them, $3/5 + 2/5 \cdot 1/2 = 0.8$. Without shape, orientation alone is left over and is named
too, though nothing follows it.

**Shares of variance.** The scores of the sweep are a table of β by seeds. The share of β is the
variance of the means over seeds as a part of all variance, that of the seed the variance of the
means over β (two-way layout, one training a cell).
"""
)
