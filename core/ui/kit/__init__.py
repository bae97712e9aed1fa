"""The kit: what every page is built from, whatever it shows."""

from core.ui.kit import cache, widgets
from core.ui.kit.frame import current_view, draw_frame, page_file
from core.ui.kit.picker import View

__all__ = ["View", "cache", "current_view", "draw_frame", "page_file", "widgets"]
