"""Names of the folders of a shelf that hold the classifier of a data set.

    <root>/classifier-<data>/run.json              data set, classes, accuracy on test images
    <root>/classifier-<data>/weights.safetensors   half precision
    <root>/classifier-<data>/features.npz          half precision, of test images and of held-out
                                                   training images

`core.experiments.measuring.reference` trains, writes and reads them.
"""

from __future__ import annotations

from core.config import SIZES, DataConfig


def judged_as(data: DataConfig) -> DataConfig:
    """Return the data set whose classifier judges another one.

    Binarised digits are judged as the grey ones that their decoded means are.
    """
    return DataConfig(name="mnist") if data.binarised else data


def folder_name(data: DataConfig) -> str:
    """Return the name of a classifier's folder.

    It names the data set, and the image size where that is not the usual one.

    >>> folder_name(DataConfig(name="sprites")), folder_name(DataConfig(name="sprites", size=64))
    ('classifier-sprites', 'classifier-sprites64')
    """
    size = "" if data.size == SIZES[data.name][0] else data.size
    return f"classifier-{judged_as(data).name}{size}"
