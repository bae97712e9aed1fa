"""The whole family in one class: encoder, posterior, decoder, likelihood, and a prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.architecture import decoder_of, encoder_of
from core.config import ModelConfig, RunConfig
from core.models import networks
from core.models.likelihoods import Bernoulli, GaussianLikelihood, Likelihood
from core.models.posteriors import (
    Fixed,
    Gaussian,
    Learned,
    LearnedSquashed,
    Point,
    Posterior,
    Recognised,
    Squash,
    Squashed,
)
from core.models.priors import Mixture, Prior, StandardNormal, Uniform, Vamp


class Pass(NamedTuple):
    """One pass of a batch through the model.

    Args:
        posterior: over codes, (B, L).
        z: one code per image, drawn from it, (B, L).
        output: the decoder's, (B, 1, H, W): logits for a Bernoulli likelihood, means for a
            Gaussian one.
    """

    posterior: Gaussian | Squashed
    z: Tensor
    output: Tensor


class Autoencoder(nn.Module):
    """An autoencoder, a noise-injected autoencoder, a VAE, a β-VAE or an InfoGAN.

    The posterior decides which. An InfoGAN's encoder is its discriminator, which says in one
    output more whether an image is real; its decoder is its generator, which takes noise beside
    the code, and the noise's mean where no noise is given.

    Args:
        encoder: images (B, 1, H, W) -> (B, L · outputs per latent of the posterior).
        posterior: the encoder's output -> a Gaussian over codes.
        decoder: codes (B, L) -> parameters of the likelihood (B, 1, H, W).
        likelihood: the decoder's output -> distribution of images.
        prior: distribution of codes.
    """

    def __init__(
        self,
        encoder: nn.Sequential,
        posterior: Posterior,
        decoder: nn.Sequential,
        likelihood: Likelihood,
        prior: Prior,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.posterior = posterior
        self.decoder = decoder
        self.likelihood = likelihood
        self.prior = prior
        if isinstance(prior, Vamp):
            prior.attach(self.encode)

    def encode(self, x: Tensor) -> Gaussian | Squashed:
        """Return the posterior over codes of images x (B, 1, H, W), in float32.

        The layers may have computed in a lower precision.
        """
        return self.posterior(self.encoder(x).float())

    def decode(self, z: Tensor) -> Tensor:
        """Return the expected images (B, 1, H, W) of codes z (B, L)."""
        return self.likelihood.mean(self.decoder(z).float())

    def forward(self, x: Tensor, generator: torch.Generator | None = None) -> Pass:
        """Return posterior, sampled codes and the decoder's output for images x (B, 1, H, W)."""
        posterior = self.encode(x)
        z = posterior.sample(generator)
        return Pass(posterior, z, self.decoder(z).float())


def unsquashed(model: Autoencoder) -> Autoencoder:
    """Return the same model of codes before a uniform prior's box squashes them.

    There the prior is the standard normal and the posterior a Gaussian. p(x given z), log p(x),
    the ELBO, every KL and the mutual information are the same, since the squashing can be undone.
    The weights are shared. A model with another prior is returned as it is.
    """
    if not isinstance(model.posterior, LearnedSquashed):
        return model
    decoder = nn.Sequential(Squash(), *model.decoder)
    prior = StandardNormal(model.prior.latent_dim)
    same = Autoencoder(model.encoder, Learned(), decoder, model.likelihood, prior)
    return same.train(model.training)


def build(config: RunConfig) -> Autoencoder:
    """Return the untrained model of a run, its weights decided by the run's seed.

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.train.seed)
        model = _assemble(config)
        if isinstance(model.posterior, Recognised):
            networks.start_wide(model.encoder)
            networks.start_wide(model.decoder)
        return model


def restore(config: RunConfig, weights: Mapping[str, Tensor | NDArray[Any]]) -> Autoencoder:
    """Return the trained model of a run from its stored weights, in float32, ready to be read.

    Args:
        config: of the run.
        weights: the model's state by name, as arrays or as tensors.

    Raises:
        RuntimeError: the weights are not those of this config.
    """
    with torch.device("meta"):
        model = _assemble(config)
    state = {name: _single(weight) for name, weight in weights.items()}
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False)


def _single(weight: Tensor | NDArray[Any]) -> Tensor:
    """Return a weight as a tensor in float32, whose memory is its own where it was an array."""
    if isinstance(weight, Tensor):
        return weight.float()
    return torch.tensor(weight, dtype=torch.float32)


def weights_of(config: RunConfig) -> dict[str, tuple[int, ...]]:
    """Return name -> shape of every weight of a run's model, without memory for the weights.

    >>> from core.recipes import recipe
    >>> weights_of(recipe("digits", "ae", hidden=()))["encoder.1.weight"]
    (2, 64)
    """
    with torch.device("meta"):
        model = _assemble(config)
    return {name: tuple(weight.shape) for name, weight in model.state_dict().items()}


def _assemble(config: RunConfig) -> Autoencoder:
    model = config.model
    # The encoder comes first: a seed's weights are drawn in order.
    encoder = networks.sequential(encoder_of(config))
    decoder = networks.sequential(decoder_of(config))
    prior = _prior(model, config.data.size)
    return Autoencoder(encoder, _posterior(model), decoder, _likelihood(model), prior)


def _likelihood(model: ModelConfig) -> Likelihood:
    return Bernoulli() if model.likelihood == "bernoulli" else GaussianLikelihood(model.scale)


def _posterior(model: ModelConfig) -> Posterior:
    if model.posterior == "point":
        return Point()
    if model.posterior == "fixed":
        assert model.noise_ratio is not None
        return Fixed(model.noise_ratio)
    if model.posterior == "recognised":
        return Recognised()
    return LearnedSquashed() if model.prior == "uniform" else Learned()


def _prior(model: ModelConfig, size: int) -> Prior:
    if model.prior == "uniform":
        return Uniform(model.latent_dim)
    if model.components is None:
        return StandardNormal(model.latent_dim)
    if model.prior == "mixture":
        return Mixture(model.latent_dim, model.components)
    return Vamp(model.latent_dim, model.components, size)
