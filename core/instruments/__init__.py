"""What moves under a finger: runs, codes and pictures as bytes, and the code that decodes them.

It is shared by the pages and by files that are handed out: no Streamlit, no plotly, no torch.
"""

from core.explore.layers import decode, encode
from core.instruments.bundle import Entry, encodable, pack
from core.instruments.codes import GaussianMixture, prior_of, prior_table
from core.instruments.scripts import script

__all__ = [
    "Entry",
    "GaussianMixture",
    "decode",
    "encodable",
    "encode",
    "pack",
    "prior_of",
    "prior_table",
    "script",
]
