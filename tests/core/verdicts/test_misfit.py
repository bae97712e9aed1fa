from core.verdicts.misfit import of_all_images


def aggregate(marginal: float, low: float, images: int, *, whole: bool = False) -> dict:
    return {
        "marginal": marginal,
        "error": 0.0,
        "low": low,
        "low_error": 0.0,
        "images": images,
        "whole": whole,
    }


def test_the_misfit_of_all_images_is_said_with_the_range_of_the_data():
    said = of_all_images(
        {
            "VAE": [aggregate(0.3006, 0.2728, 70_000)],
            "VampPrior": [aggregate(0.0483, 0.0107, 70_000)],
        }
    )
    assert said.startswith(
        "Of all 70,000 images, to train and to test on, the KL(aggregate‖prior) is: VAE 0.30 (of"
    )
    assert (
        "drawn from: 0.27 to 0.30), VampPrior 0.05 (of the data they are drawn from: 0.01 to"
        " 0.05). " in said
    )
    assert said.endswith("This is of one training of each model.")
    assert of_all_images({}) == ""


def test_all_sprites_leave_no_range_and_sharp_codes_leave_it_open():
    said = of_all_images(
        {
            "VAE": [
                aggregate(0.98, 0.98, 184_320, whole=True),
                aggregate(1.0, 1.0, 184_320, whole=True),
            ]
        }
    )
    assert said.startswith("Of all 184,320 images the KL(aggregate‖prior) is: VAE 0.99. ")
    assert "anything up to this" in of_all_images({"VAE": [aggregate(9.5, -12.0, 70_000)]})
