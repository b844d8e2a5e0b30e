"""The generators' losses, one row each. A new loss is a row in :data:`TERMS`, and its function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from daynight.training.methods.cycle_gan.translation import Rendering
from daynight.training.methods.losses import (
    burn_loss,
    cam_generator_loss,
    cycle_loss,
    identity_loss,
    level_loss,
    pair_loss,
    smoothness_loss,
    structure_loss,
    tint_loss,
)

Band = tuple[Tensor, Tensor]
"""Darkest and brightest that a picture may be, part by part of the frame: rows×columns, in [-1, 1]."""
Need = Literal["maps", "attention", "pairs", "identity"]
"""``maps``: the generator returns stops. ``attention``: it returns logits. ``pairs``: the data is paired.
``identity``: each photograph also goes through the generator of its own domain."""


@dataclass(frozen=True)
class Pass:
    """The translations of one domain's photographs."""

    photograph: Tensor
    """a"""
    forward: Rendering
    """G_AB(a)"""
    cycled: Rendering
    """G_BA(G_AB(a))"""
    identity: Rendering | None
    """G_BA(a), which should equal a; ``None`` unless a loss needs it."""
    band: Band
    """The band within which the level loss keeps G_AB(a)."""


@dataclass(frozen=True)
class Term:
    """One loss of the generators."""

    name: str
    """Of its weight in recipes, and of its curve."""
    weight: float
    """Its default weight; a loss of weight 0 is not computed."""
    loss: Callable[[Pass, Pass], Tensor]
    """Takes the pass of the day photographs (a) and that of the night photographs (b)."""
    needs: frozenset[Need] = frozenset()
    """What it needs."""
    always: bool = False
    """Whether it is computed, and logged, even where its weight is 0."""


def _both(loss: Callable[[Pass], Tensor]) -> Callable[[Pass, Pass], Tensor]:
    """Sum a loss of one pass over both."""
    return lambda a, b: loss(a) + loss(b)


def _cycle(a: Pass, b: Pass) -> Tensor:
    return cycle_loss(a.photograph, a.cycled.picture, b.photograph, b.cycled.picture)


def _identity(taken: Pass) -> Tensor:
    assert taken.identity is not None
    return identity_loss(taken.photograph, taken.identity.picture)


def _burn(taken: Pass) -> Tensor:
    assert taken.forward.light is not None
    return burn_loss(taken.forward.light)


def _tint(taken: Pass) -> Tensor:
    assert taken.forward.stops is not None
    return tint_loss(taken.forward.stops)


def _smoothness(taken: Pass) -> Tensor:
    assert taken.forward.stops is not None
    return smoothness_loss(taken.forward.stops)


def _attention(a: Pass, b: Pass) -> Tensor:
    return _cam(a, b) + _cam(b, a)


def _cam(source: Pass, target: Pass) -> Tensor:
    """How well a generator's classifiers separate its source from its target domain (the identity pass)."""
    assert source.forward.logits is not None
    assert target.identity is not None
    assert target.identity.logits is not None
    return cam_generator_loss(source.forward.logits, target.identity.logits)


def _paired(a: Pass, b: Pass) -> Tensor:
    return pair_loss(a.forward.picture, b.photograph) + pair_loss(b.forward.picture, a.photograph)


TERMS: tuple[Term, ...] = (
    Term("cycle", 10.0, _cycle, always=True),
    Term("identity", 0.0, _both(_identity), frozenset({"identity"})),
    Term("structure", 0.0, _both(lambda each: structure_loss(each.photograph, each.forward.picture))),
    Term("burn", 0.0, _both(_burn), frozenset({"maps"})),
    Term("tint", 0.0, _both(_tint), frozenset({"maps"})),
    Term("smoothness", 0.0, _both(_smoothness), frozenset({"maps"})),
    Term("attention", 0.0, _attention, frozenset({"attention", "identity"})),
    Term("paired", 0.0, _paired, frozenset({"pairs"})),
    Term("level", 0.0, _both(lambda each: level_loss(each.forward.picture, *each.band))),
)
