import math
from typing import Any, final

import pytest
import torch
from torch import Tensor, nn

from core.config import DataConfig, ModelConfig, RunConfig
from core.data import digits
from core.devices import generator
from core.models import Autoencoder, build
from core.objectives import OBJECTIVES, Moment, Objective, Terms, loss, objective_of, terms
from core.recipes import recipe
from core.training import train

SCALE = 0.5


def probabilistic_pca() -> tuple[Autoencoder, Tensor, Tensor]:
    """Return a linear-Gaussian model whose encoder is the exact posterior, with its W and offset.

    The columns of W are orthogonal, so that the exact posterior has a diagonal covariance,
    (WᵀW/σ² + I)⁻¹.
    """
    model_config = ModelConfig(
        posterior="learned", latent_dim=2, likelihood="gaussian", scale=SCALE, hidden=()
    )
    model = build(RunConfig(data=DataConfig(name="digits"), model=model_config)).double()
    directions = torch.linalg.qr(torch.randn(64, 2, dtype=torch.float64, generator=generator(0))).Q
    w = directions * torch.tensor([2.0, 0.7], dtype=torch.float64)
    offset = torch.rand(64, dtype=torch.float64, generator=generator(1))
    precision = 1 + w.square().sum(0) / SCALE**2
    gain = (w / SCALE**2 / precision).T
    decode, encode = model.decoder[0], model.encoder[1]
    assert isinstance(decode, nn.Linear)
    assert isinstance(encode, nn.Linear)
    with torch.no_grad():
        decode.weight.copy_(w)
        decode.bias.copy_(offset)
        encode.weight.copy_(torch.cat([gain, torch.zeros(2, 64)]))
        encode.bias.copy_(torch.cat([-gain @ offset, -precision.log()]))
    return model, w, offset


def exact_log_likelihood(x: Tensor, w: Tensor, offset: Tensor) -> Tensor:
    covariance = w @ w.T + SCALE**2 * torch.eye(64, dtype=torch.float64)
    return torch.distributions.MultivariateNormal(offset, covariance).log_prob(x.flatten(1))


def mean_elbo(model: Autoencoder, x: Tensor, samples: int = 20_000) -> tuple[float, float]:
    """Return -(nll + KL), the ELBO, of one image x (1, 1, 8, 8) and its standard error."""
    now = _double_terms(model, x.expand(samples, 1, 8, 8))
    assert now.kl is not None
    bound = -(now.nll + now.kl)
    return bound.mean().item(), bound.std().item() / math.sqrt(samples)


def _double_terms(model: Autoencoder, x: Tensor) -> Terms:
    posterior = model.posterior(model.encoder(x))
    z = posterior.sample(generator(5))
    return Terms(model.likelihood.nll(model.decoder(z), x), model.prior.kl(posterior, z))


def test_the_elbo_is_exact_where_the_encoder_is_the_true_posterior():
    model, w, offset = probabilistic_pca()
    for x in torch.randn(3, 1, 1, 8, 8, dtype=torch.float64, generator=generator(2)):
        bound, error = mean_elbo(model, x)
        assert abs(bound - exact_log_likelihood(x, w, offset).item()) < 5 * error + 1e-9


def test_a_wrong_encoder_loses_exactly_its_kl_from_the_true_posterior():
    model, w, offset = probabilistic_pca()
    x = torch.randn(1, 1, 8, 8, dtype=torch.float64, generator=generator(2))
    shift, widening = 0.3, 0.4
    true = model.posterior(model.encoder(x))
    with torch.no_grad():
        model.encoder[1].get_parameter("bias").add_(
            torch.tensor([shift, shift, widening, widening])
        )
    wrong = model.posterior(model.encoder(x))
    normal = torch.distributions.Normal
    gap = (
        torch.distributions.kl_divergence(
            normal(wrong.mean, wrong.std), normal(true.mean, true.std)
        )
        .sum()
        .item()
    )
    bound, error = mean_elbo(model, x)
    assert gap > 0.1
    assert abs(exact_log_likelihood(x, w, offset).item() - bound - gap) < 5 * error


def test_beta_weighs_the_kl_summed_over_latents_and_averaged_over_images():
    model = build(recipe("digits", "vae", 3))
    now = terms(model, torch.rand(16, 1, 8, 8, generator=generator(0)), generator(1))
    assert now.kl is not None
    assert now.nll.shape == now.kl.shape == (16,)
    nll, kl = now.nll.mean(), now.kl.mean()
    for beta in (0.0, 1.0, 4.0):
        torch.testing.assert_close(loss(now, beta), nll + beta * kl)


@pytest.mark.parametrize("model", ["ae", "noisy-ae"])
def test_the_loss_of_models_without_a_kl_is_their_nll(model: str):
    now = terms(build(recipe("digits", model)), torch.rand(4, 1, 8, 8), generator(0))
    assert now.kl is None
    torch.testing.assert_close(loss(now, 1.0), now.nll.mean())


@pytest.mark.parametrize(
    ("name", "sums"),
    [
        ("ae", ("nll",)),
        ("noisy-ae", ("nll",)),
        ("vae", ("nll", "kl")),
        ("beta-vae", ("nll", "kl")),
        ("infogan", ()),
    ],
)
def test_an_objective_sums_what_its_training_minimises(name: str, sums: tuple[str, ...]):
    config = recipe("digits", name)
    model = build(config)
    x, noise, optimiser = torch.rand(5, 1, 8, 8), generator(0), torch.optim.SGD(model.parameters())
    objective = objective_of(model, config.model)
    assert objective.sums == sums
    assert objective.step(x, optimiser, noise, Moment(0, 0.0, 1.0)).shape == (len(sums),)
    assert tuple(objective.measure()) == objective.measures


def test_a_step_sums_the_terms_of_before_it_over_the_batch():
    config = recipe("digits", "vae")
    model = build(config)
    x, optimiser = torch.rand(5, 1, 8, 8), torch.optim.SGD(model.parameters(), lr=1e-3)
    before = terms(model, x, generator(3))
    sums = objective_of(model, config.model).step(x, optimiser, generator(3), Moment(0, 0.0, 4.0))
    assert before.kl is not None
    torch.testing.assert_close(sums, torch.stack([before.nll.sum(), before.kl.sum()]))
    after = terms(model, x, generator(3))
    assert loss(after, 4.0) < loss(before, 4.0)


@final
class SquaredError(Objective):
    """A further objective: the squared error of the mean code's reconstruction."""

    measures = ("far",)

    def __init__(self, model: Autoencoder, config: ModelConfig) -> None:
        super().__init__(model, config)
        self.sums = ()

    def step(
        self,
        x: Tensor,
        optimiser: torch.optim.Optimizer,
        noise: torch.Generator,
        moment: Moment,
        precision: torch.dtype = torch.float32,
    ) -> Tensor:
        optimiser.zero_grad(set_to_none=True)
        (self.model.decode(self.model.encode(x).mean) - x).square().sum().backward()
        optimiser.step()
        return torch.empty(0)

    def measure(self, *, seed: int = 0) -> dict[str, Any]:
        return {"far": next(self.model.parameters()).abs().max().item()}


def test_a_further_objective_is_a_class_and_a_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(OBJECTIVES, "point", SquaredError)
    config, data = recipe("digits", "ae", epochs=4), digits.load()
    first, *_, last = train(build(config), data, config, device=torch.device("cpu"))
    assert last.test.mse < first.test.mse
    assert math.isnan(last.nll)
    assert last.measured.keys() == {"far"}
