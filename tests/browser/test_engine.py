"""The engine in a real Chromium: pixels and codes are those of torch, with no page around them."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import BrowserContext, Error, Page

from core.architecture import decoder_of, encoder_of, mean_of
from core.checkpoints import SHELF, load
from core.config import RunConfig
from core.explore.decoding import decode
from core.instruments import Entry, encodable, pack, prior_table, script
from core.instruments.bundle import KINDS
from core.models import Autoencoder, build, restore
from core.recipes import recipe

pytestmark = pytest.mark.browser

SHIPPED = [
    recipe("mnist", "vae", 10),
    recipe("mnist", "ae", 2),
    recipe("mnist", "noisy-ae", 2),
    recipe("digits", "vae", 2, prior="uniform"),
    recipe("sprites", "vae", 10),
]
UNTRAINED = [
    recipe("digits", "vae", 3, likelihood="gaussian", scale=0.1, hidden=()),
    recipe("digits", "vae", 3, network="gated", hidden=(301, 77), prior="vamp", components=4),
    recipe("digits", "infogan", 3, hidden=(13,)),
    recipe("sprites", "infogan", 3, hidden=(13,)),
    recipe("sprites", "vae", 3, size=64, hidden=(13,)),
]
COUNT = 7

OPEN = """async base64 => {
    const text = atob(base64);
    // At an odd place, as Streamlit hands bytes over.
    const bytes = new Uint8Array(text.length + 3).subarray(3);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    globalThis.bundle = await openBundle(bytes);
    return bundle.runs.map(({ name, label, latents, size, tint }) =>
        ({ name, label, latents, size, tint }));
}"""
DECODE = "([place, codes, n]) => [...bundle.runs[place].decode(Float32Array.from(codes), n)]"
ENCODE = """([place, images, n]) => {
    const { mean, std } = bundle.runs[place].encode(Float32Array.from(images), n);
    return [[...mean], std && [...std]];
}"""


def models() -> list[tuple[RunConfig, Autoencoder, dict[str, np.ndarray]]]:
    """Return config, model and weights in half precision of a run of each pattern."""
    rows = []
    for config in SHIPPED:
        weights = load(SHELF, config.key).weights
        rows.append((config, restore(config, weights), weights))
    for config in UNTRAINED:
        state = build(config).state_dict()
        weights = {
            name: (weight.half() if weight.ndim else weight).numpy()
            for name, weight in state.items()
        }
        rows.append((config, restore(config, weights), weights))
    return rows


@pytest.fixture(scope="module")
def runs() -> list[tuple[RunConfig, Autoencoder, dict[str, np.ndarray]]]:
    return models()


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=script("engine"))
    yield page
    page.close()


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def opened(page: Page, runs: list[Any]) -> list[dict[str, Any]]:
    """Open a bundle of all runs in a page, and return what it says of them."""
    entries = []
    for place, (config, _, weights) in enumerate(runs):
        tensors = prior_table(config, weights) | {"codes": random(3, config.model.latent_dim)}
        options = {"tint": f"tint {place}"}
        entry = Entry(config, weights, encoder=encodable(config), options=options, tensors=tensors)
        entries.append(entry)
    shared = {
        "pictures": np.arange(200, dtype=np.uint8).reshape(2, 10, 10),
        "halves": np.array([1.5, -2.0, 6e-8, 65504.0], np.float16),
        "counts": np.array([-3, 70_000]),
    }
    content = pack(entries, shared, {"title": "β"})
    return page.evaluate(OPEN, b64encode(content).decode())


def test_chromium_decodes_and_encodes_a_run_of_every_pattern_as_torch_does(
    page: Page, runs: list[Any]
):
    kinds = set()
    said = opened(page, runs)
    for place, (config, model, _) in enumerate(runs):
        latents, size = config.model.latent_dim, config.data.size
        assert said[place] == {
            "name": config.key,
            "label": config.model.label,
            "latents": latents,
            "size": size,
            "tint": f"tint {place}",
        }
        z = random(COUNT, latents)
        pixels = page.evaluate(DECODE, [place, z.ravel().tolist(), COUNT])
        expected = decode(model, z)
        assert np.abs(np.reshape(pixels, expected.shape) - expected).max() < 1e-4, config.key
        alone = page.evaluate(DECODE, [place, z[-1].tolist(), 1])
        assert np.abs(np.reshape(alone, (size, size)) - expected[-1]).max() < 1e-4, config.key
        layers = (*decoder_of(config), mean_of(config.model))
        if encodable(config):
            layers += encoder_of(config)
            assert_encodes(page, place, model, size)
        kinds |= {layer.kind for layer in layers}
    assert kinds == KINDS


def assert_encodes(page: Page, place: int, model: Autoencoder, size: int) -> None:
    images = np.random.default_rng(1).random((COUNT, 1, size, size), dtype=np.float32)
    mean, std = page.evaluate(ENCODE, [place, images.ravel().tolist(), COUNT])
    with torch.inference_mode():
        posterior = model.encode(torch.from_numpy(images))
    shape = posterior.mean.shape
    np.testing.assert_allclose(np.reshape(mean, shape), posterior.mean, atol=1e-4)
    if std is None:
        assert not posterior.std.any()
    else:
        np.testing.assert_allclose(np.reshape(std, shape), posterior.std, atol=1e-4)


def test_tensors_and_plain_values_arrive_as_they_were_packed(page: Page, runs: list[Any]):
    opened(page, runs[:1])
    tensors = page.evaluate("""() => Object.fromEntries(Object.entries(bundle.tensors).map(
        ([name, { shape, data }]) => [name, [data.constructor.name, shape, [...data]]]))""")
    assert tensors["pictures"] == ["Uint8Array", [2, 10, 10], list(range(200))]
    assert tensors["counts"] == ["Int32Array", [2], [-3, 70_000]]
    kind, shape, halves = tensors["halves"]
    assert (kind, shape) == ("Float32Array", [4])
    assert halves == np.array([1.5, -2.0, 6e-8, 65504.0], np.float16).tolist()
    codes = page.evaluate("() => [...bundle.runs[0].tensors.codes.data]")
    assert codes == random(3, 10).ravel().tolist()
    assert page.evaluate("() => bundle.meta") == {"title": "β"}


def test_pixels_of_one_run_stay_while_another_decodes(page: Page, runs: list[Any]):
    opened(page, runs[:2])
    assert page.evaluate("""() => {
        const [a, b] = bundle.runs, pixels = a.decode(new Float32Array(10), 1), was = [...pixels];
        b.decode(new Float32Array(2).fill(3), 1);
        return was.every((value, i) => value === pixels[i]) && was.some(value => value > 0.1);
    }""")


def test_too_few_codes_are_an_error(page: Page, runs: list[Any]):
    opened(page, runs[:1])
    with pytest.raises(Error, match="2 rows should have 20 numbers, got 10"):
        page.evaluate("() => bundle.runs[0].decode(new Float32Array(10), 2)")


@pytest.mark.parametrize(
    "refuse",
    [
        "WebAssembly.instantiate = async () => { throw new WebAssembly.CompileError('no SIMD') }",
        "delete globalThis.WebAssembly",
    ],
)
def test_a_browser_that_refuses_webassembly_is_told_of(page: Page, runs: list[Any], refuse: str):
    page.evaluate(f"() => {{ {refuse} }}")
    with pytest.raises(Error, match="should run WebAssembly with SIMD, and refused"):
        opened(page, runs[:1])


def test_work_is_shared_out_over_frames_round_and_round(page: Page):
    page.add_script_tag(content=script("stage", "sheet"))
    done = page.evaluate("""() => {
        const done = [];
        const turns = new Turns([0, 1, 2, 3, 4].map(name => ({ name })), ({ name }) => {
            done.push(name);
            const end = performance.now() + 3;
            while (performance.now() < end);
        });
        const rests = [turns.run(4)];
        turns.spoil();
        while (turns.run(4));
        rests.push(turns.run(4));
        return [rests, done.length, done];
    }""")
    (first, last), count, pieces = done
    assert first
    assert not last
    assert 6 <= count <= 7
    assert pieces == [piece % 5 for piece in range(count)]
