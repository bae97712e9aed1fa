"""Each model's pictures between two images, and whether there is anything on the way."""

import streamlit as st

from core.ui.interpolations import between, passages
from core.ui.kit import current_view, widgets

view = current_view()
widgets.heading(
    "What lies between two images?",
    "Walk from the code of one test image to the code of another, and decode every step. **Click"
    " two images**, then drag. Blending their pixels is what any model has to beat.",
)


between.draw(view)


@st.fragment
def numbers() -> None:
    """Draw the measured numbers; the choice of the path runs this part alone again."""
    st.subheader("Which passes smoothly, which through nothing?", anchor=False)
    passages.draw(view, passages.choose())


numbers()

widgets.how_to_read(
    r"""
**Paths.** With codes a and b and t from 0 to 1, the *straight line* is $z(t) = (1-t)\,a + t\,b$.
The *great circle* turns around the origin, by the same angle every step, while the length goes
evenly from one to the other:

$$
z(t) = \big((1-t)\|a\| + t\|b\|\big)\left(\frac{\sin((1-t)\Omega)}{\sin\Omega}\frac{a}{\|a\|} +
\frac{\sin(t\Omega)}{\sin\Omega}\frac{b}{\|b\|}\right), \qquad \Omega = \angle(a, b)
$$

Draws from the prior N(0, I) of many latents nearly all have length √L, and the middle of a
straight line is shorter: the circle stays where codes of a VAE are. Nothing tells an autoencoder
to put its codes around the origin; for it the circle is a turn around an arbitrary point.
(Sources: Shoemake 1985; White 2016.)

**Smooth.** $d(x, y) = \sqrt{\tfrac{1}{HW}\sum_i (x_i - y_i)^2}$ between neighbouring frames of 11:
the largest of the 10 steps over their mean (1 is even), and the length of the path over the
distance of its ends (1 is no detour).

**Through real images.** $d$ from the middle frame to the nearest training image. On its own this
number misleads: an average of many images is near to all of them, so the blurrier a model, the
nearer it seems, and its midpoints can be nearer than real test images are. Hence the *gap*, in
which a model is held against its own blur,

$$
\frac{\text{mean}\,(d_\text{halfway} - d_\text{ends})}{\text{mean}\,(d_\text{cross-fade} -
d_\text{ends})},
$$

where *ends* are the model's reconstructions of the two images and *cross-fade* is the average of
these two pictures: 0 % is as near to a real image as its reconstructions, 100 % as far off as
blending them. The second judge is the mean largest class probability of the lab's classifier; blur
brings nothing nearer to it, but it can be sure of what is nothing.

**Spread.** A model's numbers are medians over pairs, but the gap is a ratio of means and
confidence a mean; each is taken for every training. Trainings of the same seed are compared in
pairs: two models tie unless one of them has the larger number in every pair.
"""
)
