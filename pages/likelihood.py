"""Why the logarithm, why a bound, what a likelihood is of, and what the nats are spent on."""

import streamlit as st

from core.ui import bound, by_hand, current_view, widgets

PARTS = {"By hand": by_hand.draw, "The bound": bound.draw}
"""Word on the screen and in links -> what draws that part; only the one on screen is computed."""

HOW_TO_READ = {
    "By hand": r"""
$$\ln \prod_i p_\theta(x_i) = \sum_i \ln p_\theta(x_i)$$

Source: Fisher 1922, On the mathematical foundations of theoretical statistics.
""",
    "The bound": r"""
$$\ln p(x) = \mathrm{ELBO} + \mathrm{KL}\big(q(z \mid x) \,\|\, p(z \mid x)\big)$$

Sources: Kingma and Welling 2014; Burda et al. 2016; Cremer et al. 2018.
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
