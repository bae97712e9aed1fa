"""log p(x) against closed forms: probabilistic PCA, a linear decoder where all is Gaussian."""

import itertools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, kl_divergence

from core.devices import generator
from core.metrics.likelihood import elbo, gaps, importance_weighted, quadrature, true_posterior
from core.metrics.likelihood.joint import log_likelihoods
from core.models import Autoencoder, build
from core.models.likelihoods import Bernoulli, GaussianLikelihood
from core.models.posteriors import Gaussian, Learned
from core.models.priors import StandardNormal
from core.recipes import recipe

SIDE = 3
IMAGES = torch.rand((6, 1, SIDE, SIDE), dtype=torch.float64, generator=generator(0))


class Linear(NamedTuple):
    """Probabilistic PCA and what is known of it."""

    model: Autoencoder
    evidence: np.ndarray
    true: MultivariateNormal
    q: MultivariateNormal

    @property
    def gap(self) -> np.ndarray:
        return kl_divergence(self.q, self.true).numpy()


def linear(
    latents: int = 2,
    scale: float = 0.5,
    *,
    upright: bool = False,
    off: float = 0.0,
    wider: float = 1.0,
):
    """Return x = W z + b + noise, a model with the right encoder.

    Args:
        latents: L.
        scale: standard deviation of the noise.
        upright: whether W's columns are at right angles: the true posterior's latents are then
            independent, so that the encoder can be exactly right.
        off: standard deviations that the encoder's means lie away from the true ones.
        wider: factor on the encoder's standard deviations.
    """
    pixels = SIDE * SIDE
    weight = torch.randn((pixels, latents), dtype=torch.float64, generator=generator(1))
    weight = (
        torch.linalg.qr(weight)[0] * torch.linspace(1, 2, latents, dtype=torch.float64)
        if upright
        else weight
    )
    bias = torch.randn(pixels, dtype=torch.float64, generator=generator(2))
    likelihood = GaussianLikelihood(scale).double()
    scale = float(likelihood.log_scale.exp())  # it was rounded to single precision
    precision = weight.T @ weight / scale**2 + torch.eye(latents, dtype=torch.float64)
    to_mean = torch.linalg.inv(precision) @ weight.T / scale**2
    std = precision.diagonal() ** -0.5
    model = by_hand(nn.Linear(latents, pixels), likelihood, latents)
    with torch.no_grad():
        fill(model.decoder[0], weight, bias)
        means = off * std - to_mean @ bias
        fill(
            model.encoder[1],
            torch.cat([to_mean, 0 * to_mean]),
            torch.cat([means, 2 * (wider * std).log()]),
        )
        x = IMAGES.flatten(1)
        marginal = MultivariateNormal(
            bias, weight @ weight.T + scale**2 * torch.eye(pixels, dtype=torch.float64)
        )
        q = model.posterior(model.encoder(IMAGES))
        return Linear(
            model,
            marginal.log_prob(x).numpy(),
            MultivariateNormal(
                (x - bias) @ to_mean.T, precision_matrix=precision.expand(len(x), -1, -1)
            ),
            MultivariateNormal(q.mean, scale_tril=torch.diag_embed(q.std)),
        )


def by_hand(
    decoder: nn.Linear, likelihood: Bernoulli | GaussianLikelihood, latents: int
) -> Autoencoder:
    pixels = decoder.out_features
    return Autoencoder(
        encoder=nn.Sequential(nn.Flatten(), nn.Linear(pixels, 2 * latents)),
        posterior=Learned(),
        decoder=nn.Sequential(
            decoder, nn.Unflatten(1, (1, math.isqrt(pixels), math.isqrt(pixels)))
        ),
        likelihood=likelihood,
        prior=StandardNormal(latents),
    ).double()


def fill(layer: nn.Module, weight: Tensor, bias: Tensor | None = None) -> None:
    assert isinstance(layer, nn.Linear)
    layer.weight.copy_(weight)
    if bias is not None:
        layer.bias.copy_(bias)


