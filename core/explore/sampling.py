"""Sources of random codes: a uniform box, the prior, or a density fitted to training codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.config import nearest
from core.explore.samplers import COMPONENTS, SAMPLERS
from core.opening import Run

if TYPE_CHECKING:
    from core.models import Prior

Codes = NDArray[np.float32]

_NARROWEST = 1e-6
"""Least half-width of a fitted box, for codes that are all at the origin."""


class Sampler(Protocol):
    """A source of random codes."""

    def sample(self, count: int, seed: int) -> Codes:
        """Return codes (count, L), the same for the same seed."""
        ...

    def centers(self, count: int, seed: int) -> Codes:
        """Return the middle (count, L) of what each code of `sample` is drawn from.

        It is the mean of the Gaussian or of the mixture's component, or the middle of the box.
        """
        ...


class Box:
    """Uniform on [-half_width, half_width] in every latent.

    Args:
        half_width: above 0, in units of the code.
        latent_dim: L.
    """

    def __init__(self, half_width: float, latent_dim: int) -> None:
        if not 0 < half_width < float("inf"):
            raise ValueError(
                f"half-width of the box should be above 0 and finite, got {half_width}"
            )
        self.half_width, self.latent_dim = half_width, latent_dim

    def sample(self, count: int, seed: int) -> Codes:
        """Return codes (count, L)."""
        unit = np.random.default_rng(seed).uniform(-1, 1, (count, self.latent_dim))
        return (self.half_width * unit).astype(np.float32)

    def centers(self, count: int, seed: int) -> Codes:
        """Return the origin (count, L)."""
        return np.zeros((count, self.latent_dim), np.float32)


class Normal:
    """A Gaussian.

    Args:
        mean: (L,).
        covariance: (L, L).
    """

    def __init__(self, mean: NDArray[np.floating], covariance: NDArray[np.floating]) -> None:
        self.mean, self.covariance = np.asarray(mean), np.asarray(covariance)
        values, vectors = np.linalg.eigh(covariance)
        self.root = vectors * np.sqrt(values.clip(0))

    def sample(self, count: int, seed: int) -> Codes:
        """Return codes (count, L)."""
        noise = np.random.default_rng(seed).normal(size=(count, len(self.mean)))
        return (self.mean + noise @ self.root.T).astype(np.float32)

    def centers(self, count: int, seed: int) -> Codes:
        """Return the mean (count, L)."""
        return np.tile(self.mean.astype(np.float32), (count, 1))


class Drawn:
    """The prior of a model.

    Args:
        prior: of any kind.
    """

    def __init__(self, prior: Prior) -> None:
        self.prior = prior

    def sample(self, count: int, seed: int) -> Codes:
        """Return codes (count, L)."""
        from core.devices import generator

        return self.prior.sample(count, generator(seed)).numpy()

    def centers(self, count: int, seed: int) -> Codes:
        """Return the middle (count, L) of the prior, or of each code's component."""
        from core.devices import generator
        from core.models.priors import centers

        return centers(self.prior, count, generator(seed)).numpy()


