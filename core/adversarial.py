"""How an InfoGAN is trained: a game of generator and discriminator, and a code that can be read
off the image.

The discriminator D tells real images x from generated ones G(c, n), made of a code c from the
prior and noise n; the generator tries to be taken for real (the non-saturating loss of Goodfellow
et al. 2014). A second head Q on the discriminator says which code an image was made of, and both
sides gain by what it gets right:

    discriminator and Q    softplus(-D(x)) + softplus(D(G(c, n))) - λ log Q(c given G(c, n)) + γ/2
    |∇ D(x)|² generator              softplus(-D(G(c, n))) - λ log Q(c given G(c, n))

-log Q bounds what is lost of the mutual information of code and image (Chen et al. 2016, equations
5 and 6). The last term keeps the game stable: at real images the discriminator should be flat (R1;
Mescheder et al. 2018, equation 9). It is taken in every `LAZY`-th step, that much stronger (Karras
et al. 2020, section 3.1).

Whatever the discriminator sees is under noise, which falls to nothing as the training ends
(instance noise; Sønderby et al. 2017, section 3.2). Sprites are black and white, so without it
every grey pixel would give the generator away; and a code could hide in greys that nobody sees,
where it must now move something large.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.devices import generator, reduced_precision
from core.models import Autoencoder, Gaussian
from core.models.networks import Padded
from core.models.posteriors import Recognised, Squash
from core.models.priors import Uniform

BETAS = (0.5, 0.99)
"""Of Adam; the first as in Radford et al. 2016, whom Chen et al. follow."""
GAMMA, LAZY = 1.0, 16
INSTANCE_NOISE = 0.5
"""Standard deviation at the start, in units of pixel intensity."""
EVALUATED = 1000
"""Generated images on which the game is measured."""


class Game(NamedTuple):
    """How the game stands.

    Args:
        code_error: mean squared error of the recognised codes of generated images, of each latent
            (L,), over their variance, which is 1: 0 if the image tells the code, 1 if it tells
            nothing.
        fooled: share of generated images that the discriminator takes for real.
    """

    code_error: tuple[float, ...]
    fooled: float


def is_played(model: Autoencoder) -> bool:
    """Return whether a model is trained by this game."""
    return isinstance(model.posterior, Recognised)


def step(
    model: Autoencoder,
    x: Tensor,
    optimiser: torch.optim.Optimizer,
    noise: torch.Generator,
    *,
    information: float,
    instance_noise: float = 0.0,
    flatten: bool = False,
    precision: torch.dtype = torch.float32,
) -> None:
    """Take one step of the discriminator, then one of the generator with the same codes.

    Args:
        model: an InfoGAN.
        x: real images (B, 1, H, W).
        optimiser: of all weights; those without a gradient stay as they are.
        noise: source of all that is random.
        information: λ.
        instance_noise: standard deviation of what hides the images from the discriminator.
        flatten: whether this step takes the penalty.
        precision: of the layers' products.
    """
    with reduced_precision(x.device, precision):
        codes, images = generated(model, len(x), noise)
        real, fake = (
            _hidden(x, instance_noise, noise),
            _hidden(images.detach(), instance_noise, noise),
        )
        played = _loss_of_discriminator(model, real, fake, codes, information)
        if flatten:
            played = played + 0.5 * GAMMA * LAZY * _squared_slope(model, real)
    optimiser.zero_grad(set_to_none=True)
    played.backward()
    optimiser.step()
    with reduced_precision(x.device, precision):
        logit, recognised = judged(model, _hidden(images, instance_noise, noise))
        answered = F.softplus(-logit).mean() + information * _surprise(recognised, codes)
    optimiser.zero_grad(set_to_none=True)
    weights = list(model.decoder.parameters())
    for weight, gradient in zip(weights, torch.autograd.grad(answered, weights), strict=True):
        weight.grad = gradient
    optimiser.step()


def generated(model: Autoencoder, count: int, noise: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return codes (count, L) from the prior, and images (count, 1, H, W) made of them and of noise."""
    first = model.decoder[0]
    assert isinstance(first, Padded)
    inputs = torch.randn(count, first.width, generator=noise, device=noise.device)
    codes, silent = inputs[:, : model.prior.latent_dim], inputs[:, model.prior.latent_dim :]
    if isinstance(model.prior, Uniform):
        codes = Squash()(codes)
    return codes, model.decode(torch.cat([codes, silent], 1))


def judged(model: Autoencoder, x: Tensor) -> tuple[Tensor, Gaussian]:
    """Return what the discriminator makes of images x (B, 1, H, W): logit of being real (B,), code recognised."""
    output = model.encoder(x).float()
    recognised = model.posterior(output)
    assert isinstance(recognised, Gaussian)
    return output[:, -1], recognised


@torch.inference_mode()
def measure(model: Autoencoder, *, seed: int = 0) -> Game:
    """Return how the game stands, without instance noise; the model is left in evaluation mode.

    Args:
        model: an InfoGAN.
        seed: of the codes.
    """
    model.eval()
    codes, images = generated(model, EVALUATED, generator(seed, next(model.parameters()).device))
    logit, recognised = judged(model, images)
    error = (recognised.mean - codes).square().mean(0)
    return Game(tuple(error.tolist()), (logit > 0).float().mean().item())


def _hidden(images: Tensor, deviation: float, noise: torch.Generator) -> Tensor:
    """Return images under noise of a standard deviation."""
    return images + deviation * torch.randn(images.shape, generator=noise, device=images.device)


def _loss_of_discriminator(
    model: Autoencoder, real: Tensor, fake: Tensor, codes: Tensor, information: float
) -> Tensor:
    logit, recognised = judged(model, torch.cat([real, fake]))
    of_real, of_fake = logit.split(len(real))
    codes_of_fake = Gaussian(recognised.mean[len(real) :], recognised.log_var[len(real) :])
    return (
        F.softplus(-of_real).mean()
        + F.softplus(of_fake).mean()
        + information * _surprise(codes_of_fake, codes)
    )


def _squared_slope(model: Autoencoder, x: Tensor) -> Tensor:
    """Return the mean squared length of the gradient of the discriminator's logit at images x (B, 1, H, W)."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(judged(model, x)[0].sum(), x, create_graph=True)
    return gradient.float().square().flatten(1).sum(1).mean()


def _surprise(recognised: Gaussian, codes: Tensor) -> Tensor:
    """Return -log Q of the codes (B, L) that images were made of, in nats, averaged over images; a scalar."""
    return -recognised.log_prob(codes).sum(1).mean()
