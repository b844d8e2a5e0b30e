"""What a scene network tells of a plate, by name."""

from __future__ import annotations

from typing import Final

SURFACES: Final = ("sky", "building", "vegetation", "ground", "water", "other")
"""What a pixel shows: exactly one of these, so that their shares add up to 1."""
MATTES: Final = (*SURFACES, "window", "lights")
"""All channels of a scene network, in order. Windows are part of a building; lights glow in the plate."""
