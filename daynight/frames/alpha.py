"""Premultiplied and unpremultiplied pictures."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
from numpy.typing import NDArray

from daynight.frames.frame import Frame

_LEAST: Final = np.float32(1e-6)
"""Alpha up to which a pixel counts as not covered: dividing by less would only amplify noise."""


def unpremultiplied(frame: Frame) -> Frame:
    """Return the frame with its pixels divided by alpha.

    Pixels with an alpha of 0, such as glows, are kept as they are.
    """
    if not frame.premultiplied or frame.alpha is None:
        return frame
    covered = frame.alpha > _LEAST
    return _scaled(frame, np.divide(1, frame.alpha, where=covered, out=np.ones_like(frame.alpha)), False)


def uncovered_masked(frame: Frame) -> Frame:
    """Return a premultiplied frame whose mask excludes the pixels with an alpha of 0.

    A look would add light there, to whatever the element is composited over.
    """
    if not frame.premultiplied or frame.alpha is None:
        return frame
    covered = frame.alpha > _LEAST
    if covered.all():
        return frame
    mask = covered.astype(np.float32) if frame.mask is None else frame.mask * covered
    return dataclasses.replace(frame, mask=mask)


def premultiplied(frame: Frame) -> Frame:
    """Return the frame with its pixels multiplied by alpha: the inverse of :func:`unpremultiplied`."""
    if frame.premultiplied or frame.alpha is None:
        return frame
    return _scaled(frame, np.where(frame.alpha > _LEAST, frame.alpha, np.float32(1)), True)


def _scaled(frame: Frame, scale: NDArray[np.float32], now_premultiplied: bool) -> Frame:
    pixels = frame.pixels * scale[np.newaxis, ..., np.newaxis]
    return dataclasses.replace(frame, pixels=pixels, premultiplied=now_premultiplied)
