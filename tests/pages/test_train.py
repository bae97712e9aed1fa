import shutil
import time
from functools import partial
from typing import Any

import pytest

from core.checkpoints import CheckpointError, survey
from core.config import PRIORS, with_seed
from core.jobs import Job, Jobs, Limits, read_job
from core.recipes import recipe
from core.ui.kit import cache
from core.ui.train import studio

PAGE = "pages/train.py"
QUICK: dict[str, Any] = {"data": "digits", "train_model": "AE", "digits_epochs": 2}


@pytest.fixture
def opened(open_page):
    return partial(open_page, PAGE)


@pytest.fixture
def own_shelf(other_shelf, open_page):
    """Return a shelf with one tiny run, and stop what was started on it in the end."""
    from core.runs import load_or_train

    load_or_train(recipe("digits", "vae", hidden=(8,), epochs=1), other_shelf, device="cpu")
    yield other_shelf
    studio.queue().close()


def button(app, label: str) -> Any:
    return next((one for one in app.button if one.label == label), None)


def test_the_first_screen_shows_a_run_that_is_trained(opened):
    app = opened(data="digits")
    assert any("on the shelf" in one.value for one in app.success)
    assert button(app, "Start") is None
    assert {chart.key for chart in app.get("plotly_chart")} == {
        "live_curves",
        "live_codes",
        "live_kl",
    }
    assert app.get("image")


@pytest.mark.slow
def test_start_trains_once_in_the_background_and_the_run_is_on_the_shelf(opened, own_shelf):
    config = recipe("digits", "ae", epochs=2)
    app, other = opened(**QUICK), opened(**QUICK)
    assert any("About **" in one.value for one in app.markdown)
    for one in (app, other):
        button(one, "Start").click().run()
        assert not one.exception
    end = time.monotonic() + 60
    while not (own_shelf / config.key).is_dir():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert {key for key, _ in survey(own_shelf)} == {
        config.key,
        recipe("digits", "vae", hidden=(8,), epochs=1).key,
    }
    assert any("on the shelf" in one.value for one in app.run().success)
    assert "AE" in app.selectbox(key="model").options


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("stopped", "It was stopped"),
        ("interrupted", "the server went away"),
        ("failed", "It failed: training diverged"),
    ],
)
def test_a_training_that_was_left_can_go_on_or_be_discarded(
    opened, own_shelf, monkeypatch, state, said
):
    job = Job(config=recipe("digits", "ae", epochs=2), state=state, reason="training diverged")
    monkeypatch.setattr(
        studio.jobs, "read_job", lambda root, key: job if key == job.config.key else None
    )
    app = opened(**QUICK)
    assert button(app, "Continue") is not None
    assert button(app, "Discard") is not None
    assert any(said in one.value for one in (*app.warning, *app.error))


def test_a_running_one_can_be_stopped_and_says_how_far_it_is(opened, own_shelf, monkeypatch):
    job = Job(
        config=recipe("digits", "ae", epochs=2),
        state="running",
        seen=100,
        total=400,
        epoch=1,
        images_per_second=50.0,
    )
    monkeypatch.setattr(
        studio.jobs, "read_job", lambda root, key: job if key == job.config.key else None
    )
    app = opened(**QUICK)
    assert button(app, "Stop") is not None
    (bar,) = app.get("progress")
    assert (bar.proto.value, bar.proto.text) == (25, "Epoch 1 of 2, 50 images/s, 6 s left")


def test_a_job_that_ends_while_the_page_is_drawn_leaves_no_stop_behind(
    opened, own_shelf, monkeypatch
):
    config = recipe("digits", "ae", epochs=2)
    states: Any = iter(["running"])

    def read(root: object, key: str) -> Job | None:
        return Job(config=config, state=next(states, "stopped")) if key == config.key else None

    monkeypatch.setattr(studio.jobs, "read_job", read)
    app = opened(**QUICK)
    assert button(app, "Stop") is None
    assert button(app, "Continue") is not None


