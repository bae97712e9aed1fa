import numpy as np
import pytest

from core.architecture import Flatten
from core.explore import decoding, layers
from core.opening import open_run
from core.recipes import recipe
from core.runs import load_or_train
from core.shelf import shipped

PATTERNS = {
    (config.data.name, config.data.size, config.model.network, config.model.posterior): config
    for config in shipped()
}
"""What decides a decoder's layers -> a run that ships."""


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_numpy_decodes_what_torch_does(pattern):
    run = open_run(PATTERNS[pattern].key)
    latents = run.config.model.latent_dim
    codes = np.random.default_rng(0).normal(size=(20, latents)).astype(np.float32)
    images = layers.decode(run, codes)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, decoding.decode(run.model, codes), atol=2e-6)


@pytest.mark.parametrize(
    "changes", [{"likelihood": "gaussian"}, {"network": "gated"}, {"hidden": ()}], ids=str
)
def test_runs_of_other_layers_are_decoded_too(tmp_path, changes):
    config = recipe("digits", "vae", **{"hidden": (8,), "epochs": 1} | changes)
    run = load_or_train(config, tmp_path, device="cpu")
    codes = 3 * run.codes["mean"][:9]
    assert np.ptp(layers.decode(run, codes)) > 0
    np.testing.assert_allclose(
        layers.decode(run, codes), decoding.decode(run.model, codes), atol=2e-6
    )


def test_an_encoders_layer_is_refused():
    with pytest.raises(TypeError, match="should be one of a decoder"):
        layers.apply(Flatten(), np.zeros((1, 1, 2, 2), np.float32))
