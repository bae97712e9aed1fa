"""The classes of a data set, and the factors that truly vary in it, by name."""

from __future__ import annotations

from core.config import DataConfig
from core.data import shapes


def class_names(config: DataConfig) -> tuple[str, ...]:
    """Return the name of each class, in the order of the labels.

    >>> class_names(DataConfig(name="sprites")), len(class_names(DataConfig(name="mnist")))
    (('square', 'ellipse', 'heart'), 10)
    """
    return shapes.SHAPES if config.name == "sprites" else tuple("0123456789")


def factor_names(config: DataConfig) -> tuple[str, ...]:
    """Return the names of the factors, none where they are not known.

    >>> factor_names(DataConfig(name="sprites")), factor_names(DataConfig(name="digits"))
    (('shape', 'scale', 'orientation', 'x', 'y'), ())
    """
    return shapes.FACTOR_NAMES if config.name == "sprites" else ()
