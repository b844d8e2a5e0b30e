"""How light is encoded while it is worked on. Apart from the frame, so that naming it needs no numpy."""

from __future__ import annotations

from typing import Literal, TypeAlias

Encoding: TypeAlias = Literal["scene-linear", "display"]
"""``scene-linear``: light of Rec. 709 primaries, any range. ``display``: its sRGB curve, [0, 1]."""
