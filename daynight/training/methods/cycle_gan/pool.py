"""A pool of earlier generated pictures, so that discriminators don't forget them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class ImagePool:
    """Returns the newest picture half the time, and an earlier one in its place the other half.

    Args:
        size: pictures kept; 0: always the newest.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self.pictures: list[Tensor] = []
        """Those kept, each 1×3×H×W; part of a checkpoint."""

    def swapped(self, pictures: Tensor, random: np.random.Generator) -> Tensor:
        """Add pictures and return as many, N×3×H×W; sizes may differ from call to call where N is 1."""
        # One layout for all: pictures from a checkpoint must take the same arithmetic as those never saved.
        newest = pictures.detach().contiguous(memory_format=torch.contiguous_format)
        return torch.cat([self._swapped(picture, random) for picture in torch.split(newest, 1)])

    def _swapped(self, picture: Tensor, random: np.random.Generator) -> Tensor:
        if len(self.pictures) < self._size:
            self.pictures.append(picture.clone())  # a part of its batch would keep all of it in memory
            return picture
        if not self._size or random.random() < 0.5:
            return picture
        index = int(random.integers(self._size))
        earlier, self.pictures[index] = self.pictures[index], picture.clone()
        return earlier
