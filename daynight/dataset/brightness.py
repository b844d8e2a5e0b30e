"""Brightness of a photograph, and the class that follows from it: day, night, or neither.

Source: P0, "Data": a photograph's brightness is the mean over its pixels of ``L = sqrt(0.299 r² + 0.587 g² +
0.114 b²)`` (the HSP colour model's P) of display-encoded values in [0, 1]. Divided by the largest of the set,
above 0.6 is day, below 0.4 is night, and the rest is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np

from daynight.frames.frame import Pixels, Plane
from daynight.plates.photographs import Photograph

DAY: Final = 0.6
"""Brightness above which a photograph is day, relative to the set's largest (P0)."""
NIGHT: Final = 0.4
"""Brightness below which it is night (P0, which found a gap from 0.48 to 0.52 in 200 hand-picked images)."""
Class = Literal["day", "night", "undecided"]

_WEIGHTS: Final = np.array([[0.299, 0.587, 0.114]], np.float32)
DIGITS: Final = 6
"""Decimals of brightness, as listed and as compared: classes follow from the list, not from float32."""


@dataclass(frozen=True)
class Classified:
    """A photograph, its brightness and its class."""

    photograph: Photograph
    brightness: float
    """Mean of L, in [0, 1]."""
    normalised: float
    """Brightness divided by the largest of the set, or the same where that is switched off."""
    predicted: Class


def hsp(pixels: Pixels) -> Plane:
    """Return ``L = sqrt(0.299 r² + 0.587 g² + 0.114 b²)`` (P0) of a display-encoded picture H×W×3: H×W."""
    squares: Plane = cv2.transform(np.square(pixels), _WEIGHTS).reshape(pixels.shape[:2])
    return np.sqrt(squares, out=squares)


def class_of(brightness: float, day: float = DAY, night: float = NIGHT) -> Class:
    """Return the class of a brightness in [0, 1]; on a threshold it is undecided (P0)."""
    if brightness > day:
        return "day"
    return "night" if brightness < night else "undecided"
