"""Premultiplied and unpremultiplied pictures."""

from __future__ import annotations

import dataclasses

import numpy as np

from daynight.frame import Frame


def unpremultiplied(frame: Frame) -> Frame:
    """Give the frame with its pixels divided by alpha; where alpha is 0 they stay as they are (glows)."""
    if not frame.premultiplied or frame.alpha is None:
        return frame
    return _scaled(
        frame, np.divide(1, frame.alpha, where=frame.alpha > 0, out=np.ones_like(frame.alpha)), False
    )


def premultiplied(frame: Frame) -> Frame:
    """Give the frame with its pixels multiplied by alpha: the inverse of :func:`unpremultiplied`."""
    if frame.premultiplied or frame.alpha is None:
        return frame
    return _scaled(frame, np.where(frame.alpha > 0, frame.alpha, np.float32(1)), True)


def _scaled(frame: Frame, scale: np.typing.NDArray[np.float32], now_premultiplied: bool) -> Frame:
    pixels = frame.pixels * scale[np.newaxis, ..., np.newaxis]
    return dataclasses.replace(frame, pixels=pixels, premultiplied=now_premultiplied)
