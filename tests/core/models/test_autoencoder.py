import pytest
import torch
from torch import nn

from core.architecture import BOX, mlp_decoder, mlp_encoder
from core.config import MODEL_LABELS, DataConfig, ModelConfig, RunConfig
from core.devices import generator
from core.models import build, restore, unsquashed
from core.models.networks import Doubling, sequential
from core.models.posteriors import Squashed
from core.models.priors import StandardNormal
from core.recipes import recipe


@pytest.mark.parametrize("data", ["digits", "mnist", "sprites"])
@pytest.mark.parametrize("model", list(MODEL_LABELS))
def test_shapes_go_in_and_come_out(data, model):
    config = recipe(data, model, latent_dim=5)
    size = config.data.size
    x = torch.rand(3, 1, size, size)
    posterior, z, output = build(config)(x, generator(0))
    assert posterior.mean.shape == posterior.std.shape == z.shape == (3, 5)
    assert output.shape == x.shape


def test_the_network_at_64x64_is_that_of_burgess():
    encoder = build(recipe("sprites", "beta-vae", 10, size=64)).encoder
    shapes = [
        tuple(layer.weight.shape) for layer in encoder if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    assert shapes == [(32, 1, 4, 4), *[(32, 32, 4, 4)] * 3, (256, 512), (256, 256), (20, 256)]


def test_decoders_are_plain_layers():
    plain = (nn.Linear, nn.ReLU, nn.Unflatten, Doubling)
    for data in ("digits", "sprites"):
        assert all(isinstance(layer, plain) for layer in build(recipe(data, "vae")).decoder)


def test_the_seed_decides_the_weights_and_the_global_random_state_is_left_alone():
    config, other = recipe("digits", "vae"), recipe("digits", "vae", seed=1)
    before = torch.random.get_rng_state()
    first, again, different = build(config), build(config), build(other)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True)
    )
    assert not torch.equal(next(first.parameters()), next(different.parameters()))


def test_a_seed_draws_the_encoder_before_the_decoder_or_no_run_that_ships_could_be_trained_again():
    config = recipe("digits", "vae", 3, hidden=(8,), seed=5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        encoder = sequential(mlp_encoder(8, (8,), 6))
        decoder = sequential(mlp_decoder(8, (8,), 3))
    model = build(config)
    for found, drawn in ((model.encoder, encoder), (model.decoder, decoder)):
        assert all(
            torch.equal(a, b) for a, b in zip(found.parameters(), drawn.parameters(), strict=True)
        )


def test_restore_gives_the_same_model_back():
    config = recipe("digits", "noisy-ae")
    model = build(config).eval()
    x = torch.rand(4, 1, 8, 8)
    restored = restore(config, model.state_dict())
    assert torch.equal(restored.encode(x).mean, model.encode(x).mean)
    assert not any(parameter.requires_grad for parameter in restored.parameters())


def test_restore_refuses_weights_of_another_config():
    weights = build(recipe("digits", "vae", 2)).state_dict()
    with pytest.raises(RuntimeError, match="size mismatch"):
        restore(recipe("digits", "vae", 3), weights)


def test_an_empty_hidden_makes_the_networks_linear():
    config = RunConfig(
        data=DataConfig(name="digits"),
        model=ModelConfig(posterior="learned", latent_dim=2, hidden=()),
    )
    model = build(config)
    assert [type(layer) for layer in model.encoder] == [nn.Flatten, nn.Linear]
    assert [type(layer) for layer in model.decoder] == [nn.Linear, nn.Unflatten]


def test_before_it_is_squashed_a_model_is_the_same_with_gaussians():
    model = build(recipe("digits", "vae", 3, prior="uniform", hidden=(8,))).eval()
    x, plain = torch.rand(5, 1, 8, 8, generator=generator(0)), unsquashed(model)
    q, base = model.encode(x), plain.encode(x)
    assert isinstance(q, Squashed)
    torch.testing.assert_close(base.mean, q.base.mean)
    assert isinstance(plain.prior, StandardNormal)
    z, u = q.sample(generator(1)), base.sample(generator(1))
    torch.testing.assert_close(plain.decode(u), model.decode(z))
    # log p(x, z) - log q(z given x), whose average is the ELBO, is the same at each code.
    inside = (z.abs() < 0.999 * BOX).all(1)
    ratio = model.prior.log_prob(z) - q.log_prob(z).sum(1)
    torch.testing.assert_close(
        (plain.prior.log_prob(u) - base.log_prob(u).sum(1))[inside], ratio[inside]
    )
    assert inside.any()
    assert not plain.training


@pytest.mark.parametrize("prior", ["normal", "vamp"])
def test_a_model_that_is_not_squashed_is_left_as_it_is(prior: str):
    model = build(recipe("digits", "vae", prior=prior, hidden=(8,)))
    assert unsquashed(model) is model
