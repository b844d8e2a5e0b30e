"""What a night needs of a frame at its proxy's size, and how it grows to the plate's."""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np

from daynight.colour.encoding import decode_display, luminance
from daynight.frames.frame import Pixels, Plane
from daynight.frames.resize import scaled
from daynight.looks.guided import GuidedFilter, GuidedStrips, Strips
from daynight.looks.night_options import NightOptions, colour_of
from daynight.looks.scene import DARKEST, Survey
from daynight.models.lights import (
    ABOVE_WHITE,
    FLAME,
    LED,
    LIT,
    MAPS,
    MIDDLE,
    SODIUM,
    SURE,
    UNBUILT,
    UNLIT,
    VARIETY,
    WHITE,
    WINDOWS,
)
from daynight.models.scene import MATTES

_SKY, _BUILDING, _WINDOW = (MATTES.index(name) for name in ("sky", "building", "window"))
_VARIETY: Final = slice(len(MAPS) - VARIETY, len(MAPS))
_AMBIENT, _PRACTICALS, _WARMTH, _LAMP, _LAMP_WARMTH, _LAMP_LEVEL, _PANES = range(_VARIETY.start)
_REACH: Final = 8
"""Radius of the window in which stops and mattes follow the plate's edges, as a part of the short side."""
_PANE: Final = 64
"""The same for lamps: a window is small."""
_PANE_EDGE: Final = 1e-3
"""Variance of a channel from which such a window counts as having an edge: well above grain."""
_LIT_RANGE: Final = 1.2
"""Deviations by which ``lit`` moves the threshold of lamps, either way."""
_CHOICE: Final = 0.8
"""Deviations by which a seed moves a lamp's likelihood."""
_NO_LIGHTS: Final = (0.0, -20.0, 0.0, -20.0, 0.0, 0.0, 0.0)
"""Maps where no light network ran."""
_NEUTRAL: Final = (0.0, 0.0, 0.0)
Tint: TypeAlias = tuple[float, float, float]
"""Stops of red, green and blue."""


