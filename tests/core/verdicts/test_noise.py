import pytest

from core.experiments.claims import DEPENDS, FAILS, FIRST_LOOK, HOLDS, compare
from core.experiments.noise import LEVELS, SAMPLED, judge
from core.experiments.trainings import Trainings
from core.verdicts import noise as said


def errors(error: float) -> dict:
    return {"levels": list(LEVELS), "mse": [error] * len(LEVELS)}


def trained(error: float, scores: dict[str, tuple[float, float]], seeds: int = 3) -> Trainings:
    """Return a model with the same made-up numbers for every seed."""
    noise = dict.fromkeys(range(seeds), errors(error))
    return Trainings({"noise": noise, "samples": dict.fromkeys(range(seeds), scores)})


def model(distance: float, error: float, seeds: int = 3) -> Trainings:
    return trained(error, dict.fromkeys(SAMPLED, (distance, 1 / distance)), seeds)


IN_ONE_SCORE = trained(1, dict.fromkeys(SAMPLED, (3.0, 0.1)))
"""Nearer to the data than a VAE of distance 4, with a smaller coverage."""


def test_a_summary_says_what_the_verdict_says():
    better = said.summary("x", judge(model(5, 2), {0.05: model(3, 1)}, model(4, 1)))
    assert better.startswith(
        "**Yes.** On x, noise in training makes the autoencoder robust to noise"
    )
    assert "better than without noise from" in better
    assert "It reaches the VAE" in better
    noisy = {0.05: model(3, 1), 0.2: model(9, 3)}
    mixed = said.summary("x", judge(model(5, 2), noisy, model(4, 1)))
    assert mixed.startswith("**It depends.**")
    assert "Whether it reaches the VAE with its prior depends on η and sampler" in mixed
    split = judge(model(5, 2), {0.05: IN_ONE_SCORE}, model(4, 1))
    assert "never in both scores with every seed" in said.summary("x", split)


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_say_no_more_than_a_first_look(seeds: int):
    found = judge(model(5, 2, seeds), {0.05: model(3, 1, seeds)}, model(4, 1, seeds))
    assert said.summary("x", found).startswith("**First look: yes.** On x, noise in training")
    assert said.summary("x", found).endswith("a first look, no proof.")
    assert [*said.cards(found)] == [
        "Better under noise? First look: yes.",
        "Better random samples? First look: yes.",
        "As good as the VAE? First look: yes.",
    ]
    assert "- *Prior*: **first look: yes**" in said.samples_text(found)


def test_where_the_autoencoder_does_as_well_noise_gets_no_credit():
    text = said.reaches_text(judge(model(3.5, 2), {0.05: model(3, 1)}, model(4, 1)))
    every = "*Uniform box*, *Fitted Gaussian*, *Fitted mixture* and *Prior*"
    assert f"the AE **without** noise is as good, with {every}" in text
    text = said.reaches_text(judge(model(5, 2), {0.05: model(3, 1)}, model(4, 1)))
    assert "the AE without noise is not as good with any sampler" in text


def only_with_a_mixture(distance: float) -> Trainings:
    """Return a model whose samples are bad but for codes from a mixture fitted to its own."""
    scores = dict.fromkeys(SAMPLED, (90.0, 0.1)) | {"mixture": (distance, 0.9)}
    return trained(1, scores, seeds=1)


def test_what_a_mixture_fitted_to_the_codes_reaches_is_said():
    found = judge(only_with_a_mixture(3), {0.05: only_with_a_mixture(5)}, only_with_a_mixture(2))
    reached = "The autoencoder without noise reaches it with *Fitted mixture*."
    assert reached in said.summary("x", found)
    text = said.reaches_text(found)
    assert "the AE **without** noise is as good, with *Fitted mixture*" in text
    assert "the VAE itself, with a mixture fitted to its codes: 2, 90%" in text


def test_a_spread_has_two_digits_that_count():
    ours, theirs = {0: [170.0, 0.2], 1: [230.0, 0.4]}, {0: [400.0, 0.1], 1: [401.0, 0.1]}
    pair = compare(ours, theirs, (False, True))
    assert said.scored(pair) == "400.50 ± 0.71, 10% ± 0% → 200 ± 42, 30% ± 14%"


def test_cases_are_counted_and_what_they_depend_on_is_named():
    words = {("a", 2): HOLDS, ("a", 10): FAILS, ("b", 2): HOLDS, ("b", 10): DEPENDS}
    text = "**yes** in 2 of 4 cases, **no** in 1, seeds disagree or scores contradict in 1."
    names = ["data set", "latents"]
    assert said.counted(words, names) == f"{text} It depends on data set and latents."
    assert said.counted({("a", 2): FIRST_LOOK}, names).endswith("fewer than 3 seeds in 1.")
    assert said.counted({}, []) == "not measured."


def test_the_answer_depends_on_nothing_where_no_noise_reaches_the_vae_with_any_sampler():
    never = judge(model(5, 2), {0.05: IN_ONE_SCORE}, model(4, 1))
    assert "no η with any sampler" in said.reaches_text(never)
    assert said.reaches_word(never) == "never in both scores with every seed"
    sometimes = judge(model(5, 0.2), {0.05: model(3, 0.2), 0.2: model(6, 0.2)}, model(4, 0.1))
    assert said.reaches_word(sometimes) == "it depends"
