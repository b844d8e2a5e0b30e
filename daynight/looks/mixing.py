"""How much of a look a frame takes: strength, mask, and light sources that are kept."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from daynight.colour.encoding import to_encoding
from daynight.frames.frame import Frame, Pixels, Plane
from daynight.looks.lights import light_sources

_TOE: Final = np.float32(2.0**-10)
"""Light below which strength mixes values, and above which stops: a thousandth of white."""


def mixed(result: Frame, plate: Frame, strength: float = 1.0, *, protect_lights: bool = False) -> Frame:
    """Mix a result with its plate, both untiled and of one size, in scene-linear light.

    Strength s mixes in stops, ``e sinh((1 - s) asinh(x/e) + s asinh(y/e))``: half of a look that darkens by
    four stops darkens by two, negative light keeps its sign, and s of 0 and 1 give x and y. Mask and light
    sources then mix light, as an edge's pixels do: ``m y + (1 - m) x``.

    Returns:
        The mixed frame in scene-linear light; its ``mask`` says how much of the change each pixel took.
    """
    mask = result.mask
    if protect_lights:
        kept = 1 - light_sources(plate)
        mask = kept if mask is None else mask * kept
    if strength == 1 and mask is None:
        return result
    light = to_encoding(result, "scene-linear").pixels
    unchanged = to_encoding(plate, "scene-linear").pixels
    if strength != 1:
        light = _between(unchanged, light, np.float32(strength))
    if mask is not None:
        share = mask[np.newaxis, ..., np.newaxis]
        light = light * share
        light += unchanged * (1 - share)
    return result.with_pixels(light, encoding="scene-linear", mask=mask)


def _between(plate: Pixels, light: Pixels, strength: np.float32) -> Pixels:
    stops: Pixels = np.arcsinh(plate / _TOE)
    stops *= 1 - strength
    change = np.arcsinh(light / _TOE)
    change *= strength
    stops += change
    np.sinh(stops, out=stops)
    stops *= _TOE
    return stops


def with_mask(frame: Frame, mask: Plane) -> Frame:
    """Return a frame that takes the change only where the mask is white."""
    return dataclasses.replace(frame, mask=np.clip(np.nan_to_num(mask), 0, 1))
