"""The seam between the library and the pages: the frame, cached calls, widgets that several pages share."""

import os

# Every request runs in a new thread; a pool of threads for each would take torch longer to start
# than to decode.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.ui import (
    bound,
    by_hand,
    cache,
    costs,
    decoders,
    disentanglement,
    drawer,
    factors,
    films,
    interpolations,
    latents,
    noise,
    noise_verdict,
    passages,
    prices,
    prior_verdict,
    priors,
    protocol,
    quality,
    rate,
    studio,
    traversals,
    twins,
    widgets,
)
from core.ui.frame import View, current_view, draw_frame, page_file

__all__ = [
    "View",
    "bound",
    "by_hand",
    "cache",
    "costs",
    "current_view",
    "decoders",
    "disentanglement",
    "draw_frame",
    "drawer",
    "factors",
    "films",
    "interpolations",
    "latents",
    "noise",
    "noise_verdict",
    "page_file",
    "passages",
    "prices",
    "prior_verdict",
    "priors",
    "protocol",
    "quality",
    "rate",
    "studio",
    "traversals",
    "twins",
    "widgets",
]
