"""A data set's classifier and features of real images, kept on disk so that both are made once.

`core.experiments.classifiers` says where they lie.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.checkpoints import (
    Arrays,
    CheckpointError,
    pack_arrays,
    read_folder,
    unpack_arrays,
    write_folder,
)
from core.checkpoints.arrays import UNREADABLE
from core.config import DataConfig
from core.data import ImageSet, Split
from core.data.order import shuffled
from core.experiments.classifiers import folder_name, judged_as
from core.metrics.classifier import (
    FEATURES,
    accuracy,
    build_classifier,
    features_and_probabilities,
    probabilities,
    train_classifier,
)
from core.metrics.sample_quality import NEIGHBOURS, SampleQuality, ceiling, sample_quality

MOST_IMAGES = 5_000
"""Most real images to compare with."""

_MOST_CLASSES = 1000
_MOST_TRAINED_ON = 60_000
TRAINING: dict[str, dict[str, int]] = {
    "digits": {"epochs": 30, "batch_size": 64},
    "mnist": {"epochs": 4, "batch_size": 128},
    "sprites": {"epochs": 4, "batch_size": 128},
}
"""Data set -> arguments of `train_classifier` that are usual for it."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What generated images of one data set are judged by.

    Args:
        data: the data set.
        classifier: in evaluation mode, weights that half precision holds exactly.
        real: features of test images, (N, `FEATURES`), float16.
        held_out: features of as many training images that the classifier was not trained on,
            float16.
        accuracy: share of all test images that the classifier gets right, 0 to 1.
    """

    data: DataConfig
    classifier: nn.Sequential
    real: NDArray[np.float16]
    held_out: NDArray[np.float16]
    accuracy: float


def make_reference(
    data: DataConfig,
    split: Split,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    **changes: Any,
) -> Reference:
    """Return a new reference: a classifier is trained, and real images' features are taken.

    Held-out images stay out of the classifier's training as well: a network knows the images it
    has learned from, and a ceiling measured on those would be another one.

    Args:
        data: the data set.
        split: its images.
        seed: of the classifier; the choice of images is always the same.
        device: where to train.
        changes: arguments of `train_classifier`, to depart from what is usual for the data set.
    """
    n = min(MOST_IMAGES, len(split.test), len(split.train) // 2)
    order = torch.from_numpy(shuffled(len(split.train)))
    of_test = torch.from_numpy(shuffled(len(split.test)))
    learned = split.train.subset(order[n : n + _MOST_TRAINED_ON])
    trained = train_classifier(learned, seed=seed, device=device, **TRAINING[data.name] | changes)
    classifier = trained.cpu().half().float()
    return Reference(
        data=data,
        classifier=classifier,
        # The first half of MNIST's test images is easier than the second.
        real=_features(classifier, split.test.subset(of_test[:n])),
        held_out=_features(classifier, split.train.subset(order[:n])),
        accuracy=accuracy(classifier, split.test),
    )


def judge(reference: Reference, images: Tensor, k: int = NEIGHBOURS) -> SampleQuality:
    """Return how close generated images come to real ones.

    Args:
        reference: of the data set that the model was trained on.
        images: generated, intensities in [0, 1], (M, 1, H, W), M at least 2.
        k: neighbours that make a neighbourhood, 1 to N - 1.

    Raises:
        ValueError: images of another size than the data set's, or values that are not finite.
    """
    size = reference.data.size
    if images.shape[1:] != (1, size, size):
        raise ValueError(f"images should be (M, 1, {size}, {size}), got {tuple(images.shape)}")
    features, chances = features_and_probabilities(reference.classifier, images)
    return sample_quality(reference.real, features.half().numpy(), chances.numpy(), k)


def ceiling_of(reference: Reference, n: int = MOST_IMAGES, k: int = NEIGHBOURS) -> SampleQuality:
    """Return what held-out real images score, which is as good as a perfect model gets.

    Args:
        reference: of a data set.
        n: number of generated images that the ceiling is for, at least 2; as many real ones are
            taken, or all there are.
        k: neighbours that make a neighbourhood, 1 to N - 1.
    """
    chances = probabilities(reference.classifier, torch.from_numpy(reference.held_out))
    return ceiling(
        reference.real, reference.held_out, chances.numpy(), min(n, len(reference.held_out)), k
    )


def save_classifier(root: Path, reference: Reference) -> Path:
    """Write a reference into `root`, in the place of an older one, and return its folder.

    Raises:
        CheckpointError: the disk is full or may not be written to; nothing half-made is left.
    """
    state = {
        name: tensor.half().contiguous()
        for name, tensor in reference.classifier.state_dict().items()
    }
    document = {
        "kind": "classifier",
        "data": asdict(reference.data),
        "classes": len(reference.classifier[-1].get_parameter("bias")),
        "accuracy": reference.accuracy,
    }
    files = {
        "weights.safetensors": safetensors.torch.save(state),
        "features.npz": pack_arrays({"real": reference.real, "held_out": reference.held_out}),
    }
    return write_folder(Path(root) / folder_name(reference.data), document, files)


def load_classifier(root: Path, data: DataConfig) -> Reference:
    """Return the reference of a data set kept in `root`, every byte verified.

    Raises:
        CheckpointError: there is none, or it is refused.
    """
    folder = Path(root) / folder_name(data)
    if not folder.is_dir():
        raise CheckpointError(f"no classifier named '{folder.name}' in {root}; train it first")
    document, files = read_folder(folder)
    try:
        return _reference(judged_as(data), document, files)
    except UNREADABLE as error:
        raise CheckpointError(
            f"{folder.name} is not a classifier of this lab ({error}); delete the folder"
        ) from error


def _features(classifier: nn.Sequential, images: ImageSet) -> NDArray[np.float16]:
    return features_and_probabilities(classifier, images.images())[0].half().numpy()


def _reference(data: DataConfig, document: dict[str, Any], files: dict[str, bytes]) -> Reference:
    if document["kind"] != "classifier" or document["data"] != asdict(data):
        raise ValueError(f"it should be a classifier of {asdict(data)}")
    share = document["accuracy"]
    if not isinstance(share, float) or not 0 <= share <= 1:
        raise ValueError(f"its accuracy should be a share between 0 and 1, is {share}")
    return Reference(
        data=data,
        classifier=_classifier(data, document["classes"], files["weights.safetensors"]),
        accuracy=share,
        **_real_features(files["features.npz"]),
    )


def _classifier(data: DataConfig, classes: Any, content: bytes) -> nn.Sequential:
    """Return a classifier from its stored weights, which have to be finite and of its shapes."""
    if type(classes) is not int or not 2 <= classes <= _MOST_CLASSES:
        raise ValueError(f"classes should be between 2 and {_MOST_CLASSES}, are {classes}")
    weights = safetensors.torch.load(content)
    if not all(weight.isfinite().all() for weight in weights.values()):
        raise ValueError("its weights should be finite, are not")
    classifier = build_classifier(data.size, classes)
    classifier.load_state_dict(weights)
    return classifier.eval()


def _real_features(content: bytes) -> Arrays:
    """Return the features of real images.

    Raises:
        ValueError: they are not finite, or not of the classifier's width.
    """
    arrays = unpack_arrays(content)
    found = {name: arrays[name] for name in ("real", "held_out")}
    for name, array in found.items():
        if array.ndim != 2 or array.shape[1] != FEATURES or array.dtype != np.float16:
            raise ValueError(
                f"{name} features should be float16 with {FEATURES} columns, are of shape"
                f" {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"{name} features should be finite, are not")
    return found
