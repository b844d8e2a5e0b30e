"""What an evaluation found: one row of figures for each version of the plates and of each shot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from daynight.evaluation.options import Target

Role = Literal["look", "baseline", "real"]


class Figure(NamedTuple):
    """One measured value."""

    value: float | None
    """``None``: it could not be measured."""
    error: float | None = None
    """Its standard error, if known."""


Figures = Mapping[str, Figure]
"""Figures by the name of their measure; measures that were not taken are absent."""


@dataclass(frozen=True)
class VersionRow:
    """Figures of one version of the plates."""

    name: str
    role: Role
    pictures: int
    histogram: tuple[float, ...]
    """Shares of display luma in equal bins of [0, 1]."""
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class FlickerRow:
    """How steady one version of a shot is, compared with its plates."""

    sequence: str
    frames: int
    name: str
    role: Role
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """All figures of a look, and how they were measured."""

    look: str
    target: Target
    rows: tuple[VersionRow, ...]
    flicker: tuple[FlickerRow, ...]
    cycle_error: float | None
    notes: tuple[str, ...]
    protocol: Mapping[str, Any]
    wipes: tuple[tuple[Path, Path], ...]
    """A few plates and their results."""
