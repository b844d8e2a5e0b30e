"""Hyper-parameters of the training data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from daynight.training.run.recipe import Table

Framing = Literal["whole", "square", "random"]


class DataRecipe(Table):
    """The ``[data]`` table: how photographs are framed, drawn and changed."""

    framing: Framing = "whole"
    """``whole``: whole frames of any shape, one at a time. ``square``: cropped 1:1 and scaled (P0).
    ``random``: square crops from anywhere in the frame, of at least half its short side."""
    size: int = Field(256, ge=8)
    """Short side of the pictures trained on, in pixels."""
    mirror: bool = True
    """Whether half the photographs are drawn mirrored."""
    exposure: float = Field(0.0, ge=0)
    """Largest change of a photograph's exposure, in stops either way; a cycle GAN changes days only."""
    source_power: float = Field(1.0, ge=0, le=1)
    """A source of n photographs is drawn with weight n to this power: below 1, a webcam's many views of one
    place count less."""
    deepen: bool = False
    """Whether lifted blacks of night photographs are pulled down to black."""
    shares: dict[str, float] = Field({})
    """How much more or less often photographs are drawn whose names begin so; the first that fits counts."""
