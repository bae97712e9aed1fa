"""Train a run in front of the class: in the background, once for everybody, and watch it form."""

import streamlit as st

from core.ui.kit import current_view, twins, widgets
from core.ui.train import fetching, films, studio

view = current_view()
widgets.heading(
    "What if you change one number?",
    "Choose, press **Start**, and watch the latent space form. It is trained in a process of its"
    " own, once for everybody who asks for the same; leave the page, and it goes on.",
)
with st.container(border=True):
    config = studio.choose(view.picked.data.name)
    job = studio.job_of(config) if config else None
    if config:
        studio.offer(config, job, view.picked)
fetching.draw(view.picked.data)
if config:
    studio.watch(config, job)
    twins.note_of(config.data)
st.subheader("How did the latent space form?", anchor=False)
films.draw_films(view)
studio.everyone(config)
studio.own_runs()

widgets.how_to_read(
    r"""
Every model minimises $-\log p(x \mid z) + \beta\,\mathrm{KL}(q(z \mid x) \| p(z))$, averaged over
images, with Adam and a learning rate that falls to 0 along half a cosine (Loshchilov and Hutter
2017). Left, *nll*, the distortion; right, *KL*, the rate; dotted while training, solid on test
images, with one code for each. A noisy AE and an AE are charged no KL.

The **estimate** is made by timing a few steps of this very model on this machine; a busy machine
takes longer. A training that is stopped, or whose server goes away, is kept as it was a few
seconds before and **goes on from there**: it ends in the same weights, to the last bit, as one
that was never interrupted.

**The film** shows the codes of the first 1,000 test images before training, after the first epochs
and then further and further apart, and beside them what a grid of places decodes to. Both are
squares around the origin, ±the number in the corner, just wide enough for the codes of that
moment; the prior's 1, 2 and 3σ circles tell how wide that is. Where the circles shrink to a dot,
the codes have run away from the prior.

Everyone sees the same shelf. The queue works off one training at a time; how many may wait, how
long they may be and how many runs are kept is set by whoever runs this server.

Sources: Kingma and Welling 2014; Higgins et al. 2017 (β); Kingma and Ba 2015 (Adam).
"""
)
