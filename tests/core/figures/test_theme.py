import tomllib
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core.config import ALL_LABELS, MODEL_LABELS
from core.figures import theme

SETTINGS = tomllib.loads((Path(__file__).parents[3] / ".streamlit" / "config.toml").read_text())
LOOKS = {look: SETTINGS["theme"][look] for look in ("light", "dark")}
PAGES = {name: look["backgroundColor"] for name, look in LOOKS.items()}
NAMED = [*theme.MODEL_COLORS.values(), theme.PRIOR, theme.POSTERIOR]
MARKS = [*NAMED, *theme.LABEL_COLORS, *theme.SEQUENTIAL, theme.MUTED]


def linear(color: str) -> np.ndarray:
    rgb = np.frombuffer(bytes.fromhex(color[1:]), np.uint8) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(color: str, other: str) -> float:
    """Return the ratio of relative luminances, each raised by 0.05, as WCAG 2.1 defines it."""
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (color, other))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Return a colour in Ottosson's space of 2020, where distances are as they look."""
    to_lms = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
    to_lab = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
    return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ rgb)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("color", MARKS)
def test_a_mark_stands_out_from_the_page(color: str, page: str):
    assert contrast(color, page) >= 3


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_text_of_the_page_is_legible(look: dict[str, str]):
    for page in (look["backgroundColor"], look["secondaryBackgroundColor"]):
        assert contrast(look["textColor"], page) >= 7
        assert contrast(look["linkColor"], page) >= 4.5
    assert contrast("#ffffff", look["primaryColor"]) >= 4.5


def test_no_font_comes_from_the_network():
    assert {SETTINGS["theme"][font] for font in ("font", "headingFont", "codeFont")} <= {
        "sans-serif",
        "serif",
        "monospace",
    }


def test_every_model_has_a_colour():
    assert set(theme.MODEL_COLORS) == set(MODEL_LABELS)


def test_no_colour_has_two_meanings():
    colors = [*NAMED, *theme.LABEL_COLORS]
    assert len(set(colors)) == len(colors) == 16


# Machado, Oliveira and Fernandes 2009, severity 1.
EYES = {
    "most": np.eye(3),
    "deuteranopic": np.array(
        [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]]
    ),
    "protanopic": np.array(
        [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]]
    ),
}


@pytest.mark.parametrize("eye", EYES.values(), ids=EYES)
@pytest.mark.parametrize("colors", [NAMED, theme.LABEL_COLORS], ids=["named", "labels"])
def test_colours_differ_for_colour_blind_eyes(colors: list[str], eye: np.ndarray):
    seen = [oklab(np.clip(eye @ linear(color), 0, 1)) for color in colors]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 0.06


def test_a_model_has_its_colour_and_one_beside_the_four_has_a_class_s():
    colors = {name: theme.model_color(name) for name in ALL_LABELS}
    assert colors == theme.MODEL_COLORS | {"infogan": theme.LABEL_COLORS[0]}
    assert theme.model_look("beta-vae") == theme.Look("β-VAE", theme.MODEL_COLORS["beta-vae"])


@pytest.mark.parametrize("label", ["VAE", "β-VAE, β = 4", "prior", "something else"])
@pytest.mark.parametrize("of_model", [theme.model_color, theme.model_look])
def test_a_label_is_no_model_s_name(of_model: Callable[[str], object], label: str):
    with pytest.raises(ValueError, match="model should be one of ae, noisy-ae, vae"):
        of_model(label)


def test_label_colours_start_over():
    assert theme.label_color(13) == theme.LABEL_COLORS[3]


def test_layout_leaves_the_page_visible():
    figure: Any = theme.layout(go.Figure(), 300)
    look = figure.layout.template.layout
    assert look.paper_bgcolor == look.plot_bgcolor == theme.CLEAR
    assert figure.layout.height == 300


def test_layout_sets_no_text_colour_of_its_own():
    figure: Any = theme.layout(go.Figure())
    assert figure.layout.font.color is None
