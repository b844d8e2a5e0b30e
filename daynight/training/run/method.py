"""A training method: the contract between the trainer and a way to train. Imports no torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from daynight.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from daynight.training.run.checkpoint import Parts
    from daynight.training.run.rng import StepRng

Batch = tuple["Tensor", ...]
"""Tensors of the same length: for a cycle GAN day and night photographs, for a classifier pictures and
their classes."""
RGB = NDArray[np.uint8]
"""H×W×3, display-encoded."""

OBJECTIVE: Final = "objective"
"""The condition on which the sum of losses depends: when it changes, the best checkpoint no longer counts."""


class Data(Protocol):
    """Source of a trainer's batches. It holds no random state."""

    def draw(self, random: np.random.Generator, count: int) -> Batch:
        """Draw ``count`` examples, one after the other: drawing one twice equals drawing two."""

    def describe(self) -> list[str]:
        """Describe the data and what is drawn of it, in a few lines."""


class Method(ABC):
    """A way to train networks: their losses, their optimisers, and one step.

    The trainer draws the batches, counts steps, sets learning rates, writes checkpoints and goes back to one
    when a step breaks the networks. All randomness of a step comes from the ``rng`` it is called with, and
    all state that outlives a step is in :meth:`parts`, so a resumed run equals one that never stopped.
    """

    @abstractmethod
    def step(self, batches: Sequence[Batch], rng: StepRng) -> dict[str, float]:
        """Take one step.

        Args:
            batches: this process's share of the step, in as many parts as the recipe accumulates.
            rng: seeds all randomness of the step.

        Returns:
            The losses by name, unweighted, and ``total``, their weighted sum; equal in all processes.
        """

    @abstractmethod
    def set_rate(self, share: float) -> None:
        """Set all learning rates to this part of the recipe's."""

    @abstractmethod
    def parts(self) -> Parts:
        """Return everything that a checkpoint must hold."""

    @abstractmethod
    def networks(self) -> Mapping[str, nn.Module]:
        """Return one network of each kind, by its label in a list of networks."""

    def is_sound(self) -> bool:
        """Whether every weight is finite."""
        import torch

        weights = (each for module in self.parts().modules.values() for each in module.parameters())
        return all(bool(torch.isfinite(each).all()) for each in weights)

    def conditions(self) -> Mapping[str, Any]:
        """Return the settings under which parts of the state stay valid, as JSON values by name.

        Where one differs from the checkpoint's when a run resumes, :meth:`reset` is called with its name.
        """
        return {}

    def reset(self, condition: str) -> None:  # noqa: B027 - most methods have nothing to drop
        """Drop the state that is no longer valid because a condition has changed."""

    def samples(self, batches: Sequence[Batch]) -> RGB | None:  # noqa: ARG002 - most have none
        """Draw sample results for a few batches of one, as one picture; ``None`` if there are none."""
        return None

    def start_from(self, models: Sequence[Path]) -> None:  # noqa: ARG002 - most can't
        """Load the networks' weights from model files.

        Raises:
            UsageError: the method can't start from models.
            ModelError: a file can't be read, or holds other weights.
        """
        raise UsageError("`start`", "is not supported by this method", "leave it out")
