"""Whether the weights of a run make a model that decodes: what takes torch to find out.

It is asked of each run that comes in once. One that ships was asked when it was made, so that
opening it needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.config import RunConfig
from core.models import restore

_CODES = 4
"""Codes of each kind that are decoded."""


@torch.inference_mode()
def check_decodes(
    config: RunConfig, weights: Mapping[str, NDArray[Any]], codes: NDArray[np.floating]
) -> None:
    """Make sure that the model of a run decodes its own codes and random ones to finite images.

    Args:
        config: of the run.
        weights: of its model, of the names and shapes that the config asks for.
        codes: posterior means (N, L).

    Raises:
        ValueError: it does not.
    """
    model = restore(config, weights)
    own = torch.from_numpy(codes[:_CODES].astype(np.float32))
    random = model.prior.sample(_CODES, torch.Generator().manual_seed(0))
    for what, z in (("its own codes", own), ("random codes", random)):
        if not model.decode(z).isfinite().all():
            raise ValueError(
                f"it should decode {what} to images, decodes them to numbers that are not finite"
            )
