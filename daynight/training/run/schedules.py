"""How learning rates fall over a run."""

from __future__ import annotations

import math
from typing import Final

from daynight.training.run.recipe import RunRecipe, Schedule

_LOWERED: Final = 0.5
"""Factor by which a plateau lowers the rates."""
_MEMORY: Final = 0.98
"""Decay of the running mean of losses that detects a plateau: single steps are too noisy."""


def rate_share(schedule: Schedule, progress: float, decay: float) -> float:
    """Return the current share of the learning rate.

    Args:
        schedule: ``linear``: 1, then a line to 0. ``cosine``: 1, then half a wave to 0. Others: 1.
        progress: part of the steps done, in [0, 1].
        decay: part of the steps, at the end, over which it falls.
    """
    left = min((1 - progress) / decay, 1.0)
    if schedule == "linear":
        return left
    if schedule == "cosine":
        return (1 - math.cos(math.pi * left)) / 2
    return 1.0


class Plateau:
    """Halves the rates when the losses have not fallen for some steps.

    Args:
        patience: those steps.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self.share = 1.0
        """Current share of the learning rate."""
        self._mean = math.nan
        self._lowest = math.inf
        self._since = 0

    def add(self, loss: float) -> None:
        """Add the sum of losses of a step."""
        self._mean = loss if math.isnan(self._mean) else _MEMORY * self._mean + (1 - _MEMORY) * loss
        self._since += 1
        if self._mean < self._lowest:
            self._lowest, self._since = self._mean, 0
        elif self._since >= self._patience:
            self.share *= _LOWERED
            self._since = 0

    def state(self) -> dict[str, float]:
        """Return its state, for a checkpoint."""
        return {"share": self.share, "mean": self._mean, "lowest": self._lowest, "since": self._since}

    def restore(self, state: dict[str, float]) -> None:
        """Restore what :meth:`state` returned."""
        self.share, self._mean, self._lowest = state["share"], state["mean"], state["lowest"]
        self._since = int(state["since"])


class Rates:
    """The learning rates of a run.

    Args:
        recipe: the run's hyper-parameters.
    """

    def __init__(self, recipe: RunRecipe) -> None:
        self._recipe = recipe
        self.plateau = Plateau(recipe.patience)

    def share(self, step: int) -> float:
        """Return the part of the learning rates for the step after ``step``."""
        if self._recipe.schedule == "plateau":
            return self.plateau.share
        return rate_share(self._recipe.schedule, step / self._recipe.steps, self._recipe.decay)
