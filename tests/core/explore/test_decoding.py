import numpy as np
import pytest
import torch

from core.explore import decoding
from core.explore.decoding import decode
from core.models import Autoencoder, build
from core.recipes import recipe


def model(name: str = "vae", latents: int = 2, **changes: str) -> Autoencoder:
    return build(recipe("digits", name, latents, **{"hidden": (8,), **changes})).eval()


def codes(count: int = 30, latents: int = 2) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, latents))


def test_decode_gives_the_expected_image_of_every_code():
    vae = model()
    images = decode(vae, codes())
    assert images.shape == (30, 8, 8)
    assert images.dtype == np.float32
    with torch.no_grad():
        logits = vae.decoder(torch.from_numpy(codes()).float())
    np.testing.assert_allclose(images, logits.sigmoid().squeeze(1).numpy(), rtol=1e-5)


def test_intensities_are_clipped_where_the_likelihood_does_not_keep_them_in_range():
    gaussian = model(likelihood="gaussian")
    z = 1000 * codes()
    with torch.no_grad():
        free = gaussian.decode(torch.from_numpy(z).float()).squeeze(1).numpy()
    assert free.min() < 0
    assert free.max() > 1
    np.testing.assert_array_equal(decode(gaussian, z), free.clip(0, 1))


def test_batches_of_decoding_change_nothing(monkeypatch: pytest.MonkeyPatch):
    whole = decode(model(), codes())
    monkeypatch.setattr(decoding, "BATCH", 7)
    np.testing.assert_allclose(decode(model(), codes()), whole, rtol=1e-5)


def test_one_code_is_enough():
    assert decode(model(latents=10), codes(1, 10)).shape == (1, 8, 8)
