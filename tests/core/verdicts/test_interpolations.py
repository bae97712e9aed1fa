from core.experiments.interpolation import HALFWAY
from core.experiments.kept import Numbers
from core.verdicts.interpolations import Answer, confidence, table_rows, verdict


def numbers(
    gap: float | None, largest: float = 1.5, doubt: float = 0.1, reach: float = 0.3
) -> Numbers:
    """Return what a study would say of a model on both paths."""
    along = [0.9] * 11
    along[HALFWAY] = 0.9 - doubt
    path = {
        "steps": [[0.03] * 10] * 3,
        "largest": None if gap is None else [1.0, largest, 9.0],
        "detour": None if gap is None else [1.0, 1.2, 1.5],
        "distance": [0.1, 0.15, 0.2],
        "confidence": along,
        "gap": gap,
    }
    place = {"distance": [0.1, 0.12, 0.14], "confidence": 0.9}
    return {
        "pairs": 500,
        "apart": [reach, reach, reach],
        "ends": place,
        "faded": place,
        "line": path,
        "circle": path,
    }


ORIGINALS = {
    **numbers(1.0, 1.0, 0.2),
    "training_images": 1000,
    "faded": numbers(1.0, 1.0, 0.2)["line"],
}


def said(path: str = "line", **models: dict[int, Numbers]) -> str:
    names = {"ae": "ae", "vae": "vae", "beta": "beta-vae"}
    return verdict(
        Answer({names[name]: measured for name, measured in models.items()}, ORIGINALS), path
    )


def of(*gaps: float | None, **other: float) -> dict[int, Numbers]:
    return {seed: numbers(gap, **other) for seed, gap in enumerate(gaps)}


def test_the_numbers_decide_who_passes_through_nothing():
    text = said(ae=of(0.7, 0.8, 0.9), vae=of(0.1, 0.2, 0.15))
    assert "VAE stays nearest to real images, and AE passes through nothing" in text
    assert "**So it is here**: 15% (10% to 20%) against 80% (70% to 90%)" in text


def test_numbers_against_the_textbook_are_said_to_be():
    text = said(ae=of(0.1, 0.2, 0.15), vae=of(0.7, 0.8, 0.9))
    assert "AE stays nearest to real images, and VAE passes through nothing" in text
    assert "**These numbers contradict it**" in text


def test_seeds_that_disagree_are_called_a_tie():
    text = said(ae=of(0.2, 0.4, 0.3), vae=of(0.3, 0.35, 0.45))
    assert "none clearly stays nearest to real images, and none passes through nothing" in text
    assert "**A tie here**" in text
    text = said(ae=of(0.8, 0.9), vae=of(0.2, 0.4), beta=of(0.3, 0.35))
    assert "VAE and β-VAE (a tie) stay nearest" in text


def test_one_training_is_too_little_for_the_textbook():
    text = said(ae=of(0.2), vae=of(0.3))
    assert "Fewer than 3 trainings of each say too little" in text
    assert text.startswith("**One training each: on the straight line, ")


def test_one_training_of_one_model_is_no_proof_either():
    text = said(ae=of(0.2), vae=of(0.3, 0.4))
    assert text.startswith("**One training of AE, a first look: on the straight line, ")
    assert said(ae=of(0.2, 0.25), vae=of(0.3, 0.4)).startswith("**On the straight line, ")


def test_a_doubt_that_rounds_to_nothing_has_no_sign():
    text = said(ae=of(0.2, 0.3, doubt=-0.001), vae=of(0.7, 0.8, doubt=0.5))
    assert (
        "falls least from the ends to halfway with AE, by 0.00, and most with VAE, by 0.50" in text
    )


def test_who_straddles_the_border_is_on_it():
    text = said(ae=of(0.45, 0.55), vae=of(0.1, 0.2))
    assert "AE lies on the border" in text
    assert "none passes through nothing for sure" in text


def test_smoothness_is_decided_by_the_largest_step():
    text = said(ae=of(0.2, 0.3, largest=1.1), vae=of(0.2, 0.3, largest=2.5))
    assert "**On the straight line, AE moves most evenly" in text
    assert "AE 1.10, VAE 2.50" in text


def test_a_model_that_draws_one_picture_is_left_out():
    text = said(ae=of(0.2, 0.3), vae=of(0.7, 0.8), beta=of(None, None, reach=0.001))
    assert "β-VAE draws nearly the same picture everywhere: left out" in text
    assert "β-VAE" not in text.split("\n")[0]
    assert "no model moves enough" in said(beta=of(None, reach=0.0))


def test_a_model_whose_ends_are_blurred_is_named():
    assert "the end images of VAE differ only 33%" in said(
        ae=of(0.2, 0.3), vae=of(0.7, 0.8, reach=0.1)
    )
    assert "Blur" not in said(ae=of(0.2, 0.3), vae=of(0.7, 0.8))


def test_what_the_great_circle_changes_is_told_by_the_same_trainings():
    nearer, farther = of(0.4, 0.5), of(0.4, 0.5)
    for measured, change in ((nearer, -0.1), (farther, 0.1)):
        for one in measured.values():
            one["circle"] = {**one["circle"], "gap": one["line"]["gap"] + change}
    text = said(ae=farther, vae=nearer, beta=of(0.4, 0.5))
    assert "nearer to real images for VAE, farther from them for AE, neither for β-VAE" in text


def test_the_table_has_medians_quartiles_over_pairs_and_the_range_over_trainings():
    first, *_, last = table_rows(Answer({"vae": of(0.2, 0.4)}, ORIGINALS))
    assert first["Model"] == "VAE"
    assert first["Gap"] == "30% (20% to 40%)"
    assert first["Halfway to real"] == "0.150 [0.100, 0.200]"
    assert last["Model"] == "Originals"


def test_a_doubt_that_is_the_same_to_the_last_digit_shown_tells_no_models_apart():
    originals = {"ends": {"confidence": 1.0}, "faded": {"confidence": [1.0] * 11}}
    doubts = {"ae": {0: 0.0031, 1: 0.0032}, "vae": {0: 0.0001, 1: 0.0002}}
    assert "does not tell the models apart" in confidence(doubts, originals)
    doubts = {"ae": {0: 0.031, 1: 0.032}, "vae": {0: 0.0001, 1: 0.0002}}
    assert "most with AE, by 0.03" in confidence(doubts, originals)
