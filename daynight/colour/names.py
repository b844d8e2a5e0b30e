"""Names of color spaces: what OCIO configs, files and ICC profiles call those that need no config."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

LINEAR: Final = "lin_rec709_scene"
"""Scene-linear light of Rec. 709 primaries, by its interop ID."""
SRGB: Final = "srgb_rec709_scene"
"""The same light, sRGB-encoded, by its interop ID."""
CINEON: Final = "KodakLog"
"""Printing density of film scans, by OpenImageIO's name."""

ALIASES: Final = {
    LINEAR: (LINEAR, "lin_rec709", "lin_srgb", "Linear Rec.709 (sRGB)", "Utility - Linear - sRGB"),
    SRGB: (SRGB, "sRGB", "srgb_texture", "sRGB - Texture", "Utility - sRGB - Texture"),
    CINEON: (CINEON, "Cineon"),
}
"""The standard spaces, which need no config, and their names in configs and files.

OpenImageIO's ``equivalent`` can't replace the lists: in a config that has only one of ``lin_rec709`` and
``lin_rec709_scene``, it does not pair the two.
"""
_LEGACY: Final = {"linear": LINEAR}
"""Names that older programs write into files; in a config, they may stand for any space."""
_STANDARD: Final = _LEGACY | {alias.lower(): space for space, names in ALIASES.items() for alias in names}

PRIMARIES: Final = {
    LINEAR: (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329),
    "ACES2065-1": (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
    "ACEScg": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767),
    "Linear P3-D65": (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329),
    "Linear Rec.2020": (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329),
}
"""Linear spaces and their chromaticities: x, y of red, green, blue and white."""
_PROFILES: Final = {"Display P3": "srgb_p3d65_scene", "Adobe RGB (1998)": "g22_adobergb_scene"}
"""Descriptions of the ICC profiles that cameras and phones embed, and the interop IDs of their spaces."""


def standard_space(name: str) -> str | None:
    """Return the standard space of this name, in any case, where no config gives the name another meaning."""
    return _STANDARD.get(name.lower())


def spaces_of_primaries(primaries: Sequence[float]) -> list[str]:
    """Return the linear spaces with these primaries and white: eight chromaticities, as in OpenEXR."""
    return [name for name, known in PRIMARIES.items() if np.allclose(known, primaries, atol=1e-3)]


def space_of_profile(description: str) -> str | None:
    """Return the space of an ICC profile, else its description; ``None`` for any sRGB profile."""
    return None if "sRGB" in description else _PROFILES.get(description, description)
