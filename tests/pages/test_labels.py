"""A label is text on the screen: whatever it says, colours, rows and sentences stay in place."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.config import ModelConfig
from core.experiments.orderings import representations
from core.figures import theme
from core.recipes import recipe
from core.ui.likelihood import rate
from core.ui.noise import blocks as noise
from core.verdicts import disentanglement

FAMILY = tuple(recipe("digits", name) for name in theme.MODEL_COLORS)
CACHED = (noise.errors_figure, rate.bars_figure)


def odd_label(name: str) -> str:
    """Return a label of a model that begins like another model's and has commas of its own."""
    return f"PCA, VAE, not {name}"


@pytest.fixture(autouse=True)
def odd_labels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give every model a label that says nothing true of it."""
    for figure in CACHED:
        figure.clear()
    monkeypatch.setattr(ModelConfig, "label", property(lambda model: odd_label(model.name)))
    yield
    for figure in CACHED:
        figure.clear()


def figures(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_lines_keep_the_colours_of_their_models():
    figure: Any = noise.errors_figure(FAMILY, "mse", "squared error")
    lines = {trace.name: trace.line.color for trace in figure.data if trace.name}
    assert lines == {odd_label(name): color for name, color in theme.MODEL_COLORS.items()}


def test_the_paper_s_table_and_its_dots_keep_their_rows_and_colours(
    open_page: Callable[..., AppTest],
):
    app = open_page("pages/disentanglement.py", data="sprites", latents="10", pairs="1")
    names = list(representations())
    labels = [odd_label(name) if name in disentanglement.trained() else name for name in names]
    (figure,) = [
        each for each in figures(app) if each["layout"]["yaxis"].get("ticktext") == labels
    ]
    means = next(trace for trace in figure["data"] if trace["name"] == "mean")
    assert means["marker"]["color"] == [
        theme.MODEL_COLORS.get(name, theme.MUTED) for name in names
    ]
    table = next(frame.value for frame in app.dataframe if "Representation" in frame.value)
    found = table.set_index("Representation").to_dict("index")
    assert found[odd_label("beta-vae")]["Paper"] == "99.2% ± 0.1%"
    assert found[odd_label("ae")]["Paper"] == "–"


def test_sentences_name_the_plateau_s_models_shortly_and_compare_the_right_pair():
    table = representations()
    assert "VAE " in disentanglement.plateau_sentence(table, {1.0: table["vae"]})
    said = disentanglement.pair_sentence(table)
    assert said.index(odd_label("vae")) < said.index(odd_label("beta-vae"))


def test_the_rate_is_said_of_the_picked_model(open_page: Callable[..., AppTest]):
    app = open_page("pages/likelihood.py", data="digits", model="β-VAE", part="The rate")
    texts = [markdown.value for markdown in app.markdown]
    assert any(text.startswith(f"**{odd_label('beta-vae')}** spends") for text in texts)
