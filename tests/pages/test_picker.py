import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.checkpoints import load, save
from core.config import MODEL_LABELS, PRIORS, RunConfig, with_seed
from core.recipes import recipe
from core.runs import load_or_train
from core.shelf import SHELF, shipped
from core.ui.kit.frame import PAGES
from core.ui.kit.picker import View
from tests.pages.conftest import parts, sent

FAMILY = [recipe("digits", name, 2) for name in MODEL_LABELS]
INSTRUMENTS = {
    "pages/overview.py": ("path", ["AE", "Noisy AE", "β-VAE"]),
    "pages/sampling.py": ("grid", ["AE", "Noisy AE", "β-VAE"]),
    "pages/noise.py": ("scrub", ["AE"]),
    "pages/traversals.py": ("sliders", ["AE"]),
    "pages/interpolations.py": ("passage", ["AE", "Noisy AE", "β-VAE"]),
}
"""Page -> its instrument, and the models of its first picture where a family lacks the VAE."""


def copy_runs(target: Path, configs: list[RunConfig]) -> None:
    for config in configs:
        shutil.copytree(SHELF / config.key, target / config.key)


def keep_as(target: Path, config: RunConfig, other: RunConfig) -> None:
    """Keep the weights of a run that ships as those of another config."""
    save(target, replace(load(SHELF, config.key), config=other))


def with_beta(config: RunConfig, beta: float) -> RunConfig:
    return replace(config, model=replace(config.model, beta=beta))


def options(app, key: str) -> list[str]:
    return app.selectbox(key=key).options


def keys(app) -> set[str]:
    return {box.key for box in app.selectbox}


def test_the_picker_offers_every_run_that_ships_and_no_other(open_page):
    app = open_page()
    offered = set()
    for data in options(app, "data"):
        for latents in options(app.selectbox(key="data").select(data).run(), "latents"):
            app.selectbox(key="latents").select(int(latents)).run()
            offered |= {(data, int(latents), label) for label in options(app, "model")}
    assert offered == {
        (c.data.name, c.model.latent_dim, MODEL_LABELS[c.model.name]) for c in shipped()
    }


def test_a_number_of_latents_that_the_next_data_set_lacks_gives_way(open_page):
    app = open_page(data="digits", latents=2)
    app.selectbox(key="data").select("sprites").run()
    assert not app.exception
    assert app.selectbox(key="latents").value == 10


def test_a_standard_normal_is_offered_once(open_page):
    for data, latents in (("digits", 2), ("digits", 10), ("mnist", 10), ("mnist", 40)):
        app = open_page(data=data, latents=latents, model="VAE")
        assert options(app, "prior") == list(PRIORS.values())
        assert not keys(app) & {"run", "trained"}


@pytest.mark.parametrize(
    ("model", "shown"), [("AE", set()), ("Noisy AE", {"eta"}), ("VAE", set()), ("β-VAE", {"beta"})]
)
def test_noise_and_beta_are_asked_for_where_they_apply(open_page, model, shown):
    assert keys(open_page(data="digits", model=model)) & {"eta", "beta", "run"} == shown


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_link_restores_what_was_picked(open_page, page):
    app = open_page(page, data="digits", latents=10, model="Noisy AE")
    picked = {key: app.selectbox(key=key).value for key in ("data", "latents", "model", "eta")}
    assert picked == {"data": "digits", "latents": 10, "model": "Noisy AE", "eta": "0.05"}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_nonsense_in_a_link_falls_back_to_what_a_link_without_it_shows(open_page, page):
    words = (
        "data",
        "latents",
        "model",
        "beta",
        "eta",
        "run",
        "sampler",
        "seed",
        "fit",
        "width",
        "nearest",
        "score",
        "quality",
        "metric",
    )
    words += ("show", "color", "flatten", "across", "up", "extent", "resolution", "image")
    usual, odd = open_page(page), open_page(page, **dict.fromkeys(words, "<b>-1e9"))
    assert not odd.error
    assert [(box.key, box.value) for box in odd.selectbox] == [
        (box.key, box.value) for box in usual.selectbox
    ]
    assert [image.value for image in odd.get("image")] == [
        image.value for image in usual.get("image")
    ]


def test_a_second_beta_can_be_picked_and_the_usual_one_comes_first(open_page, other_shelf):
    copy_runs(other_shelf, FAMILY)
    keep_as(other_shelf, FAMILY[-1], with_beta(FAMILY[-1], 16.0))
    app = open_page(model="β-VAE")
    assert (options(app, "beta"), app.selectbox(key="beta").value) == (["4", "16"], "4")
    assert open_page(model="β-VAE", beta="16").selectbox(key="beta").value == "16"


def test_runs_of_several_seeds_are_told_apart_by_their_seed(open_page, other_shelf):
    vae = recipe("digits", "vae", 2)
    copy_runs(other_shelf, FAMILY)
    keep_as(other_shelf, vae, with_seed(vae, 1))
    app = open_page(model="VAE")
    assert (options(app, "trained"), app.selectbox(key="trained").value) == (["0", "1"], 0)
    assert "trained" not in keys(open_page(model="AE"))


def test_runs_that_differ_in_something_else_are_told_apart_by_their_key(open_page, other_shelf):
    vae, other = recipe("digits", "vae", 2), recipe("digits", "vae", 2, batch_size=32)
    copy_runs(other_shelf, FAMILY)
    keep_as(other_shelf, vae, other)
    app = open_page(model="VAE")
    assert set(options(app, "run")) == {vae.key, other.key}
    assert app.selectbox(key="run").value == vae.key
    assert "run" not in keys(open_page(model="AE"))


