"""Likelihoods p(x given z): Bernoulli, or Gaussian with a fixed or learned scale."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Bernoulli(nn.Module):
    """Each pixel is 1 with probability sigmoid(logit), else 0; the decoder's output is the logits.

    Its nll is the binary cross-entropy, summed over pixels. For binary images (sprites) that is a
    negative log-likelihood in nats. For grey intensities in [0, 1] (digits, mnist) it is not: it
    is the cross-entropy between the pixel read as a probability and the decoder's probability, the
    average nll of images binarised at random with that probability. It never reaches 0, not even
    for a perfect reconstruction (the floor is the pixels' own entropy), and it must not be held
    against likelihoods of binary or of continuous images.
    """

    def mean(self, output: Tensor) -> Tensor:
        """Return the expected image, in [0, 1], of the output's shape."""
        return output.sigmoid()

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """Return -log p(x given z) in nats per image (B,); output and x are (B, ...)."""
        return F.binary_cross_entropy_with_logits(output, x, reduction="none").flatten(1).sum(1)


class GaussianLikelihood(nn.Module):
    """Each pixel is normal around the decoder's output; all share one standard deviation.

    Its nll, ½ (x - mean)²/scale² + log scale + ½ log 2π summed over pixels, is the squared error
    up to a factor and a constant. It is a density's: in nats, but it may be negative, and it
    depends on the unit of intensity. With a linear encoder and decoder (`hidden` empty) the model
    is probabilistic PCA (Tipping and Bishop 1999, https://doi.org/10.1111/1467-9868.00196).

    Args:
        scale: the standard deviation in units of pixel intensity; learned, from 0.1, when left
            out.
    """

    log_scale: Tensor

    def __init__(self, scale: float | None = None) -> None:
        super().__init__()
        start = torch.tensor(math.log(0.1 if scale is None else scale))
        if scale is None:
            self.log_scale = nn.Parameter(start)
        else:
            self.register_buffer("log_scale", start)

    def mean(self, output: Tensor) -> Tensor:
        """Return the expected image, the decoder's output itself; nothing keeps it in [0, 1]."""
        return output

    def nll(self, output: Tensor, x: Tensor) -> Tensor:
        """Return -log p(x given z) in nats per image (B,); output and x are (B, ...)."""
        error = (x - output).square() * (-2 * self.log_scale).exp()
        return (0.5 * (error + math.log(2 * math.pi)) + self.log_scale).flatten(1).sum(1)


Likelihood = Bernoulli | GaussianLikelihood
