import shutil
from pathlib import Path

from core.experiments.measuring.every_run import measure_runs
from core.experiments.priors import GRADIENTS, covers
from core.experiments.rate import AGGREGATE, RATE
from core.recipes import recipe
from core.shelf import SHELF, shipped


def texts(app) -> str:
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.info))


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
