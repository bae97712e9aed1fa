"""Latent Lab: `streamlit run dashboard.py`."""

from core.ui import draw_frame

draw_frame()
