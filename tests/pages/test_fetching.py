import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import streamlit as st

from core.data import MissingData, mnist
from core.jobs import Jobs, Limits
from core.jobs.fetching import NAME, Download, Fetcher, write_download
from core.ui.kit import cache
from core.ui.train import fetching, studio
from core.verdicts import training
from tests.core import stand_in_fetcher
from tests.core.data.source import Source, files, pass_for_mnist, serving

CHOICES: dict[str, Any] = {"data": "mnist", "train_model": "AE", "mnist_epochs": 1}


@pytest.fixture
def opened(open_page):
    return partial(open_page, "pages/train.py", **CHOICES)


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """Return a server that has the images, from which the page fetches them."""
    pass_for_mnist(monkeypatch)
    with serving(files()) as server:
        command = stand_in_fetcher.command(server.address)
        shared = Fetcher(mnist.downloads() / NAME, studio.queue().limits, command)
        monkeypatch.setattr(fetching, "fetcher", lambda: shared)
        yield server
        server.go_on.set()
        wait_for(lambda: (now := shared.look()) is None or now.state != "running")
    st.cache_resource.clear()
    st.cache_data.clear()


def wait_for(done: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def button(app, label: str) -> Any:
    return next((one for one in app.button if one.label == label), None)


def says(app, sentence: str) -> bool:
    return any(sentence in info.value for info in app.info)


def test_a_button_fetches_the_images_in_the_background_for_everybody(opened, source):
    source.go_on.clear()
    app, other = opened(), opened()
    assert says(app, "MNIST's images to train on are not on this machine")
    for one in (app, other):
        assert button(one, "Start") is None
        button(one, "Fetch the images (10 MB)").click().run()
        assert not one.exception
    wait_for(lambda: (now := fetching.fetcher().look()) and now.total)
    for one in (app.run(), opened()):
        assert button(one, "Fetch the images (10 MB)") is None
        assert not says(one, "not on this machine")
        (bar,) = one.get("progress")
        assert 0 < bar.proto.value < 100
        assert " MB, " in bar.proto.text
    source.go_on.set()
    wait_for(lambda: fetching.fetcher().look() is None)
    assert len(source.asked) == 2
    app = opened()
    assert not app.get("progress")
    assert button(app, "Fetch the images (10 MB)") is None
    assert button(app, "Start") is not None


def test_a_download_that_failed_says_why_and_can_be_tried_again(opened, source):
    source.content.clear()
    app = opened()
    button(app, "Fetch the images (10 MB)").click().run()
    wait_for(lambda: (now := fetching.fetcher().look()) and now.state == "failed")
    app.run()
    (error,) = app.error
    assert error.value.startswith("The images could not be fetched: MNIST's train-images should")
    assert "404 Not Found from 127.0.0.1" in error.value
    source.content.update(files())
    button(app, "Try again").click().run()
    wait_for(lambda: fetching.fetcher().look() is None)
    assert not app.run().error
    assert button(app, "Start") is not None


def test_what_cannot_be_begun_is_one_sentence(opened, source, monkeypatch):
    def full(*_: object) -> None:
        raise MissingData("there should be room for 10 MB, got a full disk; free some space")

    monkeypatch.setattr("core.jobs.fetching.write_download", full)
    app = opened()
    button(app, "Fetch the images (10 MB)").click().run()
    assert [one.value for one in app.error] == [
        "there should be room for 10 MB, got a full disk; free some space."
    ]
    assert source.asked == []


def test_nothing_is_offered_where_training_is_switched_off(opened, monkeypatch):
    monkeypatch.setattr(studio, "queue", lambda: Jobs(cache.SHELF, Limits(training=False)))
    app = opened()
    assert button(app, "Fetch the images (10 MB)") is None
    assert says(app, "MNIST's images to train on are not on this machine")


def test_nothing_is_offered_where_a_download_would_not_help(opened, monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "nowhere"))
    app = opened()
    assert button(app, "Fetch the images (10 MB)") is None
    assert says(app, "LATENT_LAB_DATA should name a folder")


@pytest.mark.parametrize("data", ["digits", "sprites"])
def test_other_images_are_never_fetched(open_page, data):
    assert button(open_page("pages/train.py", data=data), "Fetch the images (10 MB)") is None


def test_the_lab_fetches_into_the_folder_that_it_reads(opened):
    write_download(mnist.downloads() / NAME, Download(arrived=4_200_000, total=9_900_000))
    (bar,) = opened().get("progress")
    assert (bar.proto.value, bar.proto.text) == (42, "4.2 of 9.9 MB")


def test_a_download_in_words():
    download = Download(began=100.0, told=110.0, arrived=5_000_000, total=10_000_000)
    assert training.fetching(download) == (0.5, "5.0 of 10.0 MB, 10 s left")
    assert training.fetching(Download()) == (0.0, "Starting: its process asks for the files")
    interrupted = replace(download, state="interrupted")
    assert training.not_fetched(interrupted).endswith("its process is gone.")
