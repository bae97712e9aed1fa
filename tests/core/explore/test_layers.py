"""Every run of the shelf, and a model of every kind, in numpy as in torch."""

from itertools import product

import numpy as np
import pytest
import torch

from core.architecture import decoder_of, encoder_of, mean_of
from core.checkpoints import SHELF, load, survey
from core.config import COMPONENTS, RunConfig
from core.explore import layers
from core.explore.decoding import decode as torch_decode
from core.instruments.bundle import KINDS, encodable
from core.instruments.codes import GaussianMixture, prior_of
from core.models import Autoencoder, build, restore
from core.models.priors import Mixture, Vamp
from core.recipes import recipe

KEYS = [key for key, _ in survey(SHELF)]
KINDS_OF_RUNS = {
    "gated": recipe("digits", "vae", 3, network="gated", hidden=(12, 9), prior="vamp"),
    "infogan": recipe("digits", "infogan", 3, hidden=(12,)),
    "conv infogan": recipe("sprites", "infogan", 3, hidden=(12,)),
    "conv 64": recipe("sprites", "vae", 2, size=64, hidden=(12,)),
    "conv vamp": recipe("sprites", "vae", 2, prior="vamp", components=4, hidden=(12,)),
    "linear": recipe("digits", "vae", 2, hidden=(), likelihood="gaussian", scale=0.5),
    "uniform": recipe("digits", "beta-vae", 3, hidden=(12,), prior="uniform"),
    "noisy": recipe("digits", "noisy-ae", 3, hidden=(12,)),
}


def weights_of(model: Autoencoder) -> dict[str, np.ndarray]:
    return {name: weight.numpy() for name, weight in model.state_dict().items()}


def codes(config: RunConfig, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, config.model.latent_dim))


def images(config: RunConfig, count: int = 3) -> np.ndarray:
    shape = (count, config.data.size, config.data.size)
    return np.random.default_rng(1).random(shape, dtype=np.float32)


def assert_same(config: RunConfig, model: Autoencoder, weights: dict[str, np.ndarray]) -> None:
    pixels = layers.decode(config, weights, codes(config))
    np.testing.assert_allclose(pixels, torch_decode(model, codes(config)), atol=1e-4)
    x = images(config)
    mean, std = layers.encode(config, weights, x)
    with torch.inference_mode():
        posterior = model.encode(torch.from_numpy(x[:, None]))
    np.testing.assert_allclose(mean, posterior.mean, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(std, posterior.std, atol=1e-4, rtol=1e-4)


def test_every_run_of_the_shelf_is_decoded_and_encoded_as_torch_does_it():
    assert len(KEYS) > 60
    for key in KEYS:
        checkpoint = load(SHELF, key)
        model = restore(checkpoint.config, checkpoint.weights)
        assert_same(checkpoint.config, model, checkpoint.weights)


@pytest.mark.parametrize("kind", KINDS_OF_RUNS)
def test_a_model_of_every_kind_is_decoded_and_encoded_as_torch_does_it(kind: str):
    config = KINDS_OF_RUNS[kind]
    model = build(config).eval().requires_grad_(False)
    assert_same(config, model, weights_of(model))


def test_no_config_has_a_layer_that_numpy_or_the_browser_does_not_know():
    networks = [("digits", "mlp"), ("digits", "gated"), ("sprites", "conv")]
    names = ("ae", "noisy-ae", "vae", "infogan")
    kinds = set()
    for (data, network), name in product(networks, names):
        config = recipe(data, name, 3, network=network)
        decoder = {layer.kind for layer in (*decoder_of(config), mean_of(config.model))}
        assert decoder <= KINDS
        assert encodable(config) == (network != "conv")
        kinds |= decoder | {layer.kind for layer in encoder_of(config)}
    assert kinds | {"clip"} == layers.LAYERS.keys()
    assert layers.LAYERS.keys() - KINDS == {"halving"}


@pytest.mark.parametrize("prior", COMPONENTS)
@pytest.mark.parametrize("data", ["digits", "sprites"])
def test_a_learned_prior_has_the_parts_that_torch_gives_it(data: str, prior: str):
    config = recipe(data, "vae", 2, prior=prior, components=5, hidden=(9,))
    model = build(config).eval().requires_grad_(False)
    table = prior_of(config, weights_of(model))
    assert isinstance(table, GaussianMixture)
    assert isinstance(model.prior, Mixture | Vamp)
    log_weights, parts = model.prior.parts()
    np.testing.assert_allclose(table.weights, log_weights.exp(), rtol=1e-5)
    np.testing.assert_allclose(table.mean, parts.mean, atol=1e-5)
    np.testing.assert_allclose(table.std, parts.std, rtol=1e-4)


def test_codes_of_a_mixture_have_its_moments_and_are_those_of_the_seed():
    table = GaussianMixture(
        np.array([0.25, 0.75], np.float32),
        np.array([[-4.0, 0.0], [4.0, 1.0]], np.float32),
        np.array([[0.5, 1.0], [0.5, 2.0]], np.float32),
    )
    z = table.sample(20_000, seed=3)
    np.testing.assert_array_equal(z, table.sample(20_000, seed=3))
    np.testing.assert_allclose(z.mean(0), [2.0, 0.75], atol=0.1)
    np.testing.assert_allclose(z[z[:, 0] < 0].std(0), [0.5, 1.0], atol=0.05)


def test_codes_of_a_uniform_prior_fill_its_box_and_no_more():
    config = KINDS_OF_RUNS["uniform"]
    z = prior_of(config, {}).sample(5_000, seed=0)
    assert np.abs(z).max() <= 3**0.5
    np.testing.assert_allclose(z.std(0), 1, atol=0.03)
