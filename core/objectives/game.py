"""The game that trains an InfoGAN: generator against discriminator, and a code to be recognised.

The discriminator D tells real images x from generated ones G(c, n), made of a code c from the
prior and noise n; the generator tries to be taken for real (the non-saturating loss of Goodfellow
et al. 2014, https://arxiv.org/abs/1406.2661). A second head Q on the discriminator says which code
an image was made of, and both sides gain by what it gets right:

    discriminator, Q    softplus(-D(x)) + softplus(D(G(c, n)))
                        - λ log Q(c given G(c, n)) + γ/2 |∇ D(x)|²
    generator           softplus(-D(G(c, n))) - λ log Q(c given G(c, n))

-log Q bounds what is lost of the mutual information of code and image (Chen et al. 2016, equations
5 and 6, https://arxiv.org/abs/1606.03657). The last term keeps the game stable: at real images the
discriminator should be flat (R1; Mescheder et al. 2018, equation 9,
https://arxiv.org/abs/1801.04406). It is taken in every `LAZY`-th step, that much stronger (Karras
et al. 2020, section 3.1, https://arxiv.org/abs/1912.04958).

The discriminator sees all images under noise, which falls to nothing as the training ends
(instance noise; Sønderby et al. 2017, section 3.2, https://arxiv.org/abs/1610.04490). Sprites are
black and white, so without it every grey pixel would give the generator away; and a code could
hide in greys that nobody sees, where it must now move something large.
"""

from __future__ import annotations

from typing import Any, NamedTuple, final

import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import ModelConfig
from core.devices import generator, reduced_precision
from core.models import Autoencoder, Gaussian
from core.models.networks import Padded
from core.models.posteriors import Squash
from core.models.priors import Uniform
from core.objectives.base import Moment, Objective

GAMMA, LAZY = 1.0, 16
"""Weight γ of the penalty, and the number of steps of which one takes it."""
INSTANCE_NOISE = 0.5
"""Standard deviation at the start, in units of pixel intensity."""
EVALUATED = 1000
"""Number of generated images on which the game is measured."""


class Judgement(NamedTuple):
    """What a discriminator says of images.

    Args:
        logit: of being real, (B,); above 0 for images that it takes for real.
        recognised: distribution Q of the code that each image was made of, (B, L).
    """

    logit: Tensor
    recognised: Gaussian


@final
class Game(Objective):
    """The game of an InfoGAN, which minimises neither nll nor KL.

    Args:
        model: an InfoGAN.
        config: of the model; says λ.
    """

    betas = (0.5, 0.99)
    """The first as in Radford et al. 2016, https://arxiv.org/abs/1511.06434, as Chen et al. do."""
    measures = ("code_error", "fooled")

    def __init__(self, model: Autoencoder, config: ModelConfig) -> None:
        super().__init__(model, config)
        assert config.information is not None
        self.information, self.sums = config.information, ()

    def step(
        self,
        x: Tensor,
        optimiser: torch.optim.Optimizer,
        noise: torch.Generator,
        moment: Moment,
        precision: torch.dtype = torch.float32,
    ) -> Tensor:
        """Take one step of the discriminator, then one of the generator with the same codes.

        Arguments as in `Objective.step`; there is nothing to sum, (0,).
        """
        deviation = INSTANCE_NOISE * (1 - moment.progress)
        with reduced_precision(x.device, precision):
            codes, images = generated(self.model, len(x), noise)
            real = hidden(x, deviation, noise)
            fake = hidden(images.detach(), deviation, noise)
            played = discriminator_loss(self.model, real, fake, codes, self.information)
            if moment.step % LAZY == 0:
                played = played + 0.5 * GAMMA * LAZY * squared_slope(self.model, real)
        optimiser.zero_grad(set_to_none=True)
        played.backward()
        optimiser.step()

        with reduced_precision(x.device, precision):
            seen = hidden(images, deviation, noise)
            answered = generator_loss(self.model, seen, codes, self.information)
        # The discriminator's weights have no gradient then, and stay as they are.
        optimiser.zero_grad(set_to_none=True)
        weights = list(self.model.decoder.parameters())
        for weight, gradient in zip(weights, torch.autograd.grad(answered, weights), strict=True):
            weight.grad = gradient
        optimiser.step()
        return torch.empty(0, device=x.device)

    @torch.inference_mode()
    def measure(self, *, seed: int = 0) -> dict[str, Any]:
        """Return how the game stands, without instance noise; leave the model to evaluation.

        Args:
            seed: of codes and noise.

        Returns:
            `code_error`: mean squared error of the recognised codes of generated images, of each
            latent (L,), over the variance of the codes, which is 1: 0 if the image tells the code,
            1 if it tells nothing. `fooled`: share of generated images that the discriminator takes
            for real, in [0, 1].
        """
        self.model.eval()
        device = next(self.model.parameters()).device
        codes, images = generated(self.model, EVALUATED, generator(seed, device))
        logit, recognised = judged(self.model, images)
        error = (recognised.mean - codes).square().mean(0)
        fooled = (logit > 0).float().mean().item()
        return {"code_error": error.tolist(), "fooled": fooled}


