import numpy as np

from core.verdicts.latent_space import (
    activity,
    code_rows,
    neighbours_text,
    spread_rows,
    surrounding_text,
)


def test_bars_answer_another_question_where_no_kl_is_charged():
    active = np.array([True, False, True])
    assert activity(active, charged=True) == (
        "**What does each latent carry?** 2 of 3 are active."
    )
    assert activity(active, charged=False) == (
        "**How far does each latent spread?** 2 of 3 are active; no KL is charged."
    )


def test_latents_count_from_one():
    assert spread_rows(np.array([0.5, 2.0])) == [
        {"Latent": 1, "Standard deviation of the codes": 0.5},
        {"Latent": 2, "Standard deviation of the codes": 2.0},
    ]
    assert code_rows(np.array([1.0, -1.0]), np.array([0.5, 0.25]))[1] == {
        "Latent": "z2",
        "mean": "−1.000",
        "σ": "0.250",
    }


def test_a_posterior_without_width_is_a_point():
    assert "1 and 2 σ of its posterior" in surrounding_text("VAE", np.array([0.1, 0.0]))
    assert "its posterior is a point" in surrounding_text("AE", np.zeros(2))


def test_captions_name_the_model():
    assert neighbours_text("VAE", 8, decoded=True) == (
        "The test images (decoded) with the 8 nearest codes in VAE"
    )
    assert neighbours_text("VAE", 8, decoded=False).startswith("The test images with")
