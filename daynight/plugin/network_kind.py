"""What a kind of network is: the contract by which training builds it. Imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daynight.models.facts import ModelKind

if TYPE_CHECKING:
    from torch import nn


def _unconstrained(network: nn.Module) -> None:
    """Leave a network as it is."""


@dataclass(frozen=True)
class NetworkKind:
    """A generator and its discriminators, as a plugin registers them.

    Both factories import torch only when they are called. Their settings are keyword arguments, each with a
    default; ``inspect.signature`` lists them.
    """

    name: str
    """As recipes refer to it."""
    summary: str
    """One line for lists."""
    generator: Callable[..., nn.Module]
    """Builds a generator, which takes pictures N×3×H×W, display-encoded in [-1, 1], and returns a
    :class:`daynight.training.networks.outputs.Translation`."""
    discriminators: Callable[..., dict[str, nn.Module]]
    """Builds the discriminators of one domain (day or night), by name. Each takes pictures N×3×H×W in
    [-1, 1] and returns a map of scores N×1×h×w (1 means real), a list of such maps (one per scale), or, with
    ``attention``, an ``AttentionScores``."""
    size_multiple: int
    """Height and width of what the generator takes must be multiples of this, in pixels."""
    least_side: int
    """Smallest height and width, in pixels, that generator and discriminators can be trained on."""
    output: ModelKind
    """What the generator returns. ``pixels``: the picture, in the range of its input. ``maps``: stops and
    emission, N×3×H×W each, to be applied to the plate."""
    radius: int | None = None
    """Receptive-field radius of the generator in pixels; ``None``: the whole frame."""
    exact_tiling: bool = False
    """Whether tiles with a halo of at least ``radius`` equal the whole frame to float rounding."""
    bytes_per_pixel: int = 1024
    """Peak memory of one run, in bytes per input pixel; the tile planner uses it."""
    constrain: Callable[[nn.Module], object] = _unconstrained
    """Called on a generator after each of its steps, to bring parameters back into their bounds."""
    attention: bool = False
    """Whether generator and discriminators also return the logits of auxiliary classifiers and a heat map."""
