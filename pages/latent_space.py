"""The codes of the test images, the pictures between them, and the meaning of one point."""

import streamlit as st

from core.ui.kit import current_view, widgets
from core.ui.latent_space import panels, planes

view = current_view()
on_planes = view.picked.model.latent_dim == 2
st.title("Where do the codes lie?", anchor=False)
st.markdown(
    "Each point is the code of one test image. An autoencoder may put it anywhere; a VAE pays for"
    " every step away from the prior, whose 1, 2 and 3 σ are circles where two latents are drawn"
    " as they are."
)
if on_planes:
    planes.draw(tuple(view.family.values()))
    choice = panels.AS_THEY_ARE
else:
    choice = panels.draw(view)
with st.expander(
    "What does one point mean?", icon=":material/my_location:", expanded=not on_planes
):
    panels.picked(view, choice)

widgets.how_to_read(
    r"""
A point is the **mean of the posterior** q(z | x) of a test image x, the same images in every
panel; axes are equal, so circles are circles. Where two latents are drawn as they are, not
principal components or t-SNE, grey circles are 1, 2 and 3 standard deviations of the prior p(z) =
N(0, I). It is drawn for the autoencoders too, though they never heard of
it: look how little their codes care.

- **Planes** (two latents): the browser decodes the place under the pointer, in the model whose
  plane it is; each plane has its own scale, so the same place means something else in each. A
  ring marks one test image in every plane; its reconstructions stand beside them. *What every
  place decodes to* shows the decoder where no code lies too: it was never asked there, and that
  is where a random draw may land.
- **A drawing** is centred as the data set's images are, and goes through every model's encoder
  and decoder in the browser; a star marks its code, the squared error is of the centred drawing.
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
