from core.config import PRIORS, SIZES
from core.experiments.published import PUBLISHED


def test_every_number_is_of_binary_images_in_a_plausible_range_and_says_whose_it_is():
    for one in PUBLISHED:
        assert one.data in SIZES
        assert one.data.startswith("mnist-")
        assert one.prior in PRIORS
        assert one.nll is None or 80 < one.nll < 95
        assert one.source
    assert len(set(PUBLISHED)) == len(PUBLISHED)


def test_the_importance_weighted_objective_is_reported_better_than_the_elbo_of_the_same_model():
    for source in {one.source for one in PUBLISHED}:
        for data in ("mnist-dynamic", "mnist-static"):
            found = {
                one.model[:4]: one.nll
                for one in PUBLISHED
                if (one.source, one.data) == (source, data)
            }
            ours, theirs = found.get("VAE,"), found.get("IWAE")
            assert not (ours and theirs) or theirs < ours
