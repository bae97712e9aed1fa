"""Latent Lab: `streamlit run dashboard.py`."""

from core.ui.kit import draw_frame

# A process that trains in a test of pages reads this file again, under another name.
if __name__ == "__main__":
    draw_frame()
