"""The file that a page hands out opens from disk, asks for nothing, and decodes as torch does."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from core.checkpoints import SHELF, load
from core.explore.decoding import decode
from core.opening import open_run
from core.recipes import recipe
from tests.browser.fingers import FRAME, drag, drawn, pixels

pytestmark = pytest.mark.browser


def test_the_button_hands_out_a_file_that_decodes_without_a_server(
    open_page, browser, tmp_path: Path
):
    page = open_page("?data=digits&latents=2")
    with page.expect_download() as download:
        page.get_by_role("button", name="Hand out as one file").first.click()
    assert download.value.suggested_filename == "latent-lab-digits.html"
    path = tmp_path / "file.html"
    download.value.save_as(path)

    file = browser.new_page()
    asked: list[str] = []
    file.on("request", lambda request: asked.append(request.url))
    file.goto(f"{path.as_uri()}#path=1,3,0")
    expect(file.locator(".instrument[data-ready]")).to_have_count(4)
    pictures = drawn(file, ".path-pictures canvas")
    run = load(SHELF, recipe("digits", "vae", 2).key)
    code = np.random.default_rng(0).normal(size=(12, 2))[3:4].astype(np.float32)
    expected = decode(open_run(run.config.key).model, code)[0]
    np.testing.assert_allclose(pixels(pictures[2]) / 255, expected, atol=1.01 / 255)

    drag(file, file.locator(".path input[type=range]"), 1, 0.5)
    file.wait_for_function("() => /path=0\\.[45]/.test(location.hash)")
    file.evaluate(FRAME)
    moved = drawn(file, ".path-pictures canvas")
    assert all(one != other for one, other in zip(pictures, moved, strict=True))
    assert [re.sub("#.*", "", url) for url in asked] == [path.as_uri()]
    file.close()
