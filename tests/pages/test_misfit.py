import shutil
from pathlib import Path

from core.experiments.measuring.every_run import measure_runs
from core.experiments.priors import GRADIENTS, covers
from core.experiments.rate import AGGREGATE, RATE
from core.recipes import recipe
from core.shelf import SHELF, shipped
from core.verdicts.misfit import of_all_images


def texts(app) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.info))


def aggregate(marginal: float, low: float, images: int, *, whole: bool = False) -> dict:
    return {
        "marginal": marginal,
        "error": 0.0,
        "low": low,
        "low_error": 0.0,
        "images": images,
        "whole": whole,
    }


def test_the_misfit_of_all_images_is_said_with_the_range_of_the_data():
    said = of_all_images(
        {
            "VAE": [aggregate(0.3006, 0.2728, 70_000)],
            "VampPrior": [aggregate(0.0483, 0.0107, 70_000)],
        }
    )
    assert said.startswith(
        "Of all 70,000 images, to train and to test on, the KL(aggregate‖prior) is: VAE 0.30 (of"
    )
    assert (
        "drawn from: 0.27 to 0.30), VampPrior 0.05 (of the data they are drawn from: 0.01 to"
        " 0.05). " in said
    )
    assert said.endswith("This is of one training of each model.")
    assert of_all_images({}) == ""


def test_all_sprites_leave_no_range_and_sharp_codes_leave_it_open():
    said = of_all_images(
        {
            "VAE": [
                aggregate(0.98, 0.98, 184_320, whole=True),
                aggregate(1.0, 1.0, 184_320, whole=True),
            ]
        }
    )
    assert said.startswith("Of all 184,320 images the KL(aggregate‖prior) is: VAE 0.99. ")
    assert "anything up to this" in of_all_images({"VAE": [aggregate(9.5, -12.0, 70_000)]})


def test_the_rate_says_of_how_many_images_the_misfit_is_and_what_all_of_them_give(
    other_shelf: Path, open_page
):
    vae = recipe("digits", "vae")
    shutil.copytree(SHELF / vae.key, other_shelf / vae.key)
    for study in (RATE, AGGREGATE):
        measure_runs(study, other_shelf)
    said = texts(
        open_page("pages/likelihood.py", data="digits", latents=2, model="VAE", part="The rate")
    )
    assert "do not lie as the prior does, all together, of 360 images" in said
    assert (
        "Of all 1,797 images, to train and to test on, the KL(aggregate‖prior) is: VAE 0.11 ("
        in said
    )
    assert "drawn from: 0.10 to 0.11)" in said


def test_priors_are_compared_over_all_images_too(other_shelf: Path, open_page):
    runs = [
        c for c in shipped() if covers(c) and (c.data.name, c.model.latent_dim) == ("digits", 2)
    ]
    for config in runs:
        shutil.copytree(SHELF / config.key, other_shelf / config.key)
    for name in (f"{study.name}.json" for study in (GRADIENTS, RATE)):
        shutil.copy(SHELF / name, other_shelf / name)
    shutil.copy(SHELF / "evidence.json", other_shelf / "evidence.json")
    measure_runs(AGGREGATE, other_shelf)
    said = texts(open_page("pages/priors.py", data="digits", latents=2))
    assert (
        "That KL is of these 360 images alone. Of all 1,797 images, to train and to test on,"
        in said
    )
    assert "VampPrior 0.04 (of the data they are drawn from: 0.03 to 0.04)" in said
