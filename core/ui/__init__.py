"""The seam between the library and the pages: the frame, cached calls, widgets that several pages share."""

from core.ui import cache, latents, quality, widgets
from core.ui.frame import View, current_view, draw_frame

__all__ = ["View", "cache", "current_view", "draw_frame", "latents", "quality", "widgets"]
