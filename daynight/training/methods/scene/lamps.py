"""Lamps: which spots of a photograph may be some, and lamps painted into it, of which that is known."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.frames.frame import Pixels
from daynight.training.methods.scene.labels import LIGHT, UNLABELLED, Labels

_BRIGHT: Final = 0.5
"""Light of a channel from which a spot may be a lamp, 1 being white."""
_ALONE: Final = 2.0
"""How many times brighter than its surroundings it must be."""
_SURROUNDINGS: Final = 8
"""Side of the surroundings, as a part of the short side."""
_MOST: Final = 6
"""Lamps painted into one picture, at most."""
_RADII: Final = (0.003, 0.025)
"""Radius of a painted lamp, over the short side."""
_COLOURS: Final = (
    (1.0, 0.85, 0.6),  # a headlight
    (1.0, 0.97, 0.9),
    (1.0, 0.08, 0.04),  # signals
    (1.0, 0.55, 0.05),
    (0.1, 1.0, 0.45),
    (1.0, 0.62, 0.28),  # a street lamp
)


def spots(light: Pixels) -> NDArray[np.bool_]:
    """Return which pixels of scene-linear light H×W×3 are bright and lone, as lamps are: H×W."""
    bright = light.max(axis=2)
    side = max(min(bright.shape) // _SURROUNDINGS, 3)
    around = cv2.blur(bright, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray((bright > _BRIGHT) & (bright > _ALONE * around), np.bool_)


def painted(light: Pixels, labels: Labels, random: np.random.Generator) -> tuple[Pixels, Labels]:
    """Paint lamps into scene-linear light H×W×3: round or bar-shaped, most with a glow around them.

    Returns:
        The new light, and the labels H×W with the lamps; of the glow nothing is known.
    """
    height, width = labels.shape
    light, labels = light.copy(), labels.copy()
    short = min(height, width)
    for _ in range(int(random.integers(1, _MOST + 1))):
        radius = short * float(np.exp(random.uniform(*np.log(_RADII))))
        x, y = random.uniform(0, width), random.uniform(0.15 * height, height)
        aspect = float(np.exp(random.normal(0, 0.3)))
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        distance = np.hypot((columns - x) / aspect, (rows - y) * aspect) / np.float32(max(radius, 0.7))
        core = np.clip(1.5 - distance, 0, 1)  # H×W, the edge one radius wide
        colour = np.asarray(_COLOURS[int(random.integers(len(_COLOURS)))], np.float32)
        colour = colour ** np.float32(random.uniform(0.7, 1.2))
        level = np.float32(random.uniform(0.6, 2.0))
        glow = np.float32(random.uniform(0, 0.12)) / (1 + (distance / 2) ** 2)
        light *= 1 - core[..., np.newaxis]
        # A lamp's middle is whiter than its rim: the film or sensor clips it.
        whiter = colour + (1 - colour) * np.clip(1 - distance, 0, 1)[..., np.newaxis] * np.float32(
            random.uniform(0, 0.6)
        )
        light += level * (core[..., np.newaxis] * whiter + glow[..., np.newaxis] * colour)
        labels[(glow > 0.02) | (core > 0)] = UNLABELLED
        labels[core > 0.5] = LIGHT
    return light, labels
