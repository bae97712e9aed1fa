import numpy as np
import pytest

from core.experiments.gaps import Tightness
from core.experiments.measuring.one_image import OneImage
from core.metrics.likelihood import Bounds
from core.verdicts import bound as verdicts


def test_which_part_is_larger_may_depend_on_the_seed():
    gaps = Tightness({0: 2.0, 1: 2.0}, {0: 1.5, 1: 0.5}, {0: 0.5, 1: 1.5}, 10, 5)
    said = verdicts.tightness_sentence(gaps, 1.0, "VAE")
    assert "which part is larger **depends on the seed**" in said
    assert said.endswith("This rests on 2 trainings of each model: a first look, no proof.")


@pytest.mark.parametrize(
    ("gap", "said"),
    [(0.4, "is **tight**"), (3.0, "is **not tight**"), (0.004, "too small to be told apart")],
)
def test_the_gaps_decide_whether_the_bound_is_tight(gap: float, said: str):
    seeds = range(3)
    parts = dict.fromkeys(seeds, gap / 2), dict.fromkeys(seeds, gap / 2)
    gaps = Tightness(dict.fromkeys(seeds, gap), *parts, 400, 100)
    sentence = verdicts.tightness_sentence(gaps, gap, "VAE")
    assert said in sentence
    assert sentence.endswith("on average with every seed; 3 trainings.)")
    assert verdicts.histogram_caption(gaps) == "log p(x) − ELBO of 400 test images, 3 trainings."


def test_a_bound_has_no_plus_minus_and_a_minus_of_its_own():
    column = np.array([[-90.25], [-89.5]])
    image = OneImage(Bounds((1, 5), column, np.abs(column) / 100, (5, 1)), -90.5, 0.25)
    elbo, one, five = verdicts.bound_rows(image)
    assert (elbo["nats"], elbo["spread of one"]) == ("−90.500", "standard error 0.250")
    assert (one["nats"], one["spread of one"], one["averaged"]) == ("−90.250", "0.902", "5 bounds")
    assert five["Bound"] == "importance-weighted, k = 5"
    said = verdicts.bounds_sentence(image)
    assert said.startswith("The ELBO of this image is −90.50 nats (standard error 0.25).")
    assert said.endswith("the ELBO is at least 1.00 nats too low.")
