"""The light network's losses beside the adversarial ones. A new loss is a row in :data:`TERMS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from daynight.models.lights import MAPS
from daynight.models.scene import SURFACES
from daynight.training.methods.losses import level_loss
from daynight.training.methods.night.losses import (
    ceiling_loss,
    edge_aware_loss,
    kept_structure_loss,
    uneven_loss,
    wide_lamps_loss,
)
from daynight.training.networks.night import Groups

_CEILING: Final = -4.06  # log2 of 0.06
_AMBIENT, _PRACTICALS = (MAPS.index(name) for name in ("ambient", "practicals"))
_SKY: Final = SURFACES.index("sky")
Band = tuple[Tensor, Tensor]
"""Darkest and brightest that a picture may be, part by part of the frame: rows×columns, in [-1, 1]."""


@dataclass(frozen=True)
class Relit:
    """A batch of plates, and the nights made of them."""

    light: Tensor
    """The exposed plates, N×3×H×W in scene-linear light."""
    mattes: Tensor
    """What the scene network says of them, N×8×H×W."""
    maps: Tensor
    """What the network says of them, N×11×H×W."""
    groups: Groups
    picture: Tensor
    """The nights, N×3×H×W, display-encoded in [-1, 1] and a bit beyond."""

    @property
    def sky(self) -> Tensor:
        """Their sky mattes, N×1×H×W."""
        return self.mattes[:, _SKY : _SKY + 1]


@dataclass(frozen=True)
class Term:
    """One loss of the light network."""

    name: str
    """Of its weight in recipes, and of its curve."""
    weight: float
    """Its default weight; a loss of weight 0 is not computed."""
    loss: Callable[[Relit, Band], Tensor]
    """Takes the nights, and the band of brightness within which the level loss keeps them."""


TERMS: Final[tuple[Term, ...]] = (
    Term("structure", 0.7, lambda it, _: kept_structure_loss(it.light, it.groups.unlit, it.sky)),
    Term("smooth_ambient", 0.4, lambda it, _: edge_aware_loss(it.maps[:, [_AMBIENT]], it.light)),
    Term("smooth_practicals", 0.2, lambda it, _: edge_aware_loss(it.maps[:, [_PRACTICALS]], it.light)),
    Term("even_ambient", 0.15, lambda it, _: uneven_loss(it.maps[:, [_AMBIENT]])),
    Term(
        "ceiling", 0.8, lambda it, _: ceiling_loss(it.groups.ambient, it.groups.practicals, it.sky, _CEILING)
    ),
    Term("wide_lamps", 2.0, lambda it, _: wide_lamps_loss(it.groups.emission)),
    Term("level", 10.0, lambda it, band: level_loss(it.picture, *band)),
)
OTHERS: Final = {"projected": 1.0, "colour": 0.5, "paired": 2.0, "steadiness": 1.0}
"""Weights of the losses that need more than the nights: adversarial ones, pairs, and a second look."""
