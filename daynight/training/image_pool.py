"""Earlier generated pictures, so that discriminators don't forget them."""

from __future__ import annotations

import numpy as np
from torch import Tensor


class ImagePool:
    """Gives half the time the newest picture, half the time an earlier one in its place.

    Args:
        size: pictures kept; 0 gives the newest always.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._pictures: list[Tensor] = []

    def swapped(self, picture: Tensor, random: np.random.Generator) -> Tensor:
        """Put a picture in and give one, both 1×3×H×W; sizes may differ."""
        picture = picture.detach()
        if len(self._pictures) < self._size:
            self._pictures.append(picture)
            return picture
        if not self._size or random.random() < 0.5:
            return picture
        place = int(random.integers(self._size))
        earlier, self._pictures[place] = self._pictures[place], picture
        return earlier
