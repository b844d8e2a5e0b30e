"""Panes of a plate: the darker parts of its walls, where a lit wall shines."""

from __future__ import annotations

from typing import Final

import numpy as np

from daynight.colour.encoding import finite, luminance
from daynight.frames.frame import Pixels, Plane
from daynight.frames.resize import scaled
from daynight.looks.guided import Strips
from daynight.looks.night_maps import box
from daynight.models.lights import PANE, PANE_FLAT, PANE_SHADOW, PANE_SLOPE, PANES

_SEEN: Final = 540
"""Most pixels of the short side at which surroundings are looked at: they are smooth."""


class Panes:
    """Where a plate has panes, a strip of rows at a time.

    A window by day is a dark thing in a brighter wall. So a pane is what is darker than its surroundings, by
    the deviation that they have: ``sigmoid(k (max (mean - l) / (deviation + flat) - from))``, l the logarithm
    of luminance, the maximum over surroundings of several sizes. Being the plate's own, panes are as sharp
    as the plate, and stay where it has them.

    Args:
        plate: H×W×3, scene-linear.
        exposure: of the plate for relighting, in stops.
    """

    def __init__(self, plate: Pixels, exposure: float) -> None:
        height, width = plate.shape[:2]
        grey = luminance(finite(plate)) * np.float32(2.0**exposure)
        stops = _stops(grey)
        part = min(_SEEN / min(height, width), 1)
        size = max(round(height * part), 1), max(round(width * part), 1)
        moments: Pixels = scaled(np.stack([stops, stops * stops], axis=2), *size)
        planes = []
        for reach in PANES:
            radius = min(size) // reach
            mean, square = np.moveaxis(box(box(moments, radius), radius), 2, 0)
            deviation = np.sqrt(np.maximum(square - mean * mean, 0)) + np.float32(PANE_FLAT)
            planes += [mean, deviation]
        self._around = Strips(np.stack(planes, axis=2), height, width)

    def rows(self, grey: Plane, start: int, stop: int) -> Plane:
        """Return the panes in rows from start up to stop, n×W in [0, 1].

        Args:
            grey: luminance of the exposed plate in these rows.
            start: the first row.
            stop: the row after the last.
        """
        stops = _stops(grey)
        around = self._around.rows(start, stop)
        darker = (around[0::2] - stops) / around[1::2]
        level = np.float32(PANE_SLOPE) * (darker.max(axis=0) - np.float32(PANE))
        return np.asarray(1 / (1 + np.exp(-np.clip(level, -30, 30))), np.float32)


def _stops(grey: Plane) -> Plane:
    return np.asarray(np.log2(np.maximum(grey, 0) + np.float32(PANE_SHADOW)), np.float32)
