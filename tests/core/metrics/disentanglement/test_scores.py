"""Every metric ranks codes of known quality, and agrees with its definition written out."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score

from core.metrics.disentanglement import (
    World,
    dci,
    explicitness,
    factor_vae_score,
    higgins_score,
    mig,
    mig_of_posteriors,
    modularity,
    sap,
)
from core.metrics.disentanglement.dci import completeness, disentanglement
from core.metrics.disentanglement.oracles import ORACLES, oracle

pytestmark = pytest.mark.slow

SIZES = (3, 4, 6, 5)
K = len(SIZES)
TRAIN, TEST = 2000, 1000


def random() -> np.random.Generator:
    return np.random.default_rng(3)


def scored(world: World) -> dict[str, float]:
    codes, factors = world.sample(TRAIN, random())
    unseen = world.sample(TEST, np.random.default_rng(4))
    found = dci(codes, factors, *unseen)
    return {
        "higgins": higgins_score(world, random(), train=TRAIN, test=TEST),
        "factor-vae": factor_vae_score(
            world, random(), train=TRAIN, test=TEST, variance_from=2000
        ),
        "mig": mig(codes, factors),
        "sap": sap(codes, factors, *unseen),
        "dci-d": found.disentanglement,
        "dci-c": found.completeness,
        "dci-i": found.informativeness,
        "modularity": modularity(codes, factors),
        "explicitness": explicitness(codes, factors, *unseen),
    }


@pytest.fixture(scope="module")
def scores() -> dict[str, dict[str, float]]:
    """Return every metric of every oracle."""
    return {name: scored(oracle(name, SIZES)) for name in ORACLES}


@pytest.mark.parametrize(
    "metric",
    ["higgins", "factor-vae", "mig", "dci-d", "dci-c", "dci-i", "modularity", "explicitness"],
)
def test_a_perfect_code_is_as_good_as_can_be(scores, metric: str):
    assert scores["perfect"][metric] > 0.97


@pytest.mark.parametrize("metric", ["factor-vae", "mig", "sap", "dci-d", "dci-c"])
def test_a_rotated_code_is_clearly_worse_than_a_perfect_one(scores, metric: str):
    assert scores["rotated"][metric] < scores["perfect"][metric] - 0.05


@pytest.mark.parametrize("metric", ["higgins", "factor-vae", "mig", "sap", "dci-d", "dci-c"])
def test_noise_and_a_constant_are_worse_than_a_rotated_code(scores, metric: str):
    assert max(scores["random"][metric], scores["constant"][metric]) < scores["rotated"][metric]


@pytest.mark.parametrize(
    ("metric", "chance"),
    [
        ("higgins", 1 / K),
        ("factor-vae", 1 / K),
        ("mig", 0),
        ("sap", 0),
        ("dci-d", 0),
        ("explicitness", 0.5),
    ],
)
def test_noise_scores_what_chance_does(scores, metric: str, chance: float):
    assert scores["random"][metric] == pytest.approx(chance, abs=0.06)


def test_a_constant_code_scores_nothing(scores):
    found = scores["constant"]
    assert [
        found[name] for name in ("factor-vae", "mig", "sap", "dci-d", "dci-c", "modularity")
    ] == [0] * 6
    assert found["explicitness"] == 0.5
    assert found["higgins"] == pytest.approx(1 / K, abs=0.06)


def test_rounding_is_no_information():
    factors = oracle("constant", (3, 6, 40, 16, 16)).sample(10_000, random())[1]
    assert modularity(np.zeros((10_000, 2)), factors) == 0


def test_the_higgins_score_does_not_miss_a_missing_factor_and_the_others_do(scores):
    """Its known failure: the factor that no latent follows is the one left over."""
    assert scores["all but one"]["higgins"] > 0.99
    for metric in ("factor-vae", "mig", "dci-d", "dci-c", "dci-i", "explicitness"):
        assert scores["all but one"][metric] < scores["perfect"][metric] - 0.05


def test_two_latents_for_a_factor_cost_what_asks_for_one_latent_and_nothing_else(scores):
    for metric in ("mig", "sap"):
        assert scores["duplicated"][metric] < 0.05
    assert scores["duplicated"]["dci-c"] < scores["perfect"]["dci-c"] - 0.1
    for metric in ("higgins", "factor-vae", "dci-d", "modularity"):
        assert scores["duplicated"][metric] > 0.97


def test_modularity_is_blind_to_noise_and_to_rotation(scores):
    """Noise seems to tell little, and tells it unevenly: the score is high where none is due."""
    assert scores["random"]["modularity"] > 0.5
    assert scores["all but one"]["modularity"] > 0.97


def test_which_factors_are_shared_can_be_said():
    world = oracle("all but one", SIZES)
    assert higgins_score(world, random(), train=500, test=500, factors=(0, 1, 2)) == 1
    assert higgins_score(world, random(), train=500, test=500, factors=(3, 0)) > 0.99


def test_seeds_decide():
    world = oracle("rotated", SIZES)
    first, again = (higgins_score(world, random(), train=200, test=200) for _ in range(2))
    assert first == again
    first, again = (factor_vae_score(world, random(), train=200, test=200) for _ in range(2))
    assert first == again


# Independent of the code above: each definition again, image by image, as its paper writes it.


def sample_of(name: str, count: int = 3000) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    return oracle(name, SIZES).sample(count, random())


@pytest.mark.parametrize("name", ["perfect", "rotated", "duplicated", "random"])
def test_mig_and_modularity_are_those_of_their_definitions(name: str):
    codes, factors = sample_of(name)
    binned = np.stack([np.digitize(z, np.histogram(z, 20)[1][:-1]) for z in codes.T], axis=1)
    told = np.array([[mutual_info_score(v, b) for v in factors.T] for b in binned.T])
    entropies = np.array([mutual_info_score(v, v) for v in factors.T])
    ordered = np.sort(told, axis=0)[::-1]
    assert mig(codes, factors) == pytest.approx(
        ((ordered[0] - ordered[1]) / entropies).mean(), abs=1e-9
    )
    deviations = []
    for row in told:
        template = np.zeros(K)
        template[row.argmax()] = row.max()
        deviations.append(((row - template) ** 2).sum() / (row.max() ** 2 * (K - 1)))
    assert modularity(codes, factors) == pytest.approx(1 - np.mean(deviations), abs=1e-9)


def higgins_by_the_book(
    world: World, random: np.random.Generator, points: int
) -> tuple[list, list]:
    x, y = [], []
    for _ in range(points):
        k = random.integers(K)
        differences = []
        for _ in range(64):
            one, other = (np.array([random.integers(size) for size in SIZES]) for _ in range(2))
            other[k] = one[k]
            differences.append(np.abs(world.encode(one[None]) - world.encode(other[None]))[0])
        x.append(np.mean(differences, axis=0))
        y.append(k)
    return x, y


def factor_vae_by_the_book(
    world: World, random: np.random.Generator, votes: int
) -> list[tuple[int, int]]:
    spread = world.sample(5000, random)[0].std(axis=0, ddof=1)
    found = []
    for _ in range(votes):
        k = random.integers(K)
        factors = np.stack([random.integers(0, size, 64) for size in SIZES], axis=1)
        factors[:, k] = factors[0, k]
        found.append((int((world.encode(factors) / spread).var(axis=0, ddof=1).argmin()), int(k)))
    return found


def test_the_higgins_score_is_that_of_its_definition_within_sampling():
    """A share near 0.8 of 300 points has a standard error of 0.023; five of them are allowed."""
    world = oracle("rotated", SIZES)
    model = LogisticRegression(max_iter=1000).fit(*higgins_by_the_book(world, random(), 300))
    expected = model.score(*higgins_by_the_book(world, np.random.default_rng(8), 300))
    assert higgins_score(world, random(), train=300, test=3000) == pytest.approx(
        expected, abs=5 * 0.023
    )


def test_the_factor_vae_score_is_that_of_its_definition_within_sampling():
    """2,000 votes: a share near 0.8 has a standard error of 0.009; five of them are allowed."""
    world = oracle("rotated", SIZES)
    votes = factor_vae_by_the_book(world, random(), 2000)
    majority = {j: max(range(K), key=lambda k: votes.count((j, k))) for j in range(K)}
    fresh = factor_vae_by_the_book(world, np.random.default_rng(8), 2000)
    expected = np.mean([majority[j] == k for j, k in fresh])
    assert factor_vae_score(world, random(), train=2000, test=5000) == pytest.approx(
        expected, abs=5 * 0.009
    )


def test_latents_that_do_not_vary_are_left_out():
    quiet = World(SIZES, lambda factors: np.c_[factors, 0.01 * random().normal(size=len(factors))])
    assert factor_vae_score(quiet, random(), train=500, test=500) == 1
    loud = factor_vae_score(quiet, random(), train=500, test=500, least_std=0.001)
    assert loud == 1  # its variance within a group is as large as among all images
    assert factor_vae_score(quiet, random(), train=500, test=500, least_std=100) == 0


@pytest.mark.parametrize("name", ["rotated", "all but one"])
def test_both_kinds_of_trees_give_much_the_same_dci(name: str):
    """The trees weigh splits differently: scores of such codes differ by 0.06 at most."""
    world = oracle(name, (3, 4))
    data = (*world.sample(600, random()), *world.sample(600, np.random.default_rng(5)))
    fast, exact = dci(*data), dci(*data, trees="exact")
    assert fast == pytest.approx(exact, abs=0.06)
    with pytest.raises(ValueError, match="trees should be one of histogram, exact, got 'oak'"):
        dci(*data, trees="oak")


def test_disentanglement_and_completeness_are_weighted_as_they_should():
    lopsided = np.array([[1.0, 0.0], [0.0, 1.0], [0.01, 0.01]])
    assert 0.9 < disentanglement(lopsided) < 1  # a latent that hardly matters hardly counts
    assert completeness(np.array([[1.0, 1.0]])) == 1
    assert disentanglement(np.zeros((3, 2))) == 0


@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_the_mig_of_posteriors_is_that_of_many_samples(noise: float):
    sizes = (3, 4)
    factors = np.stack(np.meshgrid(*map(np.arange, sizes), indexing="ij"), axis=-1).reshape(-1, 2)
    turn = np.array([[1.0, 0.3], [-0.2, 0.8]])
    mean, std = factors @ turn, np.full((12, 2), noise)
    which = random().integers(0, 12, 200_000)
    z = mean[which] + noise * random().normal(size=(200_000, 2))
    found = mig_of_posteriors(mean, std, sizes)
    assert found == pytest.approx(mig(z, factors[which], bins=400), abs=0.02)
    alone = mig_of_posteriors(mean, std, sizes, factors=(1,))
    assert alone == pytest.approx(mig(z, factors[which][:, 1:], bins=400), abs=0.02)


def test_a_latent_without_noise_tells_all_of_its_factor():
    factors = np.stack(np.meshgrid(np.arange(3), np.arange(4), indexing="ij"), axis=-1).reshape(
        -1, 2
    )
    assert mig_of_posteriors(factors, np.full((12, 2), 0.05), (3, 4)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: mig_of_posteriors([[0.0]], [[1.0]], (2,)),
            "mean should be those of all 2 images, got 1",
        ),
        (
            lambda: mig_of_posteriors([[0.0], [1.0]], [[1.0], [0.0]], (2,)),
            "std should be above 0 everywhere",
        ),
        (lambda: oracle("best", SIZES), "oracle should be one of perfect, rotated"),
    ],
)
def test_nonsense_is_refused(call: Callable[[], object], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        call()
