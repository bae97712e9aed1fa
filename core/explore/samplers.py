"""The sources of random codes by name, for a sentence about them that draws none."""

SAMPLERS = {
    "box": "Uniform box",
    "prior": "Prior",
    "gaussian": "Fitted Gaussian",
    "mixture": "Fitted mixture",
}
"""Name in commands and links -> label on the screen."""

COMPONENTS = 10
"""Gaussians of the fitted mixture, with full covariances, as in Ghosh et al. 2020, section 5."""
