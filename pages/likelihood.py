"""Why the logarithm, why a bound, what a likelihood is of, and what the nats are spent on."""

import streamlit as st

from core.ui.kit import current_view, widgets
from core.ui.likelihood import bound, by_hand, decoders, rate

PARTS = {
    "By hand": by_hand.draw,
    "The bound": bound.draw,
    "The decoder": decoders.draw,
    "The rate": rate.draw,
}
"""Name of a part, on the screen and in links -> function that draws it when it is on screen."""

HOW_TO_READ = {
    "By hand": (
        r"""
**The likelihood** of independent observations is a product, its logarithm a sum; the logarithm
never falls, so both are highest at the same parameter:

$$
\hat\theta = \arg\max_\theta \prod_i p_\theta(x_i) = \arg\max_\theta \sum_i \ln p_\theta(x_i)
$$

A product of $n$ probabilities shrinks (of densities above 1: grows) exponentially. The least
number above 0 is about $10^{-45}$ in float32 and $10^{-324}$ in float64, that is −103 and −744
nats: a few hundred observations and the product is 0 for every θ. Curves are drawn six standard
errors around the fitted parameter. A search can tell the place of a maximum to about half the
digits only, since a hill is flat on top. Closed forms: the share of ones, the mean.

**Cross-entropy.** For a label as a distribution $y$ (1 at the label) and a classifier's
probabilities $p$,

$$
H(y, p) = -\sum_k y_k \ln p_k = -\ln p_\text{label},
$$

so minimising the average cross-entropy is maximising the likelihood of the labels. The classifier
is a softmax of 64 pixels and a bias, trained on 1,437 digits; gradients are taken by automatic
differentiation of each formula.

Sources: Fisher 1922, On the mathematical foundations of theoretical statistics (maximum
likelihood); Goodfellow et al. 2016, Deep Learning, section 5.5 (cross-entropy as maximum
likelihood).
"""
    ),
    "The bound": (
        r"""
**KL divergence**, of two Gaussians over one number, and why it is never negative: $\ln t \le t -
1$, so

$$
\mathrm{KL}(q\|p) = \int q \ln\frac{q}{p} = \ln\frac{\sigma_p}{\sigma_q} + \frac{\sigma_q^2 +
(\mu_q - \mu_p)^2} {2\sigma_p^2} - \frac12 \;\ge\; -\!\int q\,\Big(\frac{p}{q} - 1\Big) = 0
$$

**The bound.** $\ln p(x) = \mathrm{ELBO} + \mathrm{KL}\big(q(z|x)\,\|\,p(z|x)\big)$, and with $k$
samples $z_i$ of $q$

$$
\mathrm{ELBO} = L_1 \le L_5 \le \dots \le \ln p(x), \qquad
L_k = \mathbb{E}\,\ln \frac1k \sum_{i=1}^k \frac{p(x, z_i)}{q(z_i|x)}.
$$

With one or two latents $p(x) = \int p(x|z)\,p(z)\,dz$ is a sum over a lattice that refines where
the mass is; its *refinement error* is what the last halving changed. The KL to the true posterior
is added up on a grid of its own.

**Two gaps.** $\ln p(x) - \mathrm{ELBO}(q) = [\ln p(x) - \mathrm{ELBO}(q^*)] +
[\mathrm{ELBO}(q^*) - \mathrm{ELBO}(q)]$ with $q^*$ the best Gaussian with independent latents for
this one image: what no such Gaussian can do (*approximation*) and what one encoder for all images
leaves (*amortisation*). Adam climbs to $q^*$ from the encoder's $q$, or from the posterior of the
test image whose code explains this one best; it may stop on a lower hill, so the first is an upper
bound and the second a lower one. A β-VAE's encoder was trained for nll + β KL and is judged here
by β = 1. A uniform prior's codes are taken before they are squashed into its box, which changes
none of these numbers.

With fewer images $q(z)$ has more gaps: the information comes out smaller and the rest larger.
Leaving each image's own posterior out of $q(z)$ at its codes errs the other way, so the KL of the
data lies between the two (Poole et al. 2019). With two latents the first is integrated over a
grid, which takes away the noise of the codes, not this dependence.

Sources: Kingma and Welling 2014 (ELBO); Burda et al. 2016 (importance weighting); Cremer et al.
    2018 (the two gaps).
"""
    ),
    "The decoder": (
        r"""
**Gaussian.** With one standard deviation $\sigma$ for all $D$ pixels, $\mathrm{SSE} = \|x -
\mathrm{mean}(z)\|^2$,

$$
-\ln p(x|z) = \frac{\mathrm{SSE}}{2\sigma^2} + \frac D2 \ln 2\pi\sigma^2, \qquad
2\sigma^2\,(\mathrm{nll} + \beta\,\mathrm{KL}) = \mathrm{SSE} + 2\sigma^2\beta\,\mathrm{KL} +
\text{constant}.
$$

Minimising a squared error **is** maximum likelihood, of a σ that someone chose; a sum of squares
without a factor means $\sigma^2 = 1/2$. A learned $\sigma$ ends where the derivative is 0:
$\sigma^2 = \mathbb{E}\,\mathrm{SSE}/D$. A gradient's length does not matter to Adam, its direction
does.

**Bernoulli.** $-\sum_d x_d \ln p_d + (1 - x_d) \ln (1 - p_d)$, the binary cross-entropy: nats of a
probability where pixels are 0 or 1, never below 0. Of grey pixels it is the average nll of images
that are binarised at random.

**nll of binary MNIST**: importance-weighted, $-L_k$ of the part *The bound*.

Sources: Rybkin et al. 2021, Simple and effective VAE training with calibrated decoders (σ and β);
Salakhutdinov and Murray 2008 (binarisation); Burda et al. 2016 and Tomczak and Welling 2018 (nll).
"""
    ),
    "The rate": (
        r"""
The *rate* is the average KL, the *distortion* the average nll. What can be reached is bounded by a
falling, convex curve; a model trained with β is where a line of slope −β touches it. So between
models of $\beta_1 < \beta_2$ a nat of rate buys between $\beta_1$ and $\beta_2$ nats of
distortion: neither would rather be the other.

$$
\frac1N \sum_n \mathrm{KL}\big(q(z|x_n)\,\|\,p(z)\big) = I(n; z) +
\mathrm{KL}\big(q(z)\,\|\,p(z)\big), \qquad q(z) = \frac1N \sum_n q(z|x_n)
$$

The *information* says which image a code is of: the average of $\ln q(z|x_n) - \ln q(z)$ over
codes. It cannot be more than $\ln N$. The rest would vanish under a prior that is the aggregate
posterior. A uniform prior's codes are taken before they are squashed into its box, which changes
none of these numbers.

With fewer images $q(z)$ has more gaps: the information comes out smaller and the rest larger.
Leaving each image's own posterior out of $q(z)$ at its codes errs the other way, so the KL of the
data lies between the two (Poole et al. 2019). With two latents the first is integrated over a
grid, which takes away the noise of the codes, not this dependence.

Sources: Alemi et al. 2018, Fixing a broken ELBO (the plane); Hoffman and Johnson 2016, ELBO
    surgery (the split).
"""
    ),
}

view = current_view()
widgets.heading(
    "How likely is an image?",
    "Training a VAE is maximum likelihood with a bound in place of the likelihood. Four parts: why"
    " one adds logarithms; what the bound leaves out, which two latents let us see exactly; what a"
    " decoder's likelihood means; what the rate pays for.",
)
part = st.segmented_control(
    "Part",
    list(PARTS),
    default=next(iter(PARTS)),
    key="part",
    required=True,
    wrap=True,
    bind="query-params",
)
PARTS[part](view)
widgets.how_to_read(HOW_TO_READ[part])
