"""Random generators seeded by the run's seed and the step alone, so that no generator state needs saving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class StepRng:
    """Seeds the random generators of one step: a resumed run draws what it would have drawn."""

    seed: int
    step: int
    rollbacks: int = 0
    """Times that the run went back to a checkpoint: with the same numbers it would fail again."""

    def numpy(self, use: str) -> np.random.Generator:
        """Return a generator for one use, the same in every process."""
        return np.random.default_rng([self.seed, self.rollbacks, self.step, *use.encode()])

    def torch(self, use: str, rank: int, device: torch.device) -> torch.Generator:
        """Return a generator of tensors for one use, different in each process."""
        seed = self.numpy(f"{use} {rank}").integers(2**62)
        return torch.Generator(device).manual_seed(int(seed))
