"""The plate's own light sources: lamps, headlights, signals."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.colour.encoding import finite, to_encoding
from daynight.frames.frame import Frame, Pixels, Plane
from daynight.frames.resize import reduced, scaled
from daynight.looks.scene import Survey, full_matte

_LAMP: Final = (0.75, 0.95)
"""Light of a channel, 1 being white, from which a thing may be a lamp, and from which it is bright enough."""
_ALONE: Final = (1.25, 2.0)
"""How many times brighter than its surroundings a lamp must be: at least, and to be one for certain."""
_REACH: Final = 24
"""Half the side of the largest thing that can be a lamp, as a part of the short side."""
_LIKELY: Final = (0.2, 0.6)
"""What a scene network tells of a lamp from which it is kept, and from which it is kept wholly."""
_DIRECTIONS: Final = 8
_SEEN: Final = 540
"""Short side at which surroundings are looked at, in pixels."""


def light_sources(plate: Frame, told: Survey | None = None) -> Plane:
    """Return a matte of a plate's light sources: H×W in [0, 1].

    Args:
        plate: untiled.
        told: what a scene network told of it; ``None``: lamps are found by their light alone.
    """
    light = finite(to_encoding(plate, "scene-linear").image)
    if told is None:
        return _lone_spots(light)
    return _ramp(full_matte(light, told, "lights"), *_LIKELY)


def _lone_spots(light: Pixels) -> Plane:
    """Return what is bright, small, and much brighter than what is around it.

    A lamp is bright, by its brightest channel (a red light's luminance is low), small, and much brighter than
    what is around it: a sky is bright but not small, a lane's line not short. Surroundings are what a
    morphological opening leaves by the best of lines in eight directions. A gap between leaves with the sky
    behind it looks the same: where that matters, a mask is the better tool.
    """
    bright: Plane = np.ascontiguousarray(light.max(axis=2))
    height, width = bright.shape
    small = reduced(bright, _SEEN / min(height, width))
    side = 2 * max(min(small.shape) // _REACH, 1) + 1
    around = np.maximum.reduce([cv2.morphologyEx(small, cv2.MORPH_OPEN, line) for line in _lines(side)])
    # A little wider, so that the edge of a sky stays in its own surroundings when it is scaled up.
    around = cv2.dilate(_reconstructed(around, small, side), np.ones((3, 3), np.uint8))
    around = scaled(around, height, width)
    alone = bright / np.maximum(around, np.float32(1e-3))
    return np.asarray(_ramp(bright, *_LAMP) * _ramp(alone, *_ALONE), np.float32)


def _reconstructed(part: Plane, whole: Plane, reach: int) -> Plane:
    """Return shapes back whole of which a part is left, so far as they reach (opening by reconstruction)."""
    square = np.ones((3, 3), np.uint8)
    for _ in range(reach):
        part = np.minimum(cv2.dilate(part, square), whole)
    return part


def _lines(length: int) -> list[NDArray[np.uint8]]:
    """Lines of one pixel's width through the middle of a square, in directions evenly apart."""
    middle = length // 2
    lines = []
    for direction in np.arange(_DIRECTIONS) * (np.pi / _DIRECTIONS):
        x, y = (round(middle * float(reach)) for reach in (np.cos(direction), np.sin(direction)))
        line = np.zeros((length, length), np.uint8)
        ends = (middle - x, middle - y), (middle + x, middle + y)
        lines.append(np.asarray(cv2.line(line, *ends, color=1), np.uint8))
    return lines


def _ramp(values: Plane, low: float, high: float) -> Plane:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
