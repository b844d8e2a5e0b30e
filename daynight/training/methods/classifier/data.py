"""Training data of a classifier: pictures in [0, 1] and their classes, half of each batch of either class."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from daynight.training.data.photographs import Photographs
from daynight.training.networks.classifier import SIZE
from daynight.training.run.method import Batch


class DayOrNight:
    """Photographs by day (class 0) and by night (class 1), alternating.

    Args:
        day: class 0.
        night: class 1.
        exposure: largest change of exposure of both, in stops either way.
    """

    def __init__(self, day: Photographs, night: Photographs, *, exposure: float) -> None:
        self._sides, self._exposure = (day, night), exposure

    def draw(self, random: np.random.Generator, count: int) -> Batch:
        """Return pictures count×3×H×W in [0, 1] and their classes."""
        classes = [index % 2 for index in range(count)]
        drawn = [self._sides[each].draw(random, exposure=self._exposure) for each in classes]
        # Whole frames have many shapes: the network's own size fits them all into one batch.
        pictures = [functional.interpolate(each[None], SIZE, mode="bilinear") for each in drawn]
        return (torch.cat(pictures) + 1) / 2, torch.tensor(classes, dtype=torch.float32)

    def describe(self) -> list[str]:
        """Describe both sides."""
        return [f"{name} {side.describe()}" for name, side in zip(("day", "night"), self._sides, strict=True)]


class Labelled:
    """Pictures of two classes in memory, mirrored half the time.

    Args:
        first: pictures of class 0, N×3×H×W in [0, 1].
        second: pictures of class 1, likewise.
    """

    def __init__(self, first: torch.Tensor, second: torch.Tensor) -> None:
        self._sides = (first, second)

    def draw(self, random: np.random.Generator, count: int) -> Batch:
        """Return pictures count×3×H×W and their classes."""
        classes = [index % 2 for index in range(count)]
        drawn = [self._sides[each][random.integers(len(self._sides[each]))] for each in classes]
        pictures = torch.stack(drawn)
        if random.random() < 0.5:
            pictures = pictures.flip(3)
        return pictures, torch.tensor(classes, dtype=torch.float32)

    def describe(self) -> list[str]:
        """Describe both sides."""
        return [f"{len(side)} pictures of class {index}" for index, side in enumerate(self._sides)]
