"""Motion between frames, and maps held steady along it; estimated on plates: nights have no texture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import cv2
import numpy as np

from daynight.colour.encoding import luminance
from daynight.frames.frame import Pixels, Plane
from daynight.frames.resize import scaled
from daynight.looks.scene import Survey
from daynight.models.lights import MAPS, VARIETY

_APART: Final = (1.5, 0.1)
"""How far there and back may miss, in pixels and as a part of the way, where both frames show the same."""
_ALIKE: Final = np.float32(0.15)
"""Difference of display values at which a neighbour's maps count for 37 %: flow is not exact to the pixel,
and edges, where lamps and windows are, differ most by that."""
_STEADY: Final = slice(len(MAPS) - VARIETY)
"""The maps of lights that are averaged: variety stays with what is there of itself."""
_SPREAD: Final = 2.0
"""Frames at which a neighbour counts for 61 %."""
_BINS: Final = 32
_CUT: Final = 0.45
"""Part of the pixels that must be in other bins of the histogram for a cut."""


def is_cut(one: Survey, other: Survey) -> bool:
    """Whether a cut lies between two frames in a row: their histograms of luma overlap too little."""
    counts = []
    for each in (one, other):
        count, _ = np.histogram(luminance(each.proxy), bins=_BINS, range=(0, 1))
        # A light that goes a little up or down moves pixels by a bin; that is no cut.
        count = np.convolve(count, (0.25, 0.5, 0.25), mode="same")
        counts.append(count / max(count.sum(), 1))
    return float(np.abs(counts[0] - counts[1]).sum() / 2) > _CUT


def steadied(own: Survey, before: Sequence[Survey | None], after: Sequence[Survey | None]) -> Survey:
    """Average what the networks told of a frame with what they told of its neighbours, along the motion.

    Args:
        own: of the frame.
        before: of the frames before it, in order of time; ``None`` where there is none.
        after: of those after it.

    Returns:
        The frame's survey, with steadier maps; its exposure and proxy are its own.
    """
    # Outwards from the frame, so that a cut ends the neighbours beyond it.
    near = [*_this_take(own, reversed(before)), *_this_take(own, after)]
    if not near:
        return own
    mattes, lights = _Mean(own.mattes), None if own.lights is None else _Mean(own.lights[..., _STEADY])
    here = _half(own)
    for distance, other in near:
        weight, ways = _agreement(here, _half(other))
        weight *= np.float32(np.exp(-0.5 * (distance / _SPREAD) ** 2))
        mattes.add(other.mattes, ways, weight)
        if lights is not None and other.lights is not None:
            lights.add(other.lights[..., _STEADY], ways, weight)
    if lights is None or own.lights is None:
        return Survey(own.exposure, own.proxy, mattes.value())
    steady = np.concatenate([lights.value(), own.lights[..., _STEADY.stop :]], axis=2)
    return Survey(own.exposure, own.proxy, mattes.value(), steady)


class _Mean:
    """A weighted mean of maps, warped to one frame."""

    def __init__(self, maps: Pixels) -> None:
        self._sum = maps.copy()
        self._weight: Plane = np.ones(maps.shape[:2], np.float32)

    def add(self, maps: Pixels, ways: Pixels, weight: Plane) -> None:
        """Add a neighbour's maps, where it shows the same."""
        height, width = self._weight.shape[:2]
        grown = scaled(ways, height, width) * np.asarray(
            [width / ways.shape[1], height / ways.shape[0]], np.float32
        )
        share = scaled(weight, height, width)
        self._sum += _warped(maps, grown) * share[..., np.newaxis]
        self._weight += share

    def value(self) -> Pixels:
        """Return the mean."""
        return np.asarray(self._sum / self._weight[..., np.newaxis], np.float32)


def _this_take(own: Survey, outwards: Iterable[Survey | None]) -> list[tuple[int, Survey]]:
    """Return the neighbours up to a cut or a change of shape, with their distances."""
    near: list[tuple[int, Survey]] = []
    last = own
    for distance, other in enumerate(outwards, 1):
        if other is None:
            continue
        if other.proxy.shape != own.proxy.shape or is_cut(last, other):
            break
        near.append((distance, other))
        last = other
    return near


def _agreement(here: Pixels, there: Pixels) -> tuple[Plane, Pixels]:
    """Return how far a neighbour shows the same, h×w in [0, 1], and where in it, as ways h×w×2 in pixels."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    own, other = (np.asarray(np.rint(luminance(each) * 255), np.uint8) for each in (here, there))
    ways = np.asarray(dis.calc(own, other, None), np.float32)
    back = np.asarray(dis.calc(other, own, None), np.float32)
    miss = np.linalg.norm(ways + _warped(back, ways), axis=2)
    length = np.linalg.norm(ways, axis=2)
    difference = np.abs(here - _warped(there, ways)).max(axis=2)
    weight = np.exp(-((difference / _ALIKE) ** 2))
    weight[miss > _APART[0] + _APART[1] * length] = 0
    return np.asarray(weight, np.float32), ways


def _warped(maps: Pixels, ways: Pixels) -> Pixels:
    """Fetch maps h×w×C from where the ways h×w×2 lead; beyond the border, from the border."""
    height, width = ways.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = columns + ways[..., 0], rows + ways[..., 1]
    # OpenCV remaps at most four channels at once.
    parts = [
        cv2.remap(
            np.ascontiguousarray(maps[..., start : start + 4]),
            x,
            y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for start in range(0, maps.shape[2], 4)
    ]
    return np.concatenate([part.reshape(height, width, -1) for part in parts], axis=2)


def _half(told: Survey) -> Pixels:
    """Return the proxy at half its size: enough for motion, at a quarter of the time."""
    height, width = told.proxy.shape[:2]
    return scaled(told.proxy, max(height // 2, 16), max(width // 2, 16))
