"""Encodings of working pixels. Apart from the frame, so that importing them does not load numpy."""

from __future__ import annotations

from typing import Literal, TypeAlias

Encoding: TypeAlias = Literal["scene-linear", "display"]
"""``scene-linear``: light of Rec. 709 primaries, any range. ``display``: its sRGB curve, [0, 1]."""