def rough(latents: int = 2) -> Autoencoder:
    """Return a model whose log-likelihood is bent and has more than one hill."""
    model = by_hand(nn.Linear(20, SIDE * SIDE), Bernoulli(), latents)
    model.decoder.insert(0, nn.Linear(latents, 20).double())
    model.decoder.insert(1, nn.ReLU())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(
                2
                * torch.randn(
                    parameter.shape, dtype=torch.float64, generator=generator(parameter.numel())
                )
            )
        fill(
            model.encoder[1],
            0.2
            * torch.randn((2 * latents, SIDE * SIDE), dtype=torch.float64, generator=generator(9)),
        )
    return model


@pytest.mark.parametrize("latents", [1, 2])
@pytest.mark.parametrize("scale", [1.0, 0.3, 0.02])
def test_quadrature_is_the_closed_form(latents: int, scale: float):
    known = linear(latents, scale)
    value, error = quadrature(known.model, IMAGES)
    np.testing.assert_allclose(value, known.evidence, atol=1e-3, rtol=0)
    assert (abs(value - known.evidence) <= error + 1e-4).all()
    assert error.max() <= 0.01


@pytest.mark.parametrize("off", [30.0, -300.0])
def test_quadrature_finds_the_mass_where_the_encoder_does_not_look(off: float):
    known = linear(scale=0.05, off=off, wider=0.1)
    np.testing.assert_allclose(
        quadrature(known.model, IMAGES).value, known.evidence, atol=1e-3, rtol=0
    )


def test_quadrature_of_an_image_does_not_depend_on_the_others():
    model = rough()
    together, alone = (
        quadrature(model, IMAGES),
        [quadrature(model, image[None]) for image in IMAGES],
    )
    np.testing.assert_allclose(together.value, [one.value[0] for one in alone], atol=0.01)


def test_quadrature_in_single_precision_is_that_in_double():
    model = build(recipe("digits", "vae", hidden=(32,), likelihood="gaussian", scale=0.05))
    x = torch.rand((4, 1, 8, 8), generator=generator(0))
    single, double = quadrature(model, x).value, quadrature(model.double(), x.double()).value
    np.testing.assert_allclose(single, double, atol=2e-3, rtol=0)


@pytest.mark.parametrize("latents", [1, 2])
def test_the_probabilities_of_all_binary_images_sum_to_one(latents: int):
    model = by_hand(nn.Linear(latents, 4), Bernoulli(), latents)
    with torch.no_grad():
        fill(
            model.decoder[0],
            4 * torch.randn((4, latents), dtype=torch.float64, generator=generator(0)),
        )
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=4)), dtype=torch.float64).view(
        -1, 1, 2, 2
    )
    value, error = quadrature(model, every, tolerance=1e-4)
    assert np.exp(value).sum() == pytest.approx(1, abs=float(error.max()) + 1e-4)


def test_the_refinement_error_holds_against_a_finer_lattice():
    model = rough()
    coarse, fine = (
        quadrature(model, IMAGES, tolerance=0.1),
        quadrature(model, IMAGES, tolerance=1e-4),
    )
    assert (abs(coarse.value - fine.value) <= coarse.error + fine.error).all()
    assert (coarse.value != fine.value).any()