def test_bad_combinations_are_explained_and_cannot_be_started(opened):
    app = opened(data="digits", train_model="β-VAE")
    app.number_input(key="digits_epochs").set_value(1)
    app.session_state["train_seed"] = 0
    assert button(app.run(), "Start") is not None
    refused = recipe

    def never(*names: object, **changes: object) -> object:
        raise ValueError("beta should be at least 0, got -1.0")

    studio.recipe = lambda data, name, *rest, **changes: (
        refused(data, name) if not rest else never()
    )  # type: ignore[assignment]
    try:
        app.run()
        assert any("beta should be at least 0, got -1.0." in one.value for one in app.error)
        assert button(app, "Start") is None
    finally:
        studio.recipe = refused


def test_a_deployment_may_switch_training_off(opened, monkeypatch):
    monkeypatch.setattr(studio, "queue", lambda: Jobs(cache.SHELF, Limits(training=False)))
    app = opened(**QUICK)
    assert button(app, "Start") is None
    assert any("switched off" in one.value for one in app.info)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LATENT_LAB_TRAINING", "maybe", "should be on or off, got 'maybe'"),
        ("LATENT_LAB_MAX_EPOCHS", "abc", "should be a whole number, got 'abc'"),
    ],
)
def test_a_wrongly_set_limit_is_one_sentence_and_nothing_can_be_trained(
    opened, open_page, own_shelf, monkeypatch, name, value, said
):
    monkeypatch.setenv(name, value)
    app = opened(**QUICK)
    assert [one.value for one in app.info] == [f"Training is not available: {name} {said}."]
    assert [one.label for one in app.button] == []
    assert not open_page("pages/overview.py", data="digits").info


def test_what_cannot_be_written_is_one_sentence(opened, own_shelf, monkeypatch):
    def full(*_: object) -> None:
        raise CheckpointError("the disk that holds it is full; free some space and train again")

    monkeypatch.setattr("core.jobs.queue.write_job", full)
    app = opened(**QUICK)
    button(app, "Start").click().run()
    assert [one.value for one in app.error] == [
        "the disk that holds it is full; free some space and train again."
    ]
    assert button(app, "Start") is not None


def test_before_the_first_step_it_says_that_it_starts(opened, own_shelf, monkeypatch):
    job = Job(config=recipe("digits", "ae", epochs=2), state="running")
    monkeypatch.setattr(
        studio.jobs, "read_job", lambda root, key: job if key == job.config.key else None
    )
    (bar,) = opened(**QUICK).get("progress")
    assert (bar.proto.value, bar.proto.text) == (0, "Starting: its process reads the images")


def test_a_job_whose_run_is_on_the_shelf_is_not_said_to_be_interrupted(
    opened, own_shelf, monkeypatch
):
    config = recipe("digits", "vae", hidden=(8,), epochs=1)
    left = [
        Job(config=one, state="interrupted") for one in (config, recipe("digits", "ae", epochs=3))
    ]
    monkeypatch.setattr(studio.jobs, "read_jobs", lambda root: left)
    app = opened(**QUICK)
    table = next(one.value for one in app.dataframe if "State" in one.value)
    assert list(table["Run"]) == ["digits, AE, 2 latents"]


@pytest.mark.parametrize("prior", PRIORS.values())
@pytest.mark.parametrize("epochs", [1, 20])
def test_the_time_of_a_training_is_estimated_for_every_prior(opened, prior, epochs):
    app = opened(data="digits", train_prior=prior, digits_epochs=epochs, train_width="Half")
    assert any("About **" in one.value and f"({epochs} epoch" in one.value for one in app.markdown)
    assert button(app, "Start") is not None


