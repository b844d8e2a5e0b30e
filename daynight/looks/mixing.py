"""How much of a look a frame takes: strength, mask, and light sources that are kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np

from daynight.colour.encoding import to_encoding
from daynight.frames.frame import Frame, Pixels, Plane
from daynight.looks.lights import light_sources

PLATE_GROUP: Final = "plate"
"""The light group of what strength, mask and protected lights keep of the plate."""
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
        kept = 1 - light_sources(plate, result.notes.get("survey"))
        mask = kept if mask is None else mask * kept
    if strength == 1 and mask is None:
        return result
    light = to_encoding(result, "scene-linear").pixels
    unchanged = to_encoding(plate, "scene-linear").pixels
    groups = dict(result.groups)
    if strength != 1:
        whole, light = light, _between(unchanged, light, np.float32(strength))
        groups = _shared(groups, whole[0], light[0])
    if mask is not None:
        share = mask[np.newaxis, ..., np.newaxis]
        kept_light = unchanged * (1 - share)
        light = light * share
        light += kept_light
        if groups:
            groups = {name: group * share[0] for name, group in groups.items()} | {PLATE_GROUP: kept_light[0]}
    return result.with_pixels(light, encoding="scene-linear", mask=mask, groups=groups)


def _shared(groups: Mapping[str, Pixels], whole: Pixels, light: Pixels) -> dict[str, Pixels]:
    """Scale light groups that add up to ``whole`` so that they add up to ``light``, each by its share."""
    if not groups:
        return {}
    nothing = np.abs(whole) < np.finfo(np.float32).tiny  # and so nothing to share
    scale = np.divide(light, whole, out=np.zeros_like(light), where=~nothing)
    scaled = {name: group * scale for name, group in groups.items()}
    return {**scaled, PLATE_GROUP: np.where(nothing, light, np.float32(0))}


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