def generated(model: Autoencoder, count: int, noise: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return codes (count, L) from the prior, and images (count, 1, H, W) of codes and noise."""
    first = model.decoder[0]
    assert isinstance(first, Padded)
    inputs = torch.randn(count, first.width, generator=noise, device=noise.device)
    codes, silent = inputs[:, : model.prior.latent_dim], inputs[:, model.prior.latent_dim :]
    if isinstance(model.prior, Uniform):
        codes = Squash()(codes)
    return codes, model.decode(torch.cat([codes, silent], 1))


def judged(model: Autoencoder, x: Tensor) -> Judgement:
    """Return what the discriminator says of images x (B, 1, H, W)."""
    output = model.encoder(x).float()
    recognised = model.posterior(output)
    assert isinstance(recognised, Gaussian)
    return Judgement(output[:, -1], recognised)


def hidden(images: Tensor, deviation: float, noise: torch.Generator) -> Tensor:
    """Return images (B, 1, H, W) under noise of a standard deviation, in units of intensity."""
    return images + deviation * torch.randn(images.shape, generator=noise, device=images.device)


def discriminator_loss(
    model: Autoencoder, real: Tensor, fake: Tensor, codes: Tensor, information: float
) -> Tensor:
    """Return what the discriminator minimises, without the penalty; a scalar.

    Args:
        model: an InfoGAN.
        real: images (B, 1, H, W).
        fake: generated images (B, 1, H, W).
        codes: that they were made of, (B, L).
        information: λ.
    """
    logit, recognised = judged(model, torch.cat([real, fake]))
    real_logit, fake_logit = logit.split(len(real))
    recognised = Gaussian(recognised.mean[len(real) :], recognised.log_var[len(real) :])
    return (
        F.softplus(-real_logit).mean()
        + F.softplus(fake_logit).mean()
        + information * _surprise(recognised, codes)
    )


def generator_loss(model: Autoencoder, fake: Tensor, codes: Tensor, information: float) -> Tensor:
    """Return what the generator minimises; a scalar, arguments as in `discriminator_loss`."""
    logit, recognised = judged(model, fake)
    return F.softplus(-logit).mean() + information * _surprise(recognised, codes)


def squared_slope(model: Autoencoder, x: Tensor) -> Tensor:
    """Return the mean squared gradient of the logit at images x (B, 1, H, W); a scalar."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(judged(model, x).logit.sum(), x, create_graph=True)
    return gradient.float().square().flatten(1).sum(1).mean()


def _surprise(recognised: Gaussian, codes: Tensor) -> Tensor:
    """Return -log Q of codes (B, L), in nats, averaged over images; a scalar."""
    return -recognised.log_prob(codes).sum(1).mean()
