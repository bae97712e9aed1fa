"""Noise."""

from core.ui import current_view, widgets

view = current_view()
widgets.heading("Does noise on the codes make an autoencoder a generator?", "")
widgets.stop_slider(view, "noise_ratio", "Noise η")
widgets.stop_slider(view, "beta", "β")
