"""Maximum likelihood by hand: products and sums of logs, and cross-entropy as a likelihood."""

from __future__ import annotations

from core.ui.frame import View


def draw(_: View) -> None:
    """Draw maximum likelihood by hand; it looks at no run."""
