import torch

from core.checkpoints import SHELF
from core.config import DataConfig
from core.data import Split
from core.experiments.measuring import twins as module
from core.experiments.measuring.twins import compare, measure
from core.experiments.twins import TWINS
from core.recipes import recipe
from core.runs import open_run
from core.shelf import more_seeds, shipped
from core.training import evaluate

SPRITES = DataConfig(name="sprites")


def test_images_with_and_without_a_twin_are_measured_apart(monkeypatch):
    """Of forty test images, so that the test takes no time."""
    run = open_run(recipe("sprites", "vae", 10).key)
    split, doubled = module.images_of(SPRITES)
    some = Split(train=split.train, test=split.test.subset(slice(40)))
    monkeypatch.setattr(module, "images_of", lambda data: (some, doubled[:40]))
    found = measure(run, SHELF)
    assert found["with_twin"]["images"] + found["without"]["images"] == 40
    assert found["with_twin"]["images"] == int(doubled[:40].sum())
    alone = evaluate(run.model, some.test.subset((~doubled[:40]).nonzero().flatten()))
    assert found["without"]["nll"] == float(f"{alone.nll:.6g}")
    assert found["without"]["mse"] == float(f"{alone.mse:.6g}")
    assert found["trained"]["images"] == found["without"]["images"]


def test_twins_are_counted_by_label():
    found = compare(SPRITES, SHELF)
    assert found["test_images"] == 10_000
    assert found["twins"] == sum(with_twin for with_twin, _ in found["by_label"].values()) == 6526
    assert found["by_label"]["heart"][0] == 0
    assert found["by_label"]["square"][0] == found["by_label"]["square"][1]


def test_the_family_on_sprites_is_covered_and_no_other():
    covered = [config for config in (*shipped(), *more_seeds()) if TWINS.covers(config)]
    assert {config.data.name for config in covered} == {"sprites"}
    assert all(config.model.in_family for config in covered)


def test_an_autoencoder_has_no_kl(monkeypatch):
    run = open_run(recipe("sprites", "ae", 10).key)
    split, doubled = module.images_of(SPRITES)
    few = torch.tensor([int(doubled.nonzero()[0]), int((~doubled).nonzero()[0])])
    some = Split(train=split.train, test=split.test.subset(few))
    monkeypatch.setattr(module, "images_of", lambda data: (some, torch.tensor([True, False])))
    monkeypatch.setattr(module, "check_labels", lambda run, labels: None)
    assert measure(run, SHELF)["without"]["kl"] is None