class Mixture:
    """A mixture of Gaussians with full covariances, fitted to codes by expectation maximisation.

    Source: Ghosh et al. 2020, From variational to deterministic autoencoders, section 4: ex-post
        density estimation, https://arxiv.org/abs/1903.12436.

    Args:
        codes: (N, L).
        components: how many Gaussians; fewer where there are fewer than 20 codes for each.
    """

    def __init__(self, codes: Codes, components: int = COMPONENTS) -> None:
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits

        components = max(1, min(components, len(codes) // 20))
        fitted: Any = GaussianMixture(
            components, random_state=0, reg_covar=1e-6 * float(codes.var(dtype=np.float64)) + 1e-12
        )
        with threadpool_limits(1):  # small matrices, and other visitors want the cores too
            fitted.fit(codes.astype(np.float64))
        self.weights = fitted.weights_
        self.parts = [
            Normal(m, c) for m, c in zip(fitted.means_, fitted.covariances_, strict=True)
        ]

    def sample(self, count: int, seed: int) -> Codes:
        """Return codes (count, L)."""
        drawn = np.stack([part.sample(count, seed) for part in self.parts])
        return drawn[self._chosen(count, seed), np.arange(count)]

    def centers(self, count: int, seed: int) -> Codes:
        """Return the mean (count, L) of each code's component."""
        means = np.stack([part.mean for part in self.parts])
        return means[self._chosen(count, seed)].astype(np.float32)

    def _chosen(self, count: int, seed: int) -> NDArray[np.integer]:
        """Return the component (count,) of each code."""
        draws = np.random.default_rng([seed, 1])
        return draws.choice(len(self.weights), count, p=self.weights)

    def density(self, codes: NDArray[np.floating], latents: Sequence[int]) -> NDArray[np.float64]:
        """Return the density (N,) of some latents alone, whatever the others are.

        Args:
            codes: values of these latents, (N, len(latents)).
            latents: which ones, counted from 0.
        """
        from scipy.stats import multivariate_normal as normal

        chosen = list(latents)
        density = np.zeros(len(codes))
        for weight, part in zip(self.weights, self.parts, strict=True):
            mean, covariance = part.mean[chosen], part.covariance[np.ix_(chosen, chosen)]
            own = normal.pdf(codes, mean, covariance)  # pyright: ignore[reportArgumentType]
            density += weight * own
        return density


def aggregate_posterior(mean: Codes, std: Codes, seed: int = 0) -> Codes:
    """Return a sample (N, L) of the aggregate posterior q(z): a code from each image's posterior.

    Without posterior noise (std 0) these are the codes themselves.
    """
    noise = np.random.default_rng(seed).normal(size=mean.shape)
    return (mean + std * noise).astype(np.float32)


def box_half_width(codes: Codes, share: float = 0.99) -> float:
    """Return the half-width of the smallest box around the origin with a share of codes (N, L).

    >>> box_half_width(np.array([[0.0, 1.0], [-3.0, 2.0]]), share=1)
    3.0
    """
    return float(np.quantile(np.abs(codes).max(axis=1), share))


def fitted_box(codes: Codes) -> Box:
    """Return the smallest box around the origin that holds 99 % of codes (N, L).

    Where all codes are at the origin it keeps a least width.
    """
    return Box(max(box_half_width(codes), _NARROWEST), codes.shape[1])


def sampler(
    name: str, codes: Codes, half_width: float | None = None, prior: Prior | None = None
) -> Sampler:
    """Return a source of codes.

    Args:
        name: one of `SAMPLERS`.
        codes: a sample of the aggregate posterior (N, L), which a box, Gaussian or mixture is
            fitted to.
        half_width: of the box; fitted to the codes when left out.
        prior: of the model; the standard normal when left out.

    Raises:
        ValueError: an unknown name.
    """
    latent_dim = codes.shape[1]
    if name == "box":
        return fitted_box(codes) if half_width is None else Box(half_width, latent_dim)
    if name == "prior":
        return Drawn(prior) if prior else Normal(np.zeros(latent_dim), np.eye(latent_dim))
    if name == "gaussian":
        return Normal(
            codes.mean(0, dtype=np.float64), np.cov(codes.T).reshape(latent_dim, latent_dim)
        )
    if name == "mixture":
        return Mixture(codes)
    raise ValueError(
        f"sampler should be one of {', '.join(SAMPLERS)}, got '{name}'{nearest(name, SAMPLERS)}"
    )


def sampler_of(run: Run, name: str, half_width: float | None = None) -> Sampler:
    """Return a source of codes for a run, fitted to its aggregate posterior.

    That is the one of its training images. A standard normal prior is drawn from without torch.

    Args:
        run: whose codes.
        name: one of `SAMPLERS`.
        half_width: of the box; fitted when left out.
    """
    prior = None if run.config.model.prior == "normal" else run.model.prior
    return sampler(name, codes_of(run, "train_"), half_width, prior)


def codes_of(run: Run, which: str = "", seed: int = 0) -> Codes:
    """Return one code (N, L) from the posterior of each image whose codes are kept.

    Under a uniform prior they lie within its box.

    Args:
        run: whose codes.
        which: `train_` for the first training images, nothing for the test images.
        seed: of the codes.
    """
    mean, std = run.codes[f"{which}mean"], run.codes[f"{which}std"]
    if run.config.model.prior != "uniform":
        return aggregate_posterior(mean, std, seed)

    import torch

    from core.devices import generator
    from core.models.posteriors import Squashed

    squashed = Squashed.from_moments(torch.from_numpy(mean), torch.from_numpy(std))
    return squashed.sample(generator(seed)).numpy()
