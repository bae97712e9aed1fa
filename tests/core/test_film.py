from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoints import load_film
from core.config import RunConfig
from core.data import Split, digits, sprites
from core.film import CELLS, CODES, FRAMES, PIXELS, film_epochs, plane_codes, spliced
from core.frames import frame_of
from core.models import build
from core.recipes import recipe
from core.runs import open_run, train_and_keep


@pytest.fixture(scope="module")
def data() -> Split:
    return digits.load()


def small(model: str = "vae", latents: int = 2, **changes: int) -> RunConfig:
    return recipe("digits", model, latents, **{"hidden": (16,), "epochs": 3, **changes})


@pytest.mark.parametrize("epochs", [1, 2, 5, 24, 60, 200, 500, 100_000])
def test_a_film_has_the_first_and_the_last_moment_and_is_bounded(epochs: int):
    chosen = film_epochs(epochs)
    assert (chosen[0], chosen[-1]) == (0, epochs)
    assert list(chosen) == sorted(set(chosen))
    assert len(chosen) <= FRAMES
    assert len(chosen) == epochs + 1 or epochs > 10


def test_a_frame_shows_the_codes_and_what_the_plane_around_them_decodes_to(data: Split):
    model = build(small())
    frame = frame_of(model, data.test, 7)
    mean = model.encode(data.test.images(slice(CODES))).mean.detach()
    np.testing.assert_array_equal(frame["mean"][0], mean.half().numpy())
    half = float(frame["half_width"][0])
    assert half >= max(3, mean.abs().max().item())
    codes = torch.from_numpy(plane_codes((-half, half, -half, half), CELLS))
    tiles = frame["plane"][0].reshape(CELLS, 8, CELLS, 8).swapaxes(1, 2).reshape(-1, 8, 8)
    expected = model.decode(codes).squeeze(1).detach().numpy()
    np.testing.assert_allclose(tiles / 255, expected, atol=0.5 / 255 + 1e-6)
    assert frame["epoch"].tolist() == [7]


def test_the_plane_of_large_images_has_fewer_of_them():
    config = recipe("sprites", "vae", 2, size=64, hidden=(8,))
    frame = frame_of(build(config), sprites.load(64).test, 0)
    assert frame["plane"].shape == (1, PIXELS, PIXELS)


@pytest.mark.parametrize("model", ["ae", "noisy-ae", "vae"])
def test_a_training_keeps_its_film_and_its_last_frame_is_the_run(
    tmp_path: Path, data: Split, model: str
):
    config = small(model)
    list(train_and_keep(config, tmp_path, data=data, device="cpu"))
    film, run = load_film(tmp_path, config.key), open_run(config.key, tmp_path)
    assert film["epoch"].tolist() == [0, 1, 2, 3]
    assert {name: len(column) for name, column in film.items()} == dict.fromkeys(film, 4)
    # The weights that are kept are rounded to half precision, the film's were not.
    np.testing.assert_allclose(film["mean"][-1], run.codes["mean"], rtol=0.02, atol=0.02)
    assert np.abs(film["mean"][0].astype(float) - film["mean"][-1]).max() > 0.1


def test_a_film_goes_on_where_its_training_was_put_aside(tmp_path: Path, data: Split):
    config = small()
    list(train_and_keep(config, tmp_path / "whole", data=data, device="cpu"))
    left = train_and_keep(config, tmp_path / "parts", data=data, device="cpu")
    next(left)
    left.close()
    list(train_and_keep(config, tmp_path / "parts", data=data, device="cpu"))
    whole, parts = (load_film(tmp_path / name, config.key) for name in ("whole", "parts"))
    for name, column in whole.items():
        np.testing.assert_array_equal(column, parts[name])


def test_a_film_changes_nothing_about_the_training(
    tmp_path: Path, data: Split, monkeypatch: pytest.MonkeyPatch
):
    config = small()
    list(train_and_keep(config, tmp_path / "filmed", data=data, device="cpu"))
    monkeypatch.setattr("core.runs.film_epochs", lambda epochs: ())
    list(train_and_keep(config, tmp_path / "unseen", data=data, device="cpu"))
    assert load_film(tmp_path / "unseen", config.key) == {}
    weights = [
        (tmp_path / name / config.key / "weights.safetensors").read_bytes()
        for name in ("filmed", "unseen")
    ]
    assert weights[0] == weights[1]


def test_models_of_more_latents_have_no_film(tmp_path: Path, data: Split):
    config = small(latents=3, epochs=1)
    list(train_and_keep(config, tmp_path, data=data, device="cpu"))
    assert load_film(tmp_path, config.key) == {}
    assert not (tmp_path / config.key / "film.npz").exists()


def test_frames_are_joined_in_order(data: Split):
    model = build(small())
    film = spliced(spliced({}, frame_of(model, data.test, 0)), frame_of(model, data.test, 4))
    assert film["epoch"].tolist() == [0, 4]
    assert film["plane"].shape[0] == 2


def test_the_plane_goes_row_by_row_from_the_top_left():
    z = plane_codes((-3, 3, -1, 2), 30).reshape(30, 30, 2)
    across, down = z[..., 0], z[..., 1]
    assert (np.diff(across, axis=1) > 0).all()
    assert (np.diff(down, axis=0) < 0).all()
    np.testing.assert_allclose(across, across[:1].repeat(30, axis=0))
    np.testing.assert_allclose(down, down[:, :1].repeat(30, axis=1))


def test_cells_of_the_plane_tile_the_extent():
    z = plane_codes((-3, 3, -1, 2), 30)
    half_a_cell = np.array([0.1, 0.05])
    np.testing.assert_allclose(z.min(0) - half_a_cell, [-3, -1], atol=1e-6)
    np.testing.assert_allclose(z.max(0) + half_a_cell, [3, 2], atol=1e-6)
    assert plane_codes((0, 2, 4, 8), 1).tolist() == [[1, 6]]
