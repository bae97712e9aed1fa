"""Autoencoders trained with noise on their codes, against the same without and against a VAE."""

import streamlit as st

from core.ui.kit import current_view, widgets
from core.ui.noise import answer, blocks, frame

view = current_view()
shown = blocks.columns(view)
widgets.heading(
    "Does noise on the codes make an autoencoder a generator?",
    "A noisy autoencoder is trained with Gaussian noise of variance η·R on every code, R the mean"
    " squared distance of the codes from the origin.",
)
frame.draw(view)
st.caption(
    "In each panel: the codes of test images by class, on their two latents or their principal"
    " plane; what random codes (×) decode to; and ten test images, above, with what their codes"
    " (●) decode to under noise. Dashed: √R, drawn equally large in every panel. Violet: one"
    " standard deviation of the noise in training around the first code; ring: of the noise on"
    " the codes now. The VAE sets its noise itself, in each latent; circles: 1, 2 and 3 σ of its"
    " prior."
)


@st.fragment
def under_noise() -> None:
    """Draw the error against test-time noise; another error reruns only this part."""
    blocks.errors(shown)


st.subheader("Which model bears it best?", anchor=False)
under_noise()

st.subheader("How real do random codes look, in numbers?", anchor=False)
blocks.scores(view)

left, right = st.columns(2)
with left:
    st.subheader("Do the codes run away from the noise?", anchor=False)
    blocks.size_over_training(shown)
with right:
    st.subheader("How much does the noise let through?", anchor=False)
    blocks.rate(view)

st.subheader("So, does it?", anchor=False)
answer.draw(view)

widgets.how_to_read(
    r"""
**The noise.** A noisy AE is trained on $z = m(x) + \sqrt{\eta R}\;\varepsilon$ with $\varepsilon
\sim N(0, I)$: every latent gets noise of variance $\eta R$, where $R = \mathbb{E}\,\|m(x)\|^2$
over the batch. The gradient flows through $R$: noise grows with the codes, so there is nothing to
win by running away from it, and √R need not explode. With many latents the same η is more noise:
$R$ sums over latents, while each gets $\eta R$.

**Noise at test time.** After training, any model's codes can be disturbed. Their
scale differs from model to model, so the curves measure the noise in units of each model's own
code scale, the root of the mean variance of its latents; the slider of the first figure in units
of √R, so that training with η and a variance of η·R at test time are the same noise. The same
random ε is used for all models and levels.

**The rate.** No code of variance $s^2$ tells more about its image through noise of variance $\eta
R$ than the capacity of the Gaussian channel,

$$
\tfrac{1}{2} \log_2\!\Big(1 + \frac{s^2}{\eta R}\Big) \ \text{bits per latent} \;\le\; \tfrac{1}{2}
\log_2\!\Big(1 + \frac{1}{\eta L}\Big) \ \text{averaged over } L \text{ latents}
$$

(Shannon 1948). That is an **upper bound** on the mutual information between image and code, just
as a VAE's KL (÷ ln 2, in bits) is: two bounds on one axis. The dotted line is the right-hand side;
it knows neither data nor network. An AE without noise has no such bound.

**Samples.** Codes from a uniform box that holds 99% of the codes, a Gaussian or a mixture of ten
fitted to them, or N(0, I), which only the VAE was trained for; scores as on the page *Sampling*.

**The verdict** compares models trained with the same seeds. *Yes* means better with every seed, at
every stated noise level, in every score; *no* means in none; anything else *depends*. Two models
that do not differ get one of the two words from $n$ seeds and $k$ scores with a chance of $2 \cdot
2^{-nk}$ where the scores are independent, and at most $2 \cdot 2^{-n}$, where they always agree.
Fitting a density to the codes of an autoencoder and sampling from it, in place of a VAE, is what
Ghosh et al. 2020 propose; they regularise theirs without noise.

Sources: Shannon 1948, theorem 17 (capacity); Kingma and Welling 2014 (the VAE); Ghosh et al. 2020,
From variational to deterministic autoencoders (a density fitted to the codes).
"""
)

frame.send_rest(view)
