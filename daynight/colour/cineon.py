"""Kodak's Cineon encoding of film scans: printing density in 10-bit codes, 95 for black and 685 for white."""

from __future__ import annotations

from typing import Final

import numpy as np

from daynight.frames.frame import Pixels

_WHITE, _BLACK, _STEP, _GAMMA = 685.0, 95.0, 0.002, 0.6
"""Codes of white and black, density of one code, gamma of the negative."""
_FLARE: Final = 10 ** ((_BLACK - _WHITE) * _STEP / _GAMMA)


def decode_cineon(codes: Pixels) -> Pixels:
    """Decode a film scan to light: ``(10^((1023 c - 685) 0.002 / 0.6) - flare) / (1 - flare)``.

    Args:
        codes: any shape, float32, 1.0 is code 1023.

    Returns:
        A new array of the same shape: code 95 is 0, code 685 is 1.
    """
    light = np.exp2((codes * 1023 - _WHITE) * np.float32(_STEP / _GAMMA * np.log2(10)))
    return np.asarray((light - _FLARE) / (1 - _FLARE), np.float32)


def encode_cineon(light: Pixels) -> Pixels:
    """Encode light as a film scan: the inverse of :func:`decode_cineon`. Clips at code 0."""
    least = 10 ** (-_WHITE * _STEP / _GAMMA)
    with np.errstate(invalid="ignore"):
        codes = np.log10(np.maximum(light * (1 - _FLARE) + _FLARE, least)) * (_GAMMA / _STEP) + _WHITE
    return np.asarray(codes / 1023, np.float32)
