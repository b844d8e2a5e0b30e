"""The colour of light by its temperature."""

from __future__ import annotations

from typing import Final

import numpy as np

from daynight.colour.encoding import LUMINANCE
from daynight.frames.frame import Pixels

_TO_REC709: Final = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
"""CIE XYZ to light of Rec. 709 primaries, white at D65 (IEC 61966-2-1)."""
RANGE: Final = (1667.0, 25000.0)
"""Temperatures for which the approximation holds, in kelvin."""


def kelvin_to_rgb(temperature: float) -> Pixels:
    """Return the colour of a black body: three factors for scene-linear light, of luminance 1.

    6500 K is close to white, lower is warmer. Channels that Rec. 709 can't reach are 0.

    Source: Kim et al. 2002, a cubic approximation of the Planckian locus in CIE xy.
    """
    inverse = 1000.0 / min(max(temperature, RANGE[0]), RANGE[1])
    if temperature <= 4000:
        x = -0.2661239 * inverse**3 - 0.2343589 * inverse**2 + 0.8776956 * inverse + 0.179910
    else:
        x = -3.0258469 * inverse**3 + 2.1070379 * inverse**2 + 0.2226347 * inverse + 0.240390
    if temperature <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif temperature <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    rgb = np.maximum(_TO_REC709 @ np.array([x / y, 1.0, (1 - x - y) / y]), 0)
    return np.asarray(rgb / (rgb @ np.array(LUMINANCE)), np.float32)
