"""Premultiplied and unpremultiplied pictures."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daynight.frame import Frame

_LEAST: Final = np.float32(1e-6)
"""Alpha up to which a pixel counts as not covered: dividing by less gives nothing but noise."""


def unpremultiplied(frame: Frame) -> Frame:
    """Give the frame with its pixels divided by alpha; where it is 0 they stay as they are (glows)."""
    if not frame.premultiplied or frame.alpha is None:
        return frame
    one = np.ones_like(frame.alpha)
    return _scaled(frame, np.divide(one, frame.alpha, where=frame.alpha > _LEAST, out=one), False)


def premultiplied(frame: Frame) -> Frame:
    """Give the frame with its pixels multiplied by alpha: the inverse of :func:`unpremultiplied`."""
    if frame.premultiplied or frame.alpha is None:
        return frame
    return _scaled(frame, np.where(frame.alpha > _LEAST, frame.alpha, np.float32(1)), True)


def _scaled(frame: Frame, scale: NDArray[np.float32], now_premultiplied: bool) -> Frame:
    pixels = frame.pixels * scale[np.newaxis, ..., np.newaxis]
    return dataclasses.replace(frame, pixels=pixels, premultiplied=now_premultiplied)