def test_quadrature_is_a_plain_sum_over_a_plain_grid():
    model = rough()
    axis = torch.linspace(-7, 7, 701, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        logs = model.prior.log_prob(z) - model.likelihood.nll(
            model.decoder(z), IMAGES[:1].expand(len(z), -1, -1, -1)
        )
    expected = logs.logsumexp(0) + 2 * math.log(0.02)
    assert quadrature(model, IMAGES[:1], tolerance=1e-4).value == pytest.approx(
        float(expected), abs=1e-3
    )


@pytest.mark.parametrize("likelihood", [Bernoulli(), GaussianLikelihood(0.05)])
def test_the_table_of_log_likelihoods_is_that_of_the_model(
    likelihood: Bernoulli | GaussianLikelihood,
):
    x, output = IMAGES.flatten(1), torch.randn((5, 9), dtype=torch.float64, generator=generator(3))
    expected = torch.stack(
        [-likelihood.double().nll(one.expand(len(x), -1), x) for one in output], dim=1
    )
    torch.testing.assert_close(log_likelihoods(likelihood, x, output), expected)


@pytest.mark.parametrize("latents", [1, 2, 5])
def test_at_the_true_posterior_every_bound_is_log_p(latents: int):
    known = linear(latents, upright=True)
    bounds = importance_weighted(known.model, IMAGES, k=(1, 5, 50), repetitions=2)
    np.testing.assert_allclose(bounds.value, np.tile(known.evidence, (3, 1)), atol=1e-9)
    np.testing.assert_allclose(bounds.spread, 0, atol=1e-9)
    value, error = elbo(known.model, IMAGES)
    assert (abs(value - known.evidence) < 5 * error).all()


@pytest.mark.parametrize("latents", [2, 5])
def test_five_thousand_samples_come_within_a_tenth_of_a_nat(latents: int):
    known = linear(latents, off=0.3, wider=1.5)
    bounds = importance_weighted(known.model, IMAGES, k=(5000,))
    np.testing.assert_allclose(bounds.value[0], known.evidence, atol=0.1, rtol=0)


def test_the_bound_rises_with_k_for_each_image():
    bounds = importance_weighted(rough(), IMAGES, k=(1, 5, 50, 500))
    assert (np.diff(bounds.value, axis=0) > 0).all()


def test_bounds_stay_below_log_p_and_the_first_is_the_elbo():
    known = linear(off=1.0, wider=1.5)
    bounds = importance_weighted(known.model, IMAGES, k=(1, 10), repetitions=200)
    error = bounds.spread / np.sqrt(bounds.count)[:, None]
    assert (bounds.value < known.evidence + 4 * error).all()
    assert (abs(bounds.value[0] - (known.evidence - known.gap)) < 5 * error[0]).all()


def test_many_images_are_weighed_as_few_are_and_twice_alike():
    known = linear(off=0.3, wider=1.5)
    x = IMAGES.repeat(40, 1, 1, 1)  # more codes than are weighed at once
    first, second = (importance_weighted(known.model, x, k=(500,)).value[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(
        first[: len(IMAGES)], importance_weighted(known.model, IMAGES, k=(500,)).value[0]
    )
    draws = first.reshape(40, len(IMAGES))
    assert len(np.unique(draws[:, 0])) == 40
    np.testing.assert_allclose(draws.mean(0), known.evidence, atol=0.05)


def test_a_rounded_decoder_moves_the_average_bound_by_hundredths():
    model = build(recipe("mnist", "vae", 10)).eval()
    x = torch.rand((8, 1, 28, 28), generator=generator(4))
    exact, rounded = (
        importance_weighted(model, x, k=(10, 600), precision=precision).value
        for precision in (torch.float32, torch.bfloat16)
    )
    assert 0 < abs(rounded - exact).max() < 0.5
    assert abs((rounded - exact).mean(1)).max() < 0.1


def test_a_gaussian_likelihood_is_never_rounded():
    model = build(recipe("digits", "vae", likelihood="gaussian")).eval()
    exact, asked = (
        importance_weighted(
            model, IMAGES[:, :, :1, :1].float().expand(-1, -1, 8, 8), k=(5,), precision=precision
        ).value
        for precision in (torch.float32, torch.bfloat16)
    )
    np.testing.assert_array_equal(asked, exact)


@pytest.mark.parametrize("pixels", [1, 31, 64, 113, 784])
def test_logarithms_of_products_hold_for_logits_of_any_size(pixels: int):
    logits = 300 * torch.randn((5, pixels), generator=generator(6))
    expected = -torch.nn.functional.softplus(logits.double()).sum(1)
    found = log_likelihoods(Bernoulli(), torch.zeros(1, pixels), logits)[0]
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-4)


def test_the_table_leaves_the_decoders_output_as_it_was():
    output = torch.randn((5, 64), generator=generator(3))
    for theirs in (output.clone(), output.bfloat16()):
        before = theirs.clone()
        found = log_likelihoods(Bernoulli(), torch.rand((2, 64), generator=generator(4)), theirs)
        assert found.dtype == torch.float32
        assert torch.equal(theirs, before)


def test_the_weights_average_to_p():
    """E[exp(L_k)] = p(x) for every k: the estimate of p(x) itself has no bias."""
    known = linear(wider=1.3)
    ratio = np.exp(
        [
            importance_weighted(known.model, IMAGES, (20,), s).value[0] - known.evidence
            for s in range(100)
        ]
    )
    assert (abs(ratio.mean(0) - 1) < 5 * ratio.std(0) / 10).all()
    assert ratio.std(0).min() > 0.01


def test_spread_is_that_of_repetitions_and_missing_for_one():
    model = rough()
    bounds = importance_weighted(model, IMAGES[:2], k=(5, 10), repetitions=1)
    assert bounds.count == (2, 1)
    assert np.isfinite(bounds.spread[0]).all()
    assert np.isnan(bounds.spread[1]).all()
    many = np.stack(
        [importance_weighted(model, IMAGES[:2], (10,), seed).value[0] for seed in range(300)]
    )
    spread = importance_weighted(model, IMAGES[:2], (10,), 1000, repetitions=300).spread[0]
    np.testing.assert_allclose(spread, many.std(0), rtol=0.35)


def test_the_elbo_is_log_p_less_the_divergence():
    known = linear(off=1.0, wider=1.5)
    value, error = elbo(known.model, IMAGES, samples=2000)
    assert (abs(value - (known.evidence - known.gap)) < 5 * error).all()
    assert (value < known.evidence).all()


@pytest.mark.parametrize("latents", [1, 2])
def test_the_true_posterior_is_the_gaussian_it_should_be(latents: int):
    known = linear(latents, off=1.0, wider=1.5)
    for n in (0, 1):
        true = true_posterior(known.model, IMAGES[n : n + 1])
        codes = np.stack(np.meshgrid(*true.axes, indexing="ij"), -1)
        cell = math.prod(axis[1] - axis[0] for axis in true.axes)
        single = MultivariateNormal(known.true.mean[n], known.true.covariance_matrix[n])
        np.testing.assert_allclose(
            true.density, single.log_prob(torch.from_numpy(codes)).exp().numpy(), atol=1e-3
        )
        assert true.density.sum() * cell == pytest.approx(1)
        assert true.kl == pytest.approx(known.gap[n], abs=1e-3)
        assert true.log_evidence == pytest.approx(known.evidence[n], abs=1e-3)


def test_the_gap_is_the_divergence_from_the_true_posterior_both_ways():
    model = rough()
    value, error = elbo(model, IMAGES[:2], samples=4000)
    for n in (0, 1):
        true = true_posterior(model, IMAGES[n : n + 1])
        assert true.kl > 0.1
        assert abs(true.log_evidence - value[n] - true.kl) < 5 * error[n] + true.refinement


def test_the_grid_covers_the_encoder_where_it_is_wrong():
    known = linear(scale=0.3, off=20.0, wider=2.0)
    true = true_posterior(known.model, IMAGES[:1])
    assert true.kl == pytest.approx(known.gap[0], rel=1e-3)
    assert known.gap[0] > 300


@pytest.mark.parametrize("latents", [2, 4])
def test_the_gaps_are_those_of_the_best_diagonal_gaussian(latents: int):
    """The best q for N(m, P^-1) has P's diagonal: its KL is ½ ( sum log P_ii - log det P )."""
    known = linear(latents, scale=1.0, off=1.0, wider=2.0)
    precision = known.true.precision_matrix[0]
    expected = 0.5 * float(precision.diagonal().log().sum() - torch.logdet(precision))
    found, best = gaps(known.model, IMAGES, known.evidence)
    noise = 1e-3 if latents == 2 else 0.03  # quadrature, or samples
    np.testing.assert_allclose(found.approximation, expected, atol=noise)
    np.testing.assert_allclose(
        found.approximation + found.amortisation, known.gap, atol=noise * 10
    )
    torch.testing.assert_close(
        best.mean, known.true.mean, atol=0.15 if latents > 2 else 0.01, rtol=0
    )


def test_an_encoder_that_is_right_has_no_gap():
    known = linear(upright=True)
    found, _ = gaps(known.model, IMAGES, known.evidence, steps=20)
    np.testing.assert_allclose(found.elbo, known.evidence, atol=1e-9)
    np.testing.assert_allclose(found.approximation, 0, atol=1e-9)
    assert (found.amortisation >= 0).all()


def two_hills() -> Autoencoder:
    """Return a model whose posterior has a hill at -3, where its encoder is, and a higher at 3."""
    model = by_hand(nn.Linear(2, SIDE * SIDE), GaussianLikelihood(0.3).double(), 1)
    model.decoder.insert(0, nn.Linear(1, 2).double())
    model.decoder.insert(1, nn.ReLU())
    with torch.no_grad():
        fill(
            model.decoder[0], torch.tensor([[1.0], [-1.0]]), torch.zeros(2)
        )  # the parts of z above and below 0
        to_pixels = torch.stack([torch.ones(SIDE * SIDE), torch.full((SIDE * SIDE,), 0.9)], 1) / 3
        fill(model.decoder[2], to_pixels, torch.zeros(SIDE * SIDE))
        fill(model.encoder[1], torch.zeros(2, SIDE * SIDE), torch.tensor([-3.0, -3.0]))
    return model


def test_another_start_leads_to_a_higher_hill_and_a_worse_one_is_not_taken():
    model, x = two_hills(), torch.ones((2, 1, SIDE, SIDE), dtype=torch.float64)
    evidence = quadrature(model, x).value
    lower, stuck = gaps(model, x, evidence)
    mean = torch.tensor([[2.5], [40.0]], dtype=torch.float64)
    found, best = gaps(model, x, evidence, start=Gaussian(mean, torch.full_like(mean, -3.0)))
    assert (stuck.mean < 0).all()
    assert (best.mean[0] > 0) & (best.mean[1] < 0)
    assert found.approximation[0] < lower.approximation[0] - 0.1
    assert found.approximation[1] == pytest.approx(lower.approximation[1])
    np.testing.assert_allclose(found.elbo, lower.elbo)


def test_images_are_fitted_alone():
    model = rough()
    together, alone = gaps(model, IMAGES, np.zeros(6))[0], gaps(model, IMAGES[3:4], [0.0])[0]
    assert together.best[3] == pytest.approx(alone.best[0])
    assert (together.amortisation > 0.01).all()


@pytest.mark.parametrize(
    "estimate",
    [
        lambda model, seed: importance_weighted(model, IMAGES, k=(1, 10), seed=seed).value,
        lambda model, seed: elbo(model, IMAGES, seed=seed).value,
        lambda model, seed: gaps(model, IMAGES, np.zeros(6), steps=2, seed=seed)[0].best,
    ],
)
def test_the_seed_decides(estimate: Callable[[Autoencoder, int], np.ndarray]):
    model = rough(latents=3)
    assert (estimate(model, 1) == estimate(model, 1)).all()
    assert (estimate(model, 1) != estimate(model, 2)).all()


def test_nothing_is_left_in_the_model():
    model = rough()
    gaps(model, IMAGES, np.zeros(6), steps=2)
    assert all(parameter.grad is None for parameter in model.parameters())


DIGITS = torch.zeros(1, 1, 8, 8)


def digits(name: str, latents: int = 2) -> Autoencoder:
    return build(recipe("digits", name, latents))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: quadrature(digits("vae", 10), DIGITS),
            "asked of one or two latents, got 10; use importance weighting",
        ),
        (lambda: true_posterior(digits("vae", 3), DIGITS), "asked of one or two latents, got 3"),
        (
            lambda: quadrature(digits("ae"), DIGITS),
            "posterior should have a density, got a point: an autoencoder",
        ),
        (lambda: elbo(digits("ae"), DIGITS), "posterior should have a density, got a point"),
        (
            lambda: elbo(build(recipe("digits", "vae", prior="uniform", hidden=(8,))), DIGITS),
            "posterior should be a Gaussian, got one that a uniform prior has squashed",
        ),
        (
            lambda: importance_weighted(digits("ae"), DIGITS),
            "posterior should have a density, got a point",
        ),
        (
            lambda: gaps(
                digits("vae"), DIGITS, [0.0], start=Gaussian(torch.zeros(2, 2), torch.zeros(2, 2))
            ),
            "start should be one Gaussian per image, 1, got 2",
        ),
        (
            lambda: gaps(digits("ae"), DIGITS, [0.0]),
            "posterior should have a density, got a point",
        ),
        (
            lambda: quadrature(digits("vae"), DIGITS[:0]),
            r"images should be at least one, .* got shape \(0, 1, 8, 8\)",
        ),
        (
            lambda: quadrature(digits("vae"), DIGITS[0]),
            r"images should be at least one, .* got shape \(1, 8, 8\)",
        ),
        (
            lambda: quadrature(digits("vae"), DIGITS, tolerance=1e-9),
            "tolerance should be at least 0.0001, got 1e-09",
        ),
        (
            lambda: elbo(digits("vae"), DIGITS, samples=1),
            "samples should be at least 2, for a standard error, got 1",
        ),
        (
            lambda: importance_weighted(digits("vae"), DIGITS, k=()),
            r"k should be one or more numbers .* got \[\]",
        ),
        (lambda: importance_weighted(digits("vae"), DIGITS, k=(0, 5)), "each at least 1, got"),
        (
            lambda: importance_weighted(digits("vae"), DIGITS, k=(2, 5)),
            "divide the next larger, .* got 2 and 5",
        ),
        (
            lambda: importance_weighted(digits("vae"), DIGITS, repetitions=0),
            "repetitions should be at least 1, got 0",
        ),
        (lambda: true_posterior(digits("vae"), torch.zeros(2, 1, 8, 8)), "image should be one"),
        (
            lambda: true_posterior(digits("vae"), DIGITS, most=3),
            "most should be at least 64 cells, got 3",
        ),
        (lambda: gaps(digits("vae"), DIGITS, [0.0], steps=0), "steps should be at least 1, got 0"),
        (
            lambda: gaps(digits("vae"), DIGITS, [0.0, 1.0]),
            r"one number per image, 1, got shape \(2,\)",
        ),
    ],
)
def test_what_has_no_answer_is_refused(call: Callable[[], Tensor], message: str):
    with pytest.raises(ValueError, match=message):
        call()


