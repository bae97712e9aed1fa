"""Latent Lab on Streamlit Community Cloud, which installs the requirements.txt in this folder."""

import sys
from pathlib import Path

PROJECT = str(Path(__file__).resolve().parents[1])
if PROJECT not in sys.path:  # Streamlit looks for modules beside this file only
    sys.path.insert(0, PROJECT)

from core.ui.kit import draw_frame  # noqa: E402

draw_frame()
