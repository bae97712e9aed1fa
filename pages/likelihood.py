"""Why the logarithm, why a bound, what a likelihood is of, and what the nats are spent on."""

import streamlit as st

from core.ui import bound, by_hand, current_view, widgets

PARTS = {"By hand": by_hand.draw, "The bound": bound.draw}
"""Word on the screen and in links -> what draws that part; only the one on screen is computed."""

HOW_TO_READ = {
    "By hand": r"""
**The likelihood** of independent observations is a product, its logarithm a sum; the logarithm never falls, so both are
highest at the same parameter:

$$\hat\theta = \arg\max_\theta \prod_i p_\theta(x_i) = \arg\max_\theta \sum_i \ln p_\theta(x_i)$$

A product of $n$ probabilities shrinks (of densities above 1: grows) exponentially. The least number above 0 is about
$10^{-45}$ in float32 and $10^{-324}$ in float64, that is −103 and −744 nats: a few hundred observations and the product
is 0 for every θ. Curves are drawn six standard errors around the fitted parameter. A search can tell the place of a
maximum to about half the digits only, since a hill is flat on top. Closed forms: the share of ones, the mean.

**Cross-entropy.** For a label as a distribution $y$ (1 at the label) and a classifier's probabilities $p$,

$$H(y, p) = -\sum_k y_k \ln p_k = -\ln p_\text{label},$$

so minimising the average cross-entropy is maximising the likelihood of the labels. The classifier is a softmax of 64
pixels and a bias, trained on 1,437 digits; gradients are taken by automatic differentiation of each formula.

Sources: Fisher 1922, On the mathematical foundations of theoretical statistics (maximum likelihood); Goodfellow et al.
2016, Deep Learning, section 5.5 (cross-entropy as maximum likelihood).
""",
    "The bound": r"""
**KL divergence**, of two Gaussians over one number, and why it is never negative: $\ln t \le t - 1$, so

$$\mathrm{KL}(q\|p) = \int q \ln\frac{q}{p} = \ln\frac{\sigma_p}{\sigma_q} + \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}
{2\sigma_p^2} - \frac12 \;\ge\; -\!\int q\,\Big(\frac{p}{q} - 1\Big) = 0$$

**The bound.** $\ln p(x) = \mathrm{ELBO} + \mathrm{KL}\big(q(z|x)\,\|\,p(z|x)\big)$, and with $k$ samples $z_i$ of $q$

$$\mathrm{ELBO} = L_1 \le L_5 \le \dots \le \ln p(x), \qquad
L_k = \mathbb{E}\,\ln \frac1k \sum_{i=1}^k \frac{p(x, z_i)}{q(z_i|x)}.$$

With one or two latents $p(x) = \int p(x|z)\,p(z)\,dz$ is a sum over a lattice that refines where the mass is; its
*refinement error* is what the last halving changed. The KL to the true posterior is added up on a grid of its own.

**Two gaps.** $\ln p(x) - \mathrm{ELBO}(q) = [\ln p(x) - \mathrm{ELBO}(q^*)] + [\mathrm{ELBO}(q^*) - \mathrm{ELBO}(q)]$
with $q^*$ the best Gaussian with independent latents for this one image: what no such Gaussian can do (*approximation*)
and what one encoder for all images leaves (*amortisation*). $q^*$ is climbed to by Adam from the encoder's $q$ and may
stop on a lower hill, so the first is an upper bound and the second a lower one. A β-VAE's encoder was trained for
another objective, nll + β KL, and is judged here by β = 1.

Sources: Kingma and Welling 2014 (ELBO); Burda et al. 2016 (importance weighting); Cremer et al. 2018 (the two gaps).
""",
}

view = current_view()
widgets.heading(
    "How likely is an image?",
    "Training a VAE is maximum likelihood with a bound in place of the likelihood. First why one adds logarithms, by"
    " hand; then what the bound leaves out, which two latents let us see exactly.",
)
part = st.segmented_control(
    "Part", list(PARTS), default=next(iter(PARTS)), key="part", required=True, wrap=True, bind="query-params"
)
PARTS[part](view)
widgets.how_to_read(HOW_TO_READ[part])
