import json
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy

from core.checkpoints import SHELF, load
from core.instruments import Entry, pack
from core.recipes import recipe

DIGITS = recipe("digits", "vae", 2)


@pytest.fixture
def entry() -> Entry:
    return Entry(DIGITS, load(SHELF, DIGITS.key).weights)


def note_of(content: bytes) -> dict:
    length = int.from_bytes(content[:8], "little")
    return json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["bundle"])


def test_a_bundle_holds_the_stored_halves_and_says_what_they_are(entry: Entry):
    content = pack([entry, replace(entry, label="again", options={"tint": "red"})])
    arrays = safetensors.numpy.load(content)
    weight = arrays["runs/1/weights/decoder.0.weight"]
    assert weight.dtype == np.float16
    np.testing.assert_array_equal(weight, entry.weights["decoder.0.weight"])
    first, second = note_of(content)["runs"]
    assert (first["label"], second["label"], second["tint"]) == ("VAE", "again", "red")
    assert first["decoder"][0] == {
        "kind": "linear",
        "inputs": 2,
        "outputs": 128,
        "weight": "decoder.0.weight",
        "bias": "decoder.0.bias",
    }
    assert not any("encoder" in name for name in arrays)


def test_an_encoder_comes_along_where_it_is_asked_for(entry: Entry):
    content = pack([replace(entry, encoder=True)])
    assert "runs/0/weights/encoder.1.weight" in safetensors.numpy.load(content)
    assert note_of(content)["runs"][0]["posterior"] == {"kind": "learned"}


def test_four_decoders_of_mnist_and_their_codes_fit_into_3_4_megabytes():
    configs = [recipe("mnist", name, 2) for name in ("ae", "noisy-ae", "vae", "beta-vae")]
    entries = []
    for config in configs:
        run = load(SHELF, config.key)
        entries.append(Entry(config, run.weights, tensors={"codes": run.codes["mean"]}))
    assert len(pack(entries)) < 3.4e6


def test_a_weight_that_no_half_holds_stays_as_it_is(entry: Entry):
    large = np.full((128, 2), 1e5, np.float32)
    content = pack([replace(entry, weights={**entry.weights, "decoder.0.weight": large})])
    stored = safetensors.numpy.load(content)["runs/0/weights/decoder.0.weight"]
    np.testing.assert_array_equal(stored, large)


def test_a_convolutional_encoder_does_not_run_in_the_browser():
    config = recipe("sprites", "vae", 10)
    entry = Entry(config, load(SHELF, config.key).weights, encoder=True)
    with pytest.raises(ValueError, match="to run in the browser, has halving"):
        pack([entry])


def test_what_cannot_be_sent_is_an_error(entry: Entry):
    with pytest.raises(ValueError, match="lacks"):
        pack([replace(entry, weights={})])
    with pytest.raises(ValueError, match="other names than"):
        pack([replace(entry, options={"latents": 3})])
    with pytest.raises(ValueError, match="tensor names should be of float16"):
        pack([entry], {"names": np.array(["a"])})
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack([entry], options={"width": float("nan")})
