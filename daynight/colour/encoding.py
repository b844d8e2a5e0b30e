"""Between scene-linear light and display-encoded pictures, and film scans.

Display encoding is the sRGB curve (IEC 61966-2-1). A plate from a float file may hold light far above 1;
its display encoding is rolled off above a knee so that a network still sees [0, 1], and comes back by
the exact inverse. Negative light is mirrored through the curve, so it comes back too.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Final

import numpy as np

from daynight.frames.frame import Frame, FrameEncoding, Pixels

LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
"""Weights of red, green and blue in luminance, or in luma where they are display-encoded (Rec. 709)."""
KNEE: Final = 0.9
"""Display value up to which the roll-off changes nothing."""

_BRIGHTEST: Final = 1.055 * 65504.0 ** (1 / 2.4) - 0.055  # the largest half float, on the extended curve


def _slope() -> float:
    """Solve (1 - KNEE) a = ln(1 + a (BRIGHTEST - KNEE)): the roll-off leaves the knee with slope 1."""
    a = 100.0
    for _ in range(50):
        a = math.log1p(a * (_BRIGHTEST - KNEE)) / (1 - KNEE)
    return a


_A: Final = _slope()

_WHITE, _BLACK, _STEP, _GAMMA = 685.0, 95.0, 0.002, 0.6
"""Kodak's Cineon: code of white and of black in 10 bits, density of a code, gamma of the negative."""
_FLARE: Final = 10 ** ((_BLACK - _WHITE) * _STEP / _GAMMA)


def encode_display(linear: Pixels, *, high_range: bool = False) -> Pixels:
    """Encode scene-linear light for display.

    Args:
        linear: any shape, float32, 1.0 is diffuse white.
        high_range: roll values above the knee off into [KNEE, 1]; else the curve goes on above 1.

    Returns:
        A new array of the same shape.
    """
    if not high_range:
        return np.maximum(_curve(np.maximum(linear, 0)), 0, dtype=np.float32)
    display = np.copysign(_curve(np.abs(linear)), linear)
    bright = display > KNEE
    over = display[bright] - np.float32(KNEE)
    display[bright] = KNEE + np.log1p(_A * over) / _A
    return display


def decode_display(display: Pixels, *, high_range: bool = False) -> Pixels:
    """Decode a display-encoded picture to scene-linear light: the inverse of :func:`encode_display`."""
    if not high_range:
        return _inverse_curve(np.maximum(display, 0))
    linear = np.abs(display)
    bright = display > KNEE
    linear[bright] = KNEE + np.expm1(_A * (display[bright] - np.float32(KNEE))) / _A
    return np.copysign(_inverse_curve(linear), display)


def to_encoding(frame: Frame, encoding: FrameEncoding) -> Frame:
    """Return the frame in this encoding; the same frame where it is in it already.

    Raises:
        ValueError: one of both is the file's own, which only ``colour.spaces`` knows.
    """
    if frame.encoding == encoding:
        return frame
    if "file" in (frame.encoding, encoding):
        raise ValueError("values as a file holds them have a colour space of their own")
    change = encode_display if encoding == "display" else decode_display
    return dataclasses.replace(
        frame, pixels=change(frame.pixels, high_range=frame.high_range), encoding=encoding
    )


def luminance(picture: Pixels) -> Pixels:
    """Rec. 709 luminance of light …×3 (of a display-encoded picture: luma), as an array of one axis less."""
    return np.asarray(picture @ np.array(LUMINANCE, np.float32), np.float32)


def shown(frame: Frame) -> Pixels:
    """Return the frame's picture as a display shows it: N×H×W×3 in [0, 1], sRGB, for what can't see beyond.

    NaN shows as black.
    """
    if frame.encoding == "display" and not frame.high_range:
        return np.clip(frame.pixels, 0, 1)
    light = finite(to_encoding(frame, "scene-linear").pixels)
    return np.minimum(encode_display(light), 1)


def with_shown(frame: Frame, picture: Pixels) -> Frame:
    """Return the frame with what :func:`shown` gave changed to ``picture``.

    Light x that a display can't show stays in proportion: ``y = decode(picture) * max(x, 1) + min(x, 0)``;
    an unchanged picture gives the frame's own light back.
    """
    if frame.encoding == "display" and not frame.high_range:
        return frame.with_pixels(picture)
    light = to_encoding(frame, "scene-linear").pixels
    changed = decode_display(picture)
    changed *= np.maximum(light, 1)
    changed += np.minimum(light, 0)
    return frame.with_pixels(changed, encoding="scene-linear")


def finite(light: Pixels) -> Pixels:
    """Return light with NaN as black and infinite light as the largest half float, for what looks around.

    A network or a mean that meets one NaN would spread it over the frame. The same array if there is none.
    """
    if np.isfinite(light).all():
        return light
    return np.nan_to_num(light, nan=0.0, posinf=65504.0, neginf=-65504.0)


def from_density(codes: Pixels) -> Pixels:
    """Light of film scans, ``(10^((1023 c - 685) 0.002 / 0.6) - b) / (1 - b)``: code 95 is 0, 685 is 1."""
    light = np.exp2((codes * 1023 - _WHITE) * np.float32(_STEP / _GAMMA * np.log2(10)))
    return np.asarray((light - _FLARE) / (1 - _FLARE), np.float32)


def to_density(light: Pixels) -> Pixels:
    """Codes of light: the inverse of :func:`from_density`. Light below code 0 is code 0."""
    least = 10 ** (-_WHITE * _STEP / _GAMMA)
    with np.errstate(invalid="ignore"):
        codes = np.log10(np.maximum(light * (1 - _FLARE) + _FLARE, least)) * (_GAMMA / _STEP) + _WHITE
    return np.asarray(codes / 1023, np.float32)


def _curve(light: Pixels) -> Pixels:
    """Apply the sRGB curve to light ≥ 0."""
    power: Pixels = np.power(light, np.float32(1 / 2.4))
    power *= np.float32(1.055)
    power -= np.float32(0.055)
    np.multiply(light, np.float32(12.92), out=power, where=light <= np.float32(0.0031308))
    return power


def _inverse_curve(display: Pixels) -> Pixels:
    power: Pixels = display + np.float32(0.055)
    power /= np.float32(1.055)
    np.power(power, np.float32(2.4), out=power)
    np.multiply(display, np.float32(1 / 12.92), out=power, where=display <= np.float32(0.04045))
    return power
