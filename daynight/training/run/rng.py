"""Chance that follows from the seed and the step alone, so that nothing of it needs saving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Chance:
    """The chance of one step: a run that goes on draws what it would have drawn."""

    seed: int
    step: int
    falls: int = 0
    """Times that the run fell back to a checkpoint: with the same chance it would fall again."""

    def of(self, what: str) -> np.random.Generator:
        """Give a generator of its own for each use, the same in every process of a group."""
        return np.random.default_rng([self.seed, self.falls, self.step, *what.encode()])

    def of_tensors(self, what: str, rank: int, device: torch.device) -> torch.Generator:
        """Give one for tensors, another in each process."""
        seed = self.of(f"{what} {rank}").integers(2**62)
        return torch.Generator(device).manual_seed(int(seed))
