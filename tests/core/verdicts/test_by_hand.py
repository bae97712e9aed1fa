from dataclasses import replace

import numpy as np

from core.metrics.cross_entropy import cross_entropies
from core.verdicts import by_hand as verdicts


def test_two_numbers_that_differ_are_not_called_one():
    losses = cross_entropies(np.ones((2, 2)), np.ones((1, 1)), np.array([0]))
    assert "one number" in verdicts.cross_entropy_sentence(losses, 1)
    formula = losses["formula"]
    for other in (replace(formula, gradient=formula.gradient + 1e-9), replace(formula, value=0.7)):
        said = verdicts.cross_entropy_sentence(losses | {"formula": other}, 1)
        assert "**not the same**" in said
