"""Images that are no numbers, as a broken reader might draw them."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.data import ImageSet


@dataclass(frozen=True)
class WithNaN:
    """Pixels of which one image is NaN."""

    pixels: Tensor
    broken: int = 5

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: Tensor) -> Tensor:
        images = self.pixels[index].float()
        images[index == self.broken] = math.nan
        return images

    def to(self, device: torch.device | str) -> "WithNaN":
        return WithNaN(self.pixels.to(device), self.broken)


def with_nan(images: ImageSet) -> ImageSet:
    return replace(images, pixels=WithNaN(images.raw()))
