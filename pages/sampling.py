"""Random codes from four sources, decoded by four models, and how real they look in numbers."""

import streamlit as st

from core.ui.kit import cache, current_view, twins, widgets
from core.ui.sampling import quality

COLUMNS, COUNT, BESIDE = 6, 36, 8

view = current_view()
widgets.heading(
    "Data or noise: what does a random code look like?",
    "Draw codes at random, decode them with each model, and compare with real images: first by"
    " eye, then by number.",
)


@st.fragment
def draws() -> None:
    """Draw the choices, the four sheets and their numbers; a choice runs only this part again."""
    with st.container(border=True):
        choice = widgets.sampler_choice()
        beside = st.toggle(
            "Show the nearest training image under each", key="nearest", bind="query-params"
        )
    missing = cache.missing_images(view.picked.data) if beside else None
    widgets.images_missing(missing)
    for column, config in zip(
        st.columns(len(view.family), gap="medium"), view.family.values(), strict=True
    ):
        with column:
            widgets.sample_sheet(config, choice, COUNT, COLUMNS)
            if beside and not missing:
                widgets.samples_beside_nearest(config, choice, BESIDE)
    twins.note_of(view.picked.data)
    st.subheader("How real do they look, in numbers?", anchor=False)
    quality.draw(view, choice)


draws()

widgets.how_to_read(
    r"""
**Where codes come from.** The *uniform box* is [−w, w] in every latent; fitted, it is the smallest
that holds 99% of a model's codes. The *prior* is N(0, I), what a VAE was trained to decode. The
*fitted Gaussian* has the mean and covariance of the codes of training images (with the posterior's
noise, where there is one); the *fitted mixture* has ten Gaussians with full covariances (Ghosh et
al. 2020).

**Numbers.** All are taken in the 64 features of a small classifier that ships with the lab, so
they compare models here and cannot be compared with numbers from other networks.

- *Fréchet distance* between Gaussians fitted to real and generated features,
  $\|m_1-m_2\|^2+\mathrm{Tr}\big(S_1+S_2-2(S_1S_2)^{1/2}\big)$: 0 is equal, smaller is better
  (Heusel et al. 2017).
- *Density*: how many real neighbourhoods (5 nearest neighbours) a generated image lies in, 1 for
  real images; *coverage*: the share of real neighbourhoods that hold a generated image (Naeem et
  al. 2020).
- *Confidence*: the classifier's mean largest class probability. A confident classifier is not a
  sign of variety.

The *ceiling* is what held-out real images score against the same real images, at the same sample
size: no model can be expected to do better. Dots are means over trainings with different seeds,
each the mean over seeds of the codes; bars are one standard deviation over trainings. *Noise* and
*Priors* say the same numbers of the same models.
"""
)
