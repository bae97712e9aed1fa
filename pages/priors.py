"""Four priors of the same VAE, and one fitted to its codes afterwards."""

import streamlit as st

from core.ui.kit import cache, current_view, widgets
from core.ui.priors import answer, blocks

view = current_view()
shown = blocks.contenders(view)
widgets.heading(
    "What does the Gaussian give besides simple calculations?",
    "A VAE's codes are held against a prior, mostly a standard normal. The same networks, on the"
    " same schedule, can be held against another: a **box**, a **mixture** that is learned, or the"
    " **VampPrior**, made of learned images' codes.",
)
if not shown:
    st.info("No VAE was trained on these images with this many latents.")
    st.stop()
blocks.missing(shown)
st.caption(blocks.schedule(shown))
known = blocks.known_of(shown)

st.subheader("Where does each prior expect the codes, and where are they?", anchor=False)
blocks.panels(shown)
st.caption(
    "Violet: codes of test images, one from each one's posterior, on the two latents that vary"
    " most. Shaded: where the prior of these two latents has half, 90% and 99% of its mass."
    " Every panel has its own scale, the bar says how many units: nothing holds the codes' scale"
    " where the prior is learned as well. The sheets are codes drawn from each prior, decoded."
)
widgets.image_row(
    "Real test images, for comparison", cache.originals_png(view.picked.data, 36, 18)
)

st.subheader("What did the priors learn?", anchor=False)
blocks.learned(shown)

st.subheader("Which prior is better, in numbers?", anchor=False)
blocks.scores(shown, known)
blocks.table(shown, known)

st.subheader("So, what does the Gaussian give?", anchor=False)
answer.draw(shown, known)

st.subheader("Why sample a code as mean plus noise?", anchor=False)
blocks.gradient(shown, known)

widgets.how_to_read(
    r"""
**What a prior costs.** The average KL is the price of telling images apart, and of codes that lie
where the prior does not (Hoffman and Johnson 2016):

$$
\frac{1}{N} \sum_n \mathrm{KL}\big(q(z \mid x_n) \,\|\, p(z)\big) = I(n; z) + \mathrm{KL}\big(q(z)
\,\|\, p(z)\big), \qquad q(z) = \frac{1}{N} \sum_n q(z \mid x_n)
$$

The second part buys nothing. It is 0 for the best prior there is, the aggregate posterior $q(z)$
itself.

With fewer images $q(z)$ has more gaps: the first part comes out smaller and the second larger.
Leaving each image's own posterior out of $q(z)$ at its codes errs the other way, so the KL of the
data lies between the two (Poole et al. 2019). With two latents the first is integrated over a
grid, which takes away the noise of the codes, not this dependence.

- **Standard normal**: $\mathrm{KL} = \tfrac12 \sum_l (\mu_l^2 + \sigma_l^2 - \ln \sigma_l^2 - 1)$,
  exact.
- **Uniform box** $[-\sqrt 3, \sqrt 3]^L$, of variance 1. A Gaussian posterior reaches beyond it,
  where the KL is infinite. So the posterior is a Gaussian over $u$, squashed into the box by $z =
  \sqrt 3\,(2\Phi(u) - 1)$. The same map makes the standard normal uniform, and no KL changes under
  a map that can be undone: it is the closed form of the Gaussians over $u$, exact, and no code can
  lie outside.
- **Gaussian mixture**: $p(z) = \sum_k w_k N(z; m_k, s_k^2)$, all learned with the model.
- **VampPrior**: $p(z) = \frac1K \sum_k q(z \mid u_k)$, the posteriors of $K$ pseudo-inputs $u_k$,
  images that are learned (Tomczak and Welling 2018). Of both learned priors the KL has no closed
  form: it is estimated by Monte Carlo, $\ln q(z \mid x) - \ln p(z)$ at the sampled code.
- **One schedule for all**: the weight of the KL rises over the first tenth of the epochs. A
  learned prior needs it; without it the standard normal would be compared with a schedule as well
  as with a prior.
- **Mixture fitted afterwards**: ten Gaussians with full covariances, fitted to the codes of the
  VAE with the standard normal when its training is over (Ghosh et al. 2020). It changes the
  samples and no other number.

**nll** is importance-weighted, $-\ln \frac1k \sum_i p(x, z_i) / q(z_i \mid x)$ with $z_i \sim q(z
\mid x)$ (Burda et al. 2015): at least $-\ln p(x)$ on average, and nearer to it than the elbo. For
grey images it is a cross-entropy, not the nll of binary ones: it compares models on this page and
cannot be held against other papers' nats.

**The gradient.** The encoder learns from $\nabla_\phi \mathbb{E}_{q_\phi}[f(z)]$. Written as $z =
\mu + \sigma \varepsilon$, the derivative goes through $f$ (Kingma and Welling 2014, section 2.4).
The score function, $f(z)\,\nabla_\phi \ln q_\phi(z)$ (REINFORCE, Williams 1992), needs no
derivative of $f$ and pays for it in variance.

**The verdict** compares trainings with the same seeds: *better* with every seed, *worse* with
every seed, else no clear winner. Samples are better when both Fréchet distance and coverage are.

Sources: Kingma and Welling 2014; Hoffman and Johnson 2016, ELBO surgery; Tomczak and Welling 2018,
VAE with a VampPrior; Ghosh et al. 2020, From variational to deterministic autoencoders.
"""
)
