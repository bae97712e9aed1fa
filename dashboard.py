"""Latent Lab: `streamlit run dashboard.py`."""

from core.ui.kit import draw_frame

draw_frame()
