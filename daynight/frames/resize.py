"""Scaling of pictures."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.frames.frame import Pixels

AnyPicture = TypeVar("AnyPicture", NDArray[np.uint8], Pixels)


def scaled(picture: AnyPicture, height: int, width: int) -> AnyPicture:
    """Return a picture H×W or H×W×3 at another size: averaged by area, or bilinear if either side grows.

    It is the same array if it has that size already.
    """
    if picture.shape[:2] == (height, width):
        return picture
    smaller = picture.shape[0] >= height and picture.shape[1] >= width
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), picture.dtype)


def reduced(picture: AnyPicture, scale: float) -> AnyPicture:
    """Return a picture H×W or H×W×3 scaled down by a factor, to at least one pixel a side.

    It is the same array for a factor of 1 or more.
    """
    height, width = (max(round(side * min(scale, 1.0)), 1) for side in picture.shape[:2])
    return scaled(picture, height, width)
