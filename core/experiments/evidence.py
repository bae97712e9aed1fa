"""log p(x) of every trained model, bounded by importance weighting, beside the ELBO."""

from __future__ import annotations

from core.experiments.kept import Study

IMAGES = 1000
"""Test images, at most, that the bound is taken of: every so many, from the first on."""

DRAWS = 16
"""Codes for each test image that the ELBO is taken with, of all test images."""

SAMPLES = {"mnist-dynamic": 5000, "mnist-static": 5000}
"""k for each image, as in the papers, for the data sets that are held against them."""

USUAL_SAMPLES = 500


EVIDENCE = Study(
    "evidence",
    f"{IMAGES} test images, k {USUAL_SAMPLES}, binarised {SAMPLES['mnist-dynamic']},"
    f" {DRAWS} draws, v3",
    "core.experiments.measuring.evidence:measure",
    covers=lambda config: config.model.posterior == "learned" and config.data.name != "sprites",
)
