import pytest

from core.verdicts import decoders as verdicts
from core.verdicts.decoders import Price


def numbers_of_scale(scale: float) -> dict:
    knob = {"scale": 1.0, "beta": scale**2, "difference": 0.0, "angle": 0.0, "angle_without": 70.4}
    return {"scale": scale, "rmse": 0.2, "pixels": 64, "images": 360, "knob": knob}


def test_a_collapsed_model_is_called_so_and_another_not():
    prices = [
        Price("fixed", False, numbers_of_scale(1.0), kl=1.5, active=0, latents=2),
        Price("learned", True, numbers_of_scale(0.16), kl=1.5, active=2, latents=2),
    ]
    fixed, learned, came_to = verdicts.price_sentence(prices).splitlines()
    assert "a nat has to save 2 of squared error" in fixed
    assert "0 of 2 latents active" in fixed
    assert "**collapsed**" in fixed
    assert "2 of 2 latents active" in learned
    assert "collapsed" not in learned
    assert "**0.1600**" in came_to
    assert "0.2000 (360 images)" in came_to


def test_the_knob_is_told_in_numbers():
    said = verdicts.knob_sentence(numbers_of_scale(0.5))
    assert "σ = 0.5 with β = 1 is σ = 1 with β = 0.25" in said
    assert "differ by 0 of their length" in said
    assert "70° apart" in said


@pytest.mark.parametrize(
    ("value", "text"), [(-88.5512, "−88.55"), (0.5, "0.5"), (58.81206, "58.81")]
)
def test_a_minus_is_a_minus(value: float, text: str):
    assert verdicts.four_digits(value) == text
