from core.config import ModelConfig
from core.recipes import recipe
from core.verdicts.family import collapsed, draws_of, nearest, recipe_of


def model(name: str, **changes) -> ModelConfig:
    return recipe("digits", name, **changes).model


def test_each_model_is_told_from_its_siblings_by_its_noise_and_its_price():
    assert recipe_of(model("ae")) == "The code is a point, no KL"
    assert recipe_of(model("noisy-ae", noise_ratio=0.5)) == "Fixed noise, η = 0.5, no KL"
    assert recipe_of(model("vae")) == "Learned noise, KL weighed by β = 1"
    assert recipe_of(model("beta-vae")) == "Learned noise, KL weighed by β = 4"
    assert recipe_of(model("vae", prior="mixture")).endswith("β = 1, from a Gaussian mixture")
    assert recipe_of(model("infogan")).startswith("Codes recognised in images of a game, λ = ")


def test_random_codes_come_from_the_models_own_prior():
    assert draws_of(model("ae")) == "Random codes from N(0, I), decoded"
    assert draws_of(model("vae", prior="uniform")) == "Random codes from its uniform box, decoded"


def test_a_collapsed_model_names_its_price():
    assert "At β = 8 a nat of KL has to save 8 nats of nll" in collapsed(8.0)


def test_the_distance_to_the_nearest_training_image_has_its_unit():
    assert "difference 0.125 per pixel (median)" in nearest(0.125)
