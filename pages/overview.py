"""The front page: four models side by side, trained on the same images with the same seed."""

import math

import streamlit as st

from core.figures.curves import training_curves
from core.ui import cache, current_view, widgets

RECONSTRUCTED, DECODED = 16, 16

view = current_view()
data = view.picked.data
missing = cache.missing_images(data)

widgets.heading(
    "What does a random code decode to?",
    "An autoencoder learns to copy images through a few numbers, the code. Whether a code drawn **at random** is an"
    " image too depends on how the space between the codes was trained. Here are four members of one family, trained on"
    " the same images with the same seed, that differ in nothing but the noise on the code and the price of the KL.",
)

columns = st.columns(len(view.family), gap="medium")
for column, config in zip(columns, view.family.values(), strict=True):
    with column.container(border=True):
        st.subheader(config.model.label, anchor=False)
        if not missing:
            st.caption("Test images")
            st.image(cache.originals_png(data, RECONSTRUCTED, 8, 4), width="stretch", alt="Test images")
        st.caption("Their reconstructions")
        picture = cache.reconstructions_png(config.key, RECONSTRUCTED, 8, 4)
        st.image(picture, width="stretch", alt=f"Reconstructions by {config.model.label}")
        st.caption("Random codes from N(0, I), decoded")
        picture = cache.samples_png(config.key, "prior", None, DECODED, 0, 4, 4)
        st.image(picture, width="stretch", alt=f"Random codes decoded by {config.model.label}")
widgets.images_missing(missing)

st.subheader("What did it cost, and what is left?", anchor=False)
rows = []
for label, key in view.keys.items():
    metrics, alive = cache.run(key).metrics, cache.active_latents(key)
    rows.append(
        {
            "Model": label,
            "nll, nats per image": metrics["nll"],
            "KL, nats per image": metrics["kl"],
            "elbo, nats per image": metrics["elbo"],
            "Squared error per pixel": metrics["mse"],
            "Active latents": f"{alive.sum()} of {len(alive)}",
            "Training, s": math.ceil(metrics["seconds"]),
        }
    )
widgets.table(
    rows,
    **{"nll, nats per image": "%.2f", "KL, nats per image": "%.2f", "elbo, nats per image": "%.2f"},
    **{"Squared error per pixel": "%.4f"},
)
st.caption(
    f"{cache.run(view.picked.key).metrics['test_images']:,} test images, {view.picked.model.likelihood} likelihood, one"
    f" seed ({view.picked.train.seed}). An autoencoder is charged no KL and has no elbo."
)

with st.expander("Are they trained to the end? The learning curves", icon=":material/show_chart:"):
    histories = {label: cache.run(key).history for label, key in view.keys.items()}
    widgets.chart(training_curves(histories), "learning_curves")

st.subheader("Where to go next?", anchor=False)
left, right = st.columns(2)
with left.container(border=True):
    st.page_link("pages/latent_space.py", label="**Where do the codes lie?**", icon=":material/scatter_plot:")
    st.markdown("The codes of the test images, what lies between them, and what one point means.")
with right.container(border=True):
    st.page_link("pages/sampling.py", label="**Data or noise?**", icon=":material/casino:")
    st.markdown("Random codes from a box, the prior or a fitted density, and a number for how real they look.")

widgets.how_to_read(
    r"""
Every model minimises, averaged over images,

$$\underbrace{-\log p(x \mid z)}_{\text{nll}} \;+\; \beta \,\underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}_{\text{KL, summed over latents}},
\qquad z \sim q(z \mid x).$$

They differ in three choices only. An **AE** has a point for a posterior and no KL. A **noisy AE** adds Gaussian noise of
variance η·R to every latent, R the mean squared distance of the codes from the origin. A **VAE** learns the noise and
pays for it with β = 1; a **β-VAE** pays another price.

All numbers are of test images, in nats per image summed over pixels; *elbo* is −(nll + KL), a lower bound on
log p(x), and larger is better. Where grey intensities go through a Bernoulli likelihood (digits, MNIST), nll is a
cross-entropy with intensities read as probabilities: good for comparing models here, not with likelihoods of binary
images. A latent is *active* if its posterior mean varies with a variance above 0.01 (codes without a KL on unit scale).

Sources: Kingma and Welling 2014; Higgins et al. 2017; Burda et al. 2015 (active latents).
"""
)
