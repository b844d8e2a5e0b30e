"""Convert between scene-linear light and display-encoded pictures, and view light as a display shows it.

Display encoding is the sRGB curve (IEC 61966-2-1). A plate from a float file may hold light far above 1: its
display encoding is rolled off above a knee, so that a network still sees [0, 1], and has an exact inverse.
Negative light is mirrored through the curve, which keeps it invertible.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np

from daynight.frames.frame import Frame, FrameEncoding, Pixels

LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
"""Rec. 709 weights of red, green and blue in luminance; in luma, if they are display-encoded."""
KNEE: Final = 0.9
"""Display value at which the roll-off starts."""

_BRIGHTEST: Final = 1.055 * 65504.0 ** (1 / 2.4) - 0.055  # the largest half float, on the extended curve


def _slope() -> float:
    """Solve (1 - KNEE) a = ln(1 + a (BRIGHTEST - KNEE)): the roll-off leaves the knee with slope 1."""
    a = 100.0
    for _ in range(50):
        a = math.log1p(a * (_BRIGHTEST - KNEE)) / (1 - KNEE)
    return a


ROLL_OFF: Final = _slope()
"""a in the roll-off: a display value v above the knee becomes ``KNEE + ln(1 + a (v - KNEE)) / a``."""


def encode_display(linear: Pixels, *, high_range: bool = False) -> Pixels:
    """Encode scene-linear light for display.

    Args:
        linear: any shape, float32, 1.0 is diffuse white.
        high_range: roll values above the knee off into [KNEE, 1], and mirror negative light. Otherwise the
            curve goes on above 1, and negative light is black.

    Returns:
        A new array of the same shape.
    """
    if not high_range:
        return np.maximum(_curve(np.maximum(linear, 0)), 0, dtype=np.float32)
    display = np.copysign(_curve(np.abs(linear)), linear)
    bright = display > KNEE
    over = display[bright] - np.float32(KNEE)
    display[bright] = KNEE + np.log1p(ROLL_OFF * over) / ROLL_OFF
    return display


def decode_display(display: Pixels, *, high_range: bool = False) -> Pixels:
    """Decode a display-encoded picture to scene-linear light: the inverse of :func:`encode_display`."""
    if not high_range:
        return _inverse_curve(np.maximum(display, 0))
    linear = np.abs(display)
    bright = display > KNEE
    linear[bright] = KNEE + np.expm1(ROLL_OFF * (display[bright] - np.float32(KNEE))) / ROLL_OFF
    return np.copysign(_inverse_curve(linear), display)


def to_encoding(frame: Frame, encoding: FrameEncoding) -> Frame:
    """Return the frame in this encoding; the same frame if it already is.

    Raises:
        ValueError: either encoding is the file's own, which only ``colour.spaces`` can convert.
    """
    if frame.encoding == encoding:
        return frame
    if "file" in (frame.encoding, encoding):
        raise ValueError("values in a file's own color space: convert them by ColourSpaces.to_working first")
    change = encode_display if encoding == "display" else decode_display
    return dataclasses.replace(
        frame, pixels=change(frame.pixels, high_range=frame.high_range), encoding=encoding
    )


def luminance(picture: Pixels) -> Pixels:
    """Return the Rec. 709 luminance (luma, if display-encoded) of …×3, without the last axis."""
    return np.asarray(picture @ np.array(LUMINANCE, np.float32), np.float32)


def shown(frame: Frame) -> Pixels:
    """Return the frame's picture as a display shows it: N×H×W×3, sRGB, clipped to [0, 1], NaN as black."""
    if frame.encoding == "display" and not frame.high_range:
        return np.clip(frame.pixels, 0, 1)
    light = finite(to_encoding(frame, "scene-linear").pixels)
    return np.minimum(encode_display(light), 1)


def with_shown(frame: Frame, picture: Pixels) -> Frame:
    """Return the frame with the picture from :func:`shown` replaced by ``picture``, of the same shape.

    Light x beyond a display's range keeps its proportion: ``y = decode(picture) * max(x, 1) + min(x, 0)``.
    For an unchanged picture, that is the frame's own light.
    """
    if frame.encoding == "display" and not frame.high_range:
        return frame.with_pixels(picture)
    light = to_encoding(frame, "scene-linear").pixels
    changed = decode_display(picture)
    changed *= np.maximum(light, 1)
    changed += np.minimum(light, 0)
    return frame.with_pixels(changed, encoding="scene-linear")


def finite(light: Pixels) -> Pixels:
    """Return light with NaN as black and infinity as ±65504; the same array if all of it is finite.

    For networks and means: a single NaN would spread over the frame.
    """
    if np.isfinite(light).all():
        return light
    return np.nan_to_num(light, nan=0.0, posinf=65504.0, neginf=-65504.0)


def _curve(light: Pixels) -> Pixels:
    """Apply the sRGB curve to light ≥ 0."""
    power: Pixels = np.power(light, np.float32(1 / 2.4))
    power *= np.float32(1.055)
    power -= np.float32(0.055)
    np.multiply(light, np.float32(12.92), out=power, where=light <= np.float32(0.0031308))
    return power


def _inverse_curve(display: Pixels) -> Pixels:
    """Apply the inverse of the sRGB curve to values ≥ 0."""
    power: Pixels = display + np.float32(0.055)
    power /= np.float32(1.055)
    np.power(power, np.float32(2.4), out=power)
    np.multiply(display, np.float32(1 / 12.92), out=power, where=display <= np.float32(0.04045))
    return power
