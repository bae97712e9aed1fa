"""The codes of the test images, the pictures between them, and the meaning of one point."""

import streamlit as st

from core.ui.kit import current_view, widgets
from core.ui.latent_space import panels

view = current_view()
widgets.heading(
    "Where do the codes lie?",
    "Each point is the code of one test image. An autoencoder may put it anywhere; a VAE pays for"
    " every step away from the prior, whose 1, 2 and 3 σ are circles where two latents are drawn"
    " as they are. **Click a point** to see what it means.",
)
with st.container(border=True):
    choice = panels.choose(view)
panels.legend(view.picked.data, choice)
if choice.side_by_side:
    for column, config in zip(st.columns(len(view.family)), view.family.values(), strict=True):
        column.markdown(f"**{config.model.label}**")
        with column:
            panels.scatter(config, choice, quiet=True)
else:
    left, right = st.columns(2)
    with left:
        panels.scatter(view.picked, choice, quiet=False)
    with right:
        panels.plane_or_bars(view.picked, choice)
panels.picked(view, choice)

widgets.how_to_read(
    r"""
A point is the **mean of the posterior** q(z | x) of a test image x, the same images in every
panel; axes are equal, so circles are circles. Where two latents are drawn as they are, not
principal components or t-SNE, grey circles are 1, 2 and 3 standard deviations of the prior p(z) =
N(0, I). It is drawn for the autoencoders too, though they never heard of
it: look how little their codes care.

- **Decoded plane** (two latents, *One large*): what the decoder makes of every place on the same
  axes. Where no code lies, the decoder was never asked: that is where a random draw may land.
- **Ellipse**: 1 and 2 σ of the posterior of the picked image. A VAE's images claim an area, and
  the areas tile the plane; an autoencoder's images claim a point.
- **Nearest codes** are nearest in all latents, not in the two that are drawn.
- *Principal components* keep straight lines straight; *t-SNE* (van der Maaten and Hinton 2008;
  1,000 codes) keeps neighbours together and nothing else: neither distances between clouds nor
  their sizes mean anything.

Sources: Kingma and Welling 2014, section 3 (posterior and prior); Hinton and Salakhutdinov 2006
(codes of an autoencoder).
"""
)