class NightMaps:
    """The maps of one frame, with the controls in them.

    Args:
        told: what the networks told of the frame.
        options: the controls, at this frame.
        height: of the plate, in pixels.
        width: likewise.
    """

    def __init__(self, told: Survey, options: NightOptions, height: int, width: int) -> None:
        size = told.proxy.shape[:2]
        short = min(size)
        luma = np.log2(np.maximum(luminance(decode_display(told.proxy, high_range=True)), DARKEST))
        sky, building = told.mattes[..., _SKY], told.mattes[..., _BUILDING]
        if told.lights is None:
            maps: Pixels = np.broadcast_to(np.asarray(_NO_LIGHTS, np.float32), (*size, len(_NO_LIGHTS)))
        else:
            maps = scaled(told.lights[..., : _VARIETY.start], *size)
        sunlit = np.maximum(_smooth(luma, short // 16) - np.float32(np.log2(MIDDLE)), 0)
        beyond = np.maximum(sunlit - np.float32(WHITE), 0)
        beyond *= np.float32(min(ABOVE_WHITE * options.sun, 1) - options.sun)
        dimming = np.float32(options.sun) * sunlit + beyond
        town = np.minimum(4 * box(building, short // 6), 1)
        weaker = np.float32(UNLIT[0]) * sky + np.float32(UNLIT[1]) * (1 - town)
        ambient = maps[..., _AMBIENT] if options.flat is None else np.float32(options.flat)
        practicals = maps[..., _PRACTICALS] + np.float32(options.practicals) - weaker
        planes = np.stack([ambient - dimming, practicals - dimming, sky, building], axis=2)
        self.ambient_range, self.practical_range = (
            (float(planes[..., index].min()), float(planes[..., index].max())) for index in range(2)
        )
        """Least and most stops that the network tells of the frame."""
        # The fits are smooth: half the proxy's size loses nothing of them (He and Sun 2015).
        half = max(size[0] // 2, 1), max(size[1] // 2, 1)
        fit = GuidedFilter(scaled(told.proxy, *half), max(short // _REACH // 2, 1))
        self.guided: GuidedStrips = fit.strips(scaled(planes, *half), height, width)
        """Stops of ambient and practical light, sky and building."""
        around = box(np.stack([sky * luma, sky], axis=2), short // 8)
        mean = np.asarray(around[..., 0] / np.maximum(around[..., 1], 1e-3), np.float32)
        self.sky_mean = Strips(mean[..., np.newaxis], height, width)
        """log2 of the sky's luminance around each place."""
        self.practical_colour: Strips | None = None
        """Factors of practical light; ``None``: there is none."""
        if options.practicals_on and told.lights is not None:
            tint = _tint(maps[..., _WARMTH], SODIUM, _NEUTRAL, options.practicals_colour)
            self.practical_colour = Strips(tint, height, width)
        self.lamps: GuidedStrips | None = None
        """Deviations over the threshold of lamps; ``None``: nothing in the frame can be one."""
        if told.lights is not None and options.lamps_on and building.max() > SURE[0]:
            self.lamps = _lamp_strips(told, told.lights, options, height, width)
            level = np.exp2(told.lights[..., _LAMP_LEVEL] + np.float32(options.lamps))
            tint = _tint(told.lights[..., _LAMP_WARMTH], FLAME, LED, options.lamps_colour)
            lamps = np.concatenate([tint * level[..., np.newaxis], told.lights[..., [_PANES]]], axis=2)
            self.lamp_light = Strips(lamps, height, width)
            """Light of a lamp that is on, and its share that comes through panes."""


def _lamp_strips(
    told: Survey, lights: Pixels, options: NightOptions, height: int, width: int
) -> GuidedStrips:
    """Return how many deviations each place lies above the threshold from which it is lit."""
    size = lights.shape[:2]
    likely = lights[..., _LAMP] + np.float32(WINDOWS) * scaled(told.mattes[..., _WINDOW], *size)
    likely -= np.float32(UNBUILT) * (1 - scaled(told.mattes[..., _BUILDING], *size))
    likely += _choice(lights[..., _VARIETY], options.seed)
    likely -= np.float32(LIT + _LIT_RANGE * (1 - 2 * options.lit))
    fine = GuidedFilter(scaled(told.proxy, *size), max(min(size) // _PANE, 1), edge=_PANE_EDGE)
    return fine.strips(likely[..., np.newaxis], height, width)


def _tint(cold: Plane, warmest: Tint, coldest: Tint, colour: float | Tint | None) -> Pixels:
    """Return factors of three channels h×w×3: of one colour, or from the warmest to the coldest."""
    if colour is not None:
        return np.broadcast_to(colour_of(colour), (*cold.shape, 3))
    low, high = np.asarray(warmest, np.float32), np.asarray(coldest, np.float32)
    return np.exp2(low + cold[..., np.newaxis] * (high - low))


def _choice(variety: Pixels, seed: int) -> Plane:
    """Return how much a seed favours each place: a random mixture of features that stay with what is there.

    A choice by place in the frame would slide over the windows when the camera moves.
    """
    if not seed:
        return np.zeros(variety.shape[:2], np.float32)
    weights = np.random.default_rng(seed).normal(size=variety.shape[2])
    share = variety @ (weights / np.linalg.norm(weights))
    return np.asarray(_CHOICE * np.tanh(share), np.float32)


def _smooth(plane: Plane, radius: int) -> Plane:
    """Smooth a plane of stops but for its edges: the guided filter with itself as its guide."""
    mean = box(plane, radius)
    variance = box(plane * plane, radius) - mean * mean
    slope = np.asarray(variance / (variance + 0.25), np.float32)
    return box(slope, radius) * plane + box(mean - slope * mean, radius)


def box(planes: Pixels | Plane, radius: int) -> Pixels:
    """Average over squares of 2 radius + 1 pixels, cut off at the frame's border."""
    side = 2 * max(radius, 1) + 1
    total, count = (
        cv2.boxFilter(each, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for each in (planes, np.ones(planes.shape[:2], np.float32))
    )
    return np.asarray(total / (count if planes.ndim == 2 else count[..., np.newaxis]), np.float32)