def test_stops_are_the_runs_that_differ_in_one_number_alone():
    family = {config.model.name: config for config in FAMILY}
    others = [
        with_beta(FAMILY[-1], 16.0),
        with_seed(FAMILY[-1], 1),
        recipe("digits", "beta-vae", 2, hidden=(9,)),
    ]
    noisier = recipe("digits", "noisy-ae", 2, noise_ratio=0.5)
    view = View(family["vae"], family, (*FAMILY, *others, noisier))
    assert view.stops("beta") == {1.0: family["vae"], 4.0: family["beta-vae"], 16.0: others[0]}
    assert view.stops("noise_ratio") == {0.0: family["ae"], 0.05: family["noisy-ae"], 0.5: noisier}
    silent = recipe("digits", "noisy-ae", noise_ratio=0)
    for siblings in ((silent, *view.siblings), (*view.siblings, silent)):
        assert replace(view, siblings=siblings).stops("noise_ratio")[0.0] == family["ae"]
    assert replace(view, picked=others[1]).stops("beta") == {4.0: others[1]}
    assert View(family["vae"], {}, ()).stops("noise_ratio") == {}


def test_a_model_beside_the_family_is_held_against_one_that_differs_in_nothing_else():
    vae, beside = recipe("digits", "vae"), recipe("digits", "infogan")
    alike = recipe("digits", "vae", batch_size=64)
    assert alike.train == beside.train
    assert View(beside, {}, (alike, beside)).peer(beside, "vae") == alike
    assert (
        View(beside, {}, (recipe("digits", "vae", hidden=(9,)), beside)).peer(beside, "vae")
        is None
    )
    assert View(vae, {"vae": vae}, (vae,)).peer(vae, "infogan") is None


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_family_that_is_not_complete_shows_those_that_are_there(open_page, other_shelf, page):
    copy_runs(other_shelf, FAMILY[:1])
    app = open_page(page)
    assert options(app, "model") == ["AE"]
    assert not app.error


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_page_bears_runs_of_one_latent(open_page, other_shelf, page):
    for model in MODEL_LABELS:
        load_or_train(recipe("digits", model, 1, hidden=(8,), epochs=1), other_shelf, device="cpu")
    app = open_page(page, show="One large")
    assert app.selectbox(key="latents").value == 1
    assert not app.error


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_an_altered_checkpoint_is_one_warning_and_the_rest_opens(open_page, other_shelf, page):
    copy_runs(other_shelf, FAMILY)
    weights = other_shelf / FAMILY[2].key / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")
    app = open_page(page)
    (warning,) = app.warning
    assert FAMILY[2].key in warning.value
    assert "\n" not in warning.value
    assert options(app, "model") == ["AE", "Noisy AE", "β-VAE"]
    if page == "pages/train.py":  # offers to train it again
        assert [one.label for one in app.button] == ["Start"]
    elif page in (
        "pages/priors.py",
        "pages/disentanglement.py",
    ):  # no VAE of digits is left, and no run of sprites
        assert app.info
    elif page in INSTRUMENTS:
        name, left = INSTRUMENTS[page]
        assert [run["short"] for run in sent(app, name).runs] == left
    else:
        assert app.get("image")


def test_a_run_that_is_trained_while_the_lab_is_open_can_be_picked_at_once(open_page, other_shelf):
    copy_runs(other_shelf, FAMILY[:2])
    app = open_page()
    copy_runs(other_shelf, FAMILY[2:])
    assert options(app.run(), "model") == list(MODEL_LABELS.values())


def test_a_run_that_is_trained_again_while_the_lab_is_open_is_read_again(open_page, other_shelf):
    copy_runs(other_shelf, FAMILY[:1])
    app = open_page()
    kept = load(other_shelf, FAMILY[0].key)
    save(other_shelf, replace(kept, metrics=kept.metrics | {"nll": 123.45}))
    assert "123.45" not in app.dataframe[0].value.to_string()
    assert "123.45" in app.run().dataframe[0].value.to_string()


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_shelf_says_how_to_train(open_page, other_shelf, page):
    app = open_page(page)
    (error,) = app.error
    assert "python -m core train" in error.value
    assert other_shelf.is_dir()


def picked(app) -> tuple[str, int]:
    return app.selectbox(key="data").value, app.selectbox(key="latents").value


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_lives_from_two_latents_opens_with_two_and_the_others_with_ten(
    open_page, page
):
    planes = ("pages/latent_space.py", "pages/likelihood.py", "pages/priors.py")
    assert picked(open_page(page)) == ("mnist", 2 if page in planes else 10)


def test_a_choice_of_latents_holds_on_the_pages_of_its_kind_alone(open_page):
    app = open_page("pages/sampling.py")
    app.selectbox(key="latents").select(40).run()
    assert picked(app.switch_page("pages/noise.py").run()) == ("mnist", 40)
    assert picked(app.switch_page("pages/priors.py").run()) == ("mnist", 2)
    app.selectbox(key="latents").select(10).run()
    assert picked(app.switch_page("pages/latent_space.py").run()) == ("mnist", 10)
    assert picked(app.switch_page("pages/sampling.py").run()) == ("mnist", 40)


def test_a_link_holds_for_one_visit_and_the_visitor_may_choose_otherwise(open_page):
    app = open_page("pages/sampling.py", data="digits", latents=2)
    app.selectbox(key="data").select("sprites").run()
    assert picked(app.run()) == ("sprites", 10)


def test_the_browser_is_told_after_every_run_what_a_link_has_to_say(open_page):
    app = open_page("pages/noise.py")
    (first,) = parts(app, "address")
    assert first["said"] == {"data": "mnist", "latents": "10"}
    (second,) = parts(app.selectbox(key="data").select("digits").run(), "address")
    assert second["said"] == {"data": "digits", "latents": "10"}
    assert second["run"] > first["run"]
