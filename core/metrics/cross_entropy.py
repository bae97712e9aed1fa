"""Cross-entropy and the negative log-likelihood of labels, each computed on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def descend(
    x: Floats, labels: NDArray[np.integer], classes: int, updates: int, rate: float = 1.0
) -> Floats:
    """Return the weights of a linear softmax classifier after 0, 1, ... updates.

    It starts from zeros and steps down the gradient of its cross-entropy on all images, mean (p -
    y) xᵀ.

    Args:
        x: (N, D) images in rows.
        labels: (N,) classes, from 0.
        classes: number of classes K.
        updates: number of updates U, at least 0.
        rate: length of a step.

    Returns:
        Weights, (U + 1, K, D + 1); the last column is the bias.
    """
    inputs, targets = _with_one(x), np.eye(classes)[labels]
    weights = [np.zeros((classes, inputs.shape[1]))]
    for _ in range(updates):
        scores = inputs @ weights[-1].T
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        weights.append(weights[-1] - rate * (p - targets).T @ inputs / len(inputs))
    return np.stack(weights)


def predicted(weights: Floats, x: Floats) -> Floats:
    """Return a softmax classifier's probabilities of each class, (N, K).

    Args:
        weights: (K, D + 1) weights, the bias last.
        x: (N, D) images in rows.
    """
    return torch.from_numpy(_with_one(x) @ weights.T).softmax(-1).numpy()


@dataclass(frozen=True)
class Loss:
    """A loss and its gradient.

    Args:
        value: the loss in nats per image.
        gradient: (K, D + 1) its gradient in the weights, by automatic differentiation.
    """

    value: float
    gradient: Floats


def cross_entropies(weights: Floats, x: Floats, labels: NDArray[np.integer]) -> dict[str, Loss]:
    """Return a classifier's cross-entropy and its negative log-likelihood, each on its own.

    With y the label as a distribution (1 at the label, 0 elsewhere) and p the softmax,

    H(y, p) = - sum_k y_k ln p_k = - ln p_label

    so the average cross-entropy is the negative log-likelihood of the labels, divided by their
    number. All are computed in double precision.

    Source: Goodfellow, Bengio and Courville 2016, Deep Learning, section 5.5,
        https://www.deeplearningbook.org/contents/ml.html.

    Args:
        weights: (K, D + 1) weights, the bias last.
        x: (N, D) images in rows.
        labels: (N,) classes, from 0.

    Returns:
        Way of computing -> loss: `library` (torch's cross-entropy), `formula` and `likelihood`.

    >>> losses = cross_entropies(np.zeros((2, 2)), np.ones((1, 1)), np.array([0]))
    >>> [round(loss.value, 6) for loss in losses.values()]
    [0.693147, 0.693147, 0.693147]
    """
    inputs = torch.from_numpy(_with_one(x))  # (N, D + 1)
    right = torch.from_numpy(np.asarray(labels, np.int64))  # (N,)

    def library(scores: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(scores, right)

    def formula(scores: torch.Tensor) -> torch.Tensor:
        target = F.one_hot(right, scores.shape[-1]).to(scores.dtype)
        return -(target * scores.softmax(-1).log()).sum(-1).mean()

    def likelihood(scores: torch.Tensor) -> torch.Tensor:
        # The probability of the observed label comes without a softmax over all classes.
        at_label = scores.gather(1, right[:, None])[:, 0]
        return -torch.log(at_label.exp() / scores.exp().sum(-1)).mean()

    losses = {}
    for way in (library, formula, likelihood):
        leaf = torch.tensor(weights, requires_grad=True)
        value = way(inputs @ leaf.T)
        (gradient,) = torch.autograd.grad(value, leaf)
        losses[way.__name__] = Loss(float(value.detach()), gradient.numpy())
    return losses


def _with_one(x: Floats) -> Floats:
    """Return images with a column of ones for the bias, (N, D + 1)."""
    return np.concatenate([np.asarray(x, np.float64), np.ones((len(x), 1))], axis=1)
