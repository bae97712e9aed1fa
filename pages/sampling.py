"""Random codes from four sources, decoded by four models, and how real they look in numbers."""

import streamlit as st

from core.ui.kit import current_view, twins, widgets
from core.ui.sampling import choice, grids, nearest, quality

view = current_view()
widgets.heading(
    "Data or noise: what does a random code look like?",
    "Draw codes at random, decode them with each model, and compare with real images: first by"
    " eye, then by number.",
)
grids.draw(view)
twins.note_of(view.picked.data)


@st.fragment
def numbers() -> None:
    """Draw the numbers of a source of codes; a choice runs only this part again."""
    st.subheader("How real do they look, in numbers?", anchor=False)
    chosen = choice.sampler_choice()
    nearest.draw(view, chosen)
    quality.draw(view, chosen)


numbers()

widgets.how_to_read(
    r"""
**Where codes come from.** The *uniform box* is [−w, w] in every latent; fitted, it is the smallest
that holds 99% of a model's codes. Its slider stretches it, and says how many codes of training
images it leaves out. The *prior* is N(0, I), what a VAE was trained to decode. The
*fitted Gaussian* has the mean and covariance of the codes of training images (with the posterior's
noise, where there is one); the *fitted mixture* has ten Gaussians with full covariances (Ghosh et
al. 2020). The *temperature* stretches every code from the middle of what it is drawn from, the
mean of the Gaussian or of the mixture's component: at 0 all codes are there, at 1 they are as
drawn.

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
