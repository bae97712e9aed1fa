"""The front page: four models side by side, trained on the same images with the same seed."""

import streamlit as st

from core.figures.curves import training_curves
from core.ui.kit import cache, current_view, page_file, twins, widgets
from core.ui.overview import costs

RECONSTRUCTED, DECODED = (16, 8), (16, 4)  # images of a sheet, and its columns

NEXT = (
    (
        "latent_space",
        "Where do the codes lie?",
        "The codes of the test images, what lies between them, and one point.",
    ),
    (
        "sampling",
        "Data or noise?",
        "Random codes from a box, the prior or a fitted density, judged by number.",
    ),
    (
        "noise",
        "Does noise make a generator?",
        "An autoencoder trained with noise on its codes, beside the VAE.",
    ),
    (
        "likelihood",
        "How likely is an image?",
        "Exact log p(x) beside the bounds that a VAE is trained on.",
    ),
    (
        "priors",
        "What does the Gaussian give?",
        "Other priors trained on the same budget, and what each is worth.",
    ),
    (
        "traversals",
        "What does one latent change?",
        "One latent moved by hand, and what β buys and costs.",
    ),
    (
        "interpolations",
        "What lies between two images?",
        "The way from one image to another through four models.",
    ),
    (
        "disentanglement",
        "One latent, one factor?",
        "Seven metrics that are to tell, and whether they can be trusted.",
    ),
    (
        "train",
        "What if you change one number?",
        "Train your own in the background, and watch it form.",
    ),
)

view = current_view()
data = view.picked.data

widgets.heading(
    "What does a random code decode to?",
    "An autoencoder learns to copy images through a few numbers, the code. Whether a code drawn"
    " **at random** is an image too depends on how the space between the codes was trained. Here"
    " are four members of one family, trained on the same images with the same seed, that differ"
    " in nothing but the noise on the code and the price of the KL.",
)

for column, config in zip(st.columns(len(view.family)), view.family.values(), strict=True):
    with column.container(border=True, height="stretch"):
        widgets.model_name(config)
        widgets.image_row("Test images", cache.originals_png(data, *RECONSTRUCTED))
        widgets.image_row(
            "Their reconstructions", cache.reconstructions_png(config, *RECONSTRUCTED)
        )
        widgets.decoded_draws(config, *DECODED)
        widgets.collapse_note(config)
widgets.images_missing(cache.missing_images(data))

st.subheader("What did it cost, and what is left?", anchor=False)
costs.draw(list(view.family.values()))
twins.note(view)

with st.expander("Are they trained to the end? The learning curves", icon=":material/show_chart:"):
    histories = {label: cache.run(config).history for label, config in view.by_label.items()}
    widgets.chart(training_curves(histories), "learning_curves")

st.subheader("Where to go next?", anchor=False)
for row in (NEXT[:5], NEXT[5:]):
    for column, (page, question, text) in zip(st.columns(len(row)), row, strict=True):
        with column.container(border=True, height="stretch"):
            st.page_link(page_file(f"pages/{page}.py"), label=f"**{question}**")
            st.markdown(text)

widgets.how_to_read(
    r"""
Every model minimises, averaged over images,

$$
-\log p(x \mid z) \;+\; \beta \; \mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big), \qquad z \sim q(z \mid
x),
$$

the first term (*nll*, distortion) summed over pixels, the second (*KL*, rate) over latents. They
differ in three choices only. An **AE** has a point for a posterior and no KL. A **noisy AE** adds
Gaussian noise of variance η·R to every latent, R the mean squared distance of the codes from the
origin. A **VAE** learns the noise and pays for it with β = 1; a **β-VAE** pays another price.

Random codes here come from N(0, I), the VAE's prior, for every model but one that has a prior of
its own. That is hard on the autoencoders, whose codes may lie anywhere; fairer draws for them are
on the page *Sampling*.

All numbers are of test images, in nats per image summed over pixels; *elbo* is −(nll + KL), a
lower bound on log p(x), and larger is better. The table takes several codes for each image, the
learning curves one. Where grey intensities go through a Bernoulli likelihood (digits, MNIST), nll
is a cross-entropy with intensities read as probabilities: good for comparing models here, not with
likelihoods of binary images. A latent is *active* if the images decide more than 1 % of its
variance: that of the posterior's mean, as a share of the mean's and the posterior's own together
(without noise, of the mean of all latents' variances).

Sources: Kingma and Welling 2014; Higgins et al. 2017; Burda et al. 2016 (active latents; as a
    share: ours).
"""
)
