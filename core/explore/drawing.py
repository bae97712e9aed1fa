"""Images drawn from p(x given z), pixel by pixel, beside their means."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.devices import generator
from core.models import Autoencoder
from core.models.likelihoods import Bernoulli

Floats = NDArray[np.float32]


@torch.inference_mode()
def means_and_draws(
    model: Autoencoder, codes: NDArray[np.floating], seed: int = 0
) -> tuple[Floats, Floats]:
    """Return the expected image of each code, and one image drawn from its likelihood.

    x_d from Bernoulli(mean_d), or from N(mean_d, σ²), each pixel alone

    The decoder's picture is the mean; the drawn image shows what the model takes an image for.

    Args:
        model: says decoder and likelihood.
        codes: (N, L).
        seed: of the pixels.

    Returns:
        Means and draws, (N, H, W) each. A Gaussian's leave [0, 1], where no picture can follow.
    """
    output = model.decoder(torch.from_numpy(np.asarray(codes, np.float32))).float()
    mean, random = model.likelihood.mean(output), generator(seed)
    if isinstance(model.likelihood, Bernoulli):
        drawn = (torch.rand(mean.shape, generator=random) < mean).float()
    else:
        drawn = mean + model.likelihood.log_scale.exp() * torch.randn(mean.shape, generator=random)
    return mean.squeeze(1).numpy(), drawn.squeeze(1).numpy()
