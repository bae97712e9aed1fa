import pytest

from core.config import DataConfig
from core.experiments.kept import compared, numbers_of
from core.experiments.twins import TWINS
from core.recipes import recipe
from core.ui.kit import twins
from core.verdicts.twins import FIRST_LOOK


def captions(app) -> str:
    return "\n".join(caption.value for caption in app.caption)


@pytest.mark.parametrize("page", ["overview", "sampling", "train"])
def test_pages_say_how_many_test_images_are_trained_on_too(open_page, page: str):
    counted = compared(TWINS, DataConfig(name="sprites"))
    assert counted is not None
    said = captions(open_page(f"pages/{page}.py", data="sprites"))
    assert (
        f"{counted['twins']:,} of the {counted['test_images']:,} test images equal a training"
        " image" in said
    )
    assert "100% of the squares, 95% of the ellipses, 0% of the hearts" in said


def test_the_overview_gives_the_nll_without_them_as_a_first_look(open_page):
    said = captions(open_page("pages/overview.py", data="sprites"))
    numbers = numbers_of(TWINS, recipe("sprites", "vae", 10))
    assert numbers is not None
    without, trained = numbers["without"]["nll"], numbers["trained"]["nll"]
    assert f", VAE {without:.1f} ({trained:.1f})" in said
    assert FIRST_LOOK in said


def test_interpolations_leave_them_out_and_say_so(open_page):
    said = captions(open_page("pages/interpolations.py", data="sprites"))
    assert "None of them is a training image too, as 6,526 of the 10,000 test images are" in said
    assert "a first look" in said


@pytest.mark.parametrize("data", ["digits", "mnist"])
def test_where_there_are_none_nothing_is_said(open_page, data: str):
    assert "equal a training image" not in captions(open_page("pages/overview.py", data=data))
    assert twins.share(DataConfig(name=data)) == ""