def test_the_run_on_the_page_is_not_listed_among_the_others(opened, own_shelf, monkeypatch):
    own, other = recipe("digits", "ae", epochs=2), recipe("digits", "ae", epochs=3)
    going = {
        c.key: Job(config=c, state="running", seen=n, total=100)
        for c, n in ((own, 1), (other, 30))
    }
    monkeypatch.setattr(studio.jobs, "read_jobs", lambda root: list(going.values()))
    monkeypatch.setattr(studio.jobs, "read_job", lambda root, key: going.get(key))
    app = opened(**QUICK)
    (table,) = [one.value for one in app.dataframe if "State" in one.value]
    assert list(table["Done"]) == ["30%"]
    del going[other.key]
    app = opened(**QUICK)
    assert [one for one in app.dataframe if "State" in one.value] == []
    assert "What else is being trained?" not in [one.value for one in app.subheader]


def test_a_limit_is_one_sentence(opened, own_shelf, monkeypatch):
    full = Jobs(own_shelf, Limits(waiting=0))
    monkeypatch.setattr(studio, "queue", lambda: full)
    app = opened(**QUICK)
    button(app, "Start").click().run()
    assert [one.value for one in app.error] == [
        "there should be at most 0 trainings in the queue; wait for one to end."
    ]
    assert read_job(own_shelf, recipe("digits", "ae", epochs=2).key) is None


def test_shipped_runs_cannot_be_deleted_and_own_ones_can(opened, own_shelf):
    key = recipe("digits", "vae", hidden=(8,), epochs=1).key
    app = opened(data="digits")
    button(app, "Delete").click().run()
    assert not (own_shelf / key).exists()
    assert [one.label for one in app.button if one.label == "Delete"] == []


def test_a_run_that_another_visitor_deleted_first_is_one_sentence(opened, own_shelf):
    app = opened(data="digits")
    shutil.rmtree(own_shelf / recipe("digits", "vae", hidden=(8,), epochs=1).key)
    button(app, "Delete").click().run()
    assert not app.exception


def test_nothing_that_ships_is_offered_for_deletion(opened):
    assert button(opened(data="digits"), "Delete") is None


def test_without_the_images_a_run_that_is_not_kept_cannot_be_started(opened):
    app = opened(data="mnist", train_model="AE", mnist_epochs=1)
    assert button(app, "Start") is None
    assert any("LATENT_LAB_DATA" in one.value for one in app.info)


def test_the_films_of_two_models_run_in_step(opened):
    app = opened(data="digits", latents=2)
    assert "How did the latent space form?" in [block.value for block in app.subheader]
    assert app.button_group(key="films").value == ["AE", "VAE"]


def test_no_film_is_one_sentence(opened):
    app = opened(data="digits", latents=10)
    assert any("films are kept of models with **2 latents**" in block.value for block in app.info)
    app = opened(data="digits", latents=2)
    app.button_group(key="films").set_value([]).run()
    assert any("Choose a model to see it form" in block.value for block in app.info)
    assert not app.exception


@pytest.mark.parametrize("seed", [0, 3])
def test_a_finished_run_can_be_picked_for_every_page(opened, own_shelf, seed):
    from core.runs import load_or_train

    config = recipe("digits", "beta-vae", 3, beta=20, epochs=1, seed=seed)
    for known in (config, with_seed(config, 1)):
        load_or_train(known, own_shelf, device="cpu")
    choices = {
        "train_model": "β-VAE",
        "train_beta": 20,
        "digits_latents": 3,
        "digits_epochs": 1,
        "train_seed": seed,
    }
    app = opened(data="digits", **choices)
    assert app.selectbox(key="latents").value == 2
    button(app, "Pick it for every page").click().run()
    assert not app.exception
    assert {
        key: app.selectbox(key=key).value for key in ("latents", "model", "beta", "trained")
    } == {
        "latents": 3,
        "model": "β-VAE",
        "beta": "20",
        "trained": seed,
    }
    assert button(app, "Pick it for every page") is None
    app.selectbox(key="latents").select(2).run()
    assert not app.exception


def test_digits_can_be_binarised(opened):
    app = opened(data="mnist", train_images="Binarised anew")
    assert app.number_input(key="mnist-dynamic_latents").value == 40
    assert app.number_input(key="mnist-dynamic_rate").value == 5e-4
    assert sum("MNIST" in info.value for info in app.info) == 1
    assert "Images" not in [box.label for box in opened(data="digits").selectbox]
