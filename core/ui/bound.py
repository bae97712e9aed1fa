"""The bound: the KL of two Gaussians, and exact log p(x) of two-latent runs beside the ELBO."""

from __future__ import annotations

from core.ui.frame import View


def draw(view: View) -> None:
    """Draw what the ELBO leaves out of log p(x).

    Args:
        view: what the visitor looks at.
    """
