"""Controls of a night that match a still: the levels and colours of its sky and of its unlit ground.

Because a plate's exposure does not matter to a night, one still gives all shots of a scene the same light.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from daynight.colour.encoding import LUMINANCE, luminance
from daynight.frames.frame import Pixels
from daynight.frames.resize import scaled
from daynight.looks.scene import DARKEST, survey
from daynight.models.lights import MIDDLE
from daynight.models.scene import MATTES
from daynight.models.session import OpenModel

_UNLIT: Final = 60
"""Percentile of the ground's light up to which it counts as unlit."""
_LEAST: Final = 0.02
"""Part of the still that must be sky, or ground, to say anything of it."""
_LEVELS: Final = (-14.0, 0.0)
"""Levels that are believed, in stops of white: a still in 8 bits tells no more."""


def controls_of(still: Pixels, model: OpenModel) -> dict[str, Any]:
    """Return options of ``night`` that match a still, by name.

    Args:
        still: a photograph of night, H×W×3 in scene-linear light.
        model: a scene network.
    """
    told = survey(still, model)
    sky = scaled(told.mattes[..., MATTES.index("sky")], *still.shape[:2])
    luma = np.log2(np.maximum(luminance(still), DARKEST**2))
    controls: dict[str, Any] = {}
    above = sky > 0.5
    if above.mean() > _LEAST:
        controls["sky_level"], controls["sky_colour"] = _light(still, luma, above)
    ground = sky < 0.2
    if ground.mean() > _LEAST:
        unlit = ground & (luma <= np.percentile(luma[ground], _UNLIT))
        level, controls["moon"] = _light(still, luma, unlit)
        controls["flat"] = level - float(np.log2(MIDDLE))
    return controls


def _light(still: Pixels, luma: Pixels, where: Any) -> tuple[float, tuple[float, float, float]]:
    """Return level in stops and colour, of luminance 1, of a part of a still."""
    level = float(np.clip(luma[where].mean(), *_LEVELS))
    colour = still[where].mean(axis=0, dtype=np.float64) + 1e-4
    red, green, blue = colour / float(colour @ np.array(LUMINANCE))
    return level, (float(red), float(green), float(blue))
