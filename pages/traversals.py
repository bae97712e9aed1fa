"""One latent moves and the others stay: its change, the price of β, the factor it follows."""

import streamlit as st

from core.ui.kit import cache, current_view, widgets
from core.ui.traversals import exports, factors, moving, prices

view = current_view()
widgets.heading(
    "What does one latent change?",
    "Move **one** latent of a code and leave the others: whatever changes in the picture, that"
    " latent changed it. A larger β makes every nat of KL dearer, and the model keeps fewer"
    " latents. Every β is a model of its own.",
)
moving.draw(view)
with st.expander("Files for a slide", icon=":material/download:"):
    exports.draw(view.picked)

st.subheader("What does β buy, and what does it cost?", anchor=False)
prices.draw(view)

if cache.factor_names(view.picked.data):
    st.subheader("Which factor does each latent follow?", anchor=False)
    factors.draw(view.picked)
widgets.save_figures_as()

widgets.how_to_read(
    r"""
**Sliders.** The seven pictures above a slider are $\mathrm{decode}(z + (v - z_u)\,e_u)$ for values
$v$ from left to right: latent $u$ takes the value, all others stay where they are; a click on a
picture sets it. The first row moves, in every model, the latent that carries most there, the
second row the next one. Bars are the **KL of each latent**, averaged over test images,

$$
\mathrm{KL}_u = \mathbb{E}_x\big[\tfrac12(\mu_u^2 + \sigma_u^2 - 1) - \ln\sigma_u\big],
$$

at most how many nats it carries about the image. A latent is *active* if the images decide more
than 1 % of its variance: that of $\mu_u$, as a share of $\mathrm{Var}(\mu_u) +
\mathbb{E}[\sigma_u^2]$ (without noise, of the mean of all latents' variances). A collapsed one has
the same posterior for every image, and its pictures stay the same.

**β.** The models minimise $\mathrm{nll} + \beta\,\mathrm{KL}$: distortion, plus β times the rate.
Along the curve of the best models a nat of rate is worth β nats of distortion, so a larger β moves
to the left and up. A latent stays open only if its nats save, on average, more than β nats of nll
each; that is why β closes latents one by one.

**Factors.** $I(z_u; v_k) / H(v_k)$, the mutual information of a latent's mean and a factor over
the factor's entropy: 1 if the latent tells all of the factor, 0 if nothing. It is counted in a
histogram of 20 bins for each latent, which puts it too high by about $19\,(V_k - 1) / 2N$ nats for
a factor of $V_k$ values and $N$ images; and it asks for no
scale: even a collapsed latent tells a little, because its mean still trembles with the image.
*Orientation* is hard to follow by any measure: a square looks the same after a quarter turn, an
ellipse after half of one.

Sources: Kingma and Welling 2014 (KL); Higgins et al. 2017 (β, traversals); Burgess et al. 2018
(rate and traversals against β); Burda et al. 2016 (active latents; as a share: ours); Chen et al.
2018, section 4, and Locatello et al. 2019 (normalised mutual information and its histogram).
"""
)