ESTIMATES: dict[str, Callable[[Autoencoder, Tensor], Any]] = {
    "elbo": elbo,
    "importance_weighted": lambda model, x: importance_weighted(model, x, k=(1, 10)),
    "quadrature": quadrature,
    "true_posterior": true_posterior,
    "gaps": lambda model, x: gaps(model, x, np.zeros(len(x)), steps=2),
}


@pytest.mark.parametrize("estimate", ESTIMATES.values(), ids=ESTIMATES)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda x: 2 * x - 1,
            r"images should lie in \[0, 1\] under a Bernoulli likelihood, got -1 to 1; scale them",
        ),
        (
            lambda x: 255 * x,
            r"images should lie in \[0, 1\] under a Bernoulli likelihood, got 0 to 255",
        ),
        (lambda x: x + 0.1, r"images should lie in \[0, 1\]"),
        (
            lambda x: x * math.nan,
            "images should be finite numbers from 0 to 1, got some that are not",
        ),
        (lambda x: x / 0, "images should be finite numbers from 0 to 1, got some that are not"),
        (
            lambda x: (255 * x).byte(),
            r"images should be of floating point, from 0 to 1, got torch\.uint8",
        ),
    ],
)
def test_images_that_the_likelihood_is_not_defined_on_are_refused(
    estimate: Callable[[Autoencoder, Tensor], Any],
    change: Callable[[Tensor], Tensor],
    message: str,
):
    x = torch.linspace(0, 1, 64).view(1, 1, 8, 8)
    model = digits("vae")
    estimate(model, x)
    with pytest.raises(ValueError, match=message):
        estimate(model, change(x))


def test_any_finite_intensity_has_a_gaussian_likelihood():
    model = build(recipe("digits", "vae", likelihood="gaussian", scale=1.0))
    assert np.isfinite(elbo(model, 2 * torch.ones(2, 1, 8, 8) - 3).value).all()
    with pytest.raises(ValueError, match="images should be finite numbers"):
        elbo(model, DIGITS * math.nan)


def test_only_an_autoencoder_is_called_one():
    diverged, narrow = digits("vae"), digits("vae")
    next(diverged.encoder.parameters()).data.fill_(math.nan)
    bias = [*narrow.encoder.parameters()][-1]
    bias.data.fill_(-400.0)
    with pytest.raises(
        ValueError,
        match="the posterior should be finite, got one that is not: the weights have div",
    ):
        elbo(diverged, DIGITS)
    with pytest.raises(
        ValueError,
        match="should have a density, got a standard deviation too small for its precision",
    ):
        elbo(narrow, DIGITS)
    with pytest.raises(ValueError, match="got a point: an autoencoder has no"):
        elbo(build(recipe("digits", "noisy-ae", noise_ratio=0)), DIGITS)
