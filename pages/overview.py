"""The front page: from a real image's code to a random one, in four models, under one finger."""

import streamlit as st

from core.figures.curves import Trained, training_curves
from core.figures.theme import model_look
from core.ui.kit import cache, current_view, page_file, twins, widgets
from core.ui.overview import costs, first

NEXT = {
    "latent_space": "Where do the codes lie?",
    "sampling": "Data or noise?",
    "noise": "Does noise make a generator?",
    "likelihood": "How likely is an image?",
    "priors": "What does the Gaussian give?",
    "traversals": "What does one latent change?",
    "interpolations": "What lies between two images?",
    "disentanglement": "One latent, one factor?",
    "train": "What if you change one number?",
}
"""File of each further page -> its question, short enough for a phone."""

view = current_view()
st.title("What does a random code decode to?", anchor=False)
first.draw(view)

with st.container(horizontal=True):
    for page, question in NEXT.items():
        st.page_link(page_file(f"pages/{page}.py"), label=question)

with st.expander("What did it cost, and what is left?", icon=":material/table:"):
    costs.draw(list(view.family.values()))
    twins.note(view)

with st.expander("Are they trained to the end? The learning curves", icon=":material/show_chart:"):
    trainings = [
        Trained(model_look(name), cache.run(config).history)
        for name, config in view.family.items()
    ]
    widgets.chart(training_curves(trainings), "learning_curves")

widgets.how_to_read(
    r"""
An autoencoder learns to copy images through a few numbers, the code. Whether a code drawn **at
random** is an image too depends on how the space between the codes was trained. The models here
are members of one family, trained on the same images with the same seed, that differ in nothing
but the noise on the code and the price of the KL.

Every model minimises, averaged over images,

$$
-\log p(x \mid z) \;+\; \beta \; \mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big), \qquad z \sim q(z \mid
x),
$$

the first term (*nll*, distortion) summed over pixels, the second (*KL*, rate) over latents. They
differ in three choices only. An **AE** has a point for a posterior and no KL. A **noisy AE** adds
Gaussian noise of variance η·R to every latent, R the mean squared distance of the codes from the
origin. A **VAE** learns the noise and pays for it with β = 1; a **β-VAE** pays another price.

**The slider** moves each model's code on the straight line from the code of a test image to a
random code, and the browser decodes it. Random codes of an AE and of a noisy AE come from the
uniform box that holds 99% of the model's codes, those of a VAE and a β-VAE from its prior. The
*mixture* of the answer has ten Gaussians, fitted to the codes of the AE's training images; the
page *Sampling* shows what it decodes to. *Better* means in Fréchet distance and in coverage, with
every seed. Coverage is the share of real images that have a decoded random code among their
neighbours; *Sampling* explains both.

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
