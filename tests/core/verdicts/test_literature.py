import pytest

from core.experiments.published import PUBLISHED
from core.verdicts import literature as verdicts


def bound(nll: float, error: float = 0.03) -> dict:
    return {
        "nll": nll,
        "error": error,
        "elbo": -nll - 3,
        "k": 5000,
        "images": 100,
        "test_images": 10_000,
    }


def test_a_row_for_each_of_ours_and_theirs_and_a_dash_for_what_nobody_here_knows():
    ours = {("mnist-dynamic", "normal"): bound(85.5), ("mnist-dynamic", "vamp"): None}
    rows = verdicts.rows(ours)
    assert [row["nll"] for row in rows[:2]] == ["85.500 (standard error 0.030)", "–"]
    assert rows[0]["elbo"] == "−88.50"
    assert (rows[0]["k"], rows[0]["Epochs"]) == ("5,000", "60")
    assert [row["From"] for row in rows[2:]] == [model.source for model in PUBLISHED]
    for row, model in zip(rows[2:], PUBLISHED, strict=True):
        assert row["nll"] == ("–" if model.nll is None else f"{model.nll:.2f}")


ERROR = "standard error of the test images"


@pytest.mark.parametrize(
    ("vamp", "said"),
    [
        (bound(83.0), f"nll is smaller than the standard normal's by 2.00 nats ({ERROR} 0.04"),
        (
            bound(83.0),
            "at least the 1.5 nats hoped for. This rests on one training of each model: a first",
        ),
        (bound(84.2), "less than the 1.5 nats hoped for"),
        (bound(86.0), f"nll is larger than the standard normal's by 1.00 nats ({ERROR} 0.04"),
        (bound(84.9, error=0.4), f"cannot be told apart: 0.10 nats ({ERROR} 0.40"),
        (None, "not both measured yet"),
    ],
)
def test_the_numbers_decide_what_is_said_of_the_vamp_prior(vamp: dict | None, said: str):
    ours = {("mnist-dynamic", "normal"): bound(85.0), ("mnist-dynamic", "vamp"): vamp}
    dynamic, static = verdicts.sentences(ours).splitlines()
    assert said in dynamic
    assert "`mnist-static`" in static
    assert "not both measured yet" in static


def test_the_note_says_what_was_measured_or_that_nothing_was():
    ours: dict = {("mnist-static", "vamp"): None}
    assert "Ours were not measured yet" in verdicts.note(ours)
    note = verdicts.note(ours | {("mnist-static", "normal"): bound(86.0)})
    assert "bound with k = 5,000 adds to it in 100 of them" in note
    assert "all 10,000 test images" in note
    assert "500 pseudo-inputs" in note
