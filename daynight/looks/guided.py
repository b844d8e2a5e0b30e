"""The guided filter: small maps brought to a plate's size along its edges (He, Sun, Tang 2010).

In each window of the proxy a map m is fitted as ``a·g + b`` with g the proxy's three display-encoded channels
(with luma alone, snow would be taken for sky). a and b are smooth, scale up without loss, and meet the plate
at full size (He and Sun 2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from daynight.frames.frame import Pixels, Plane

_EDGE: Final = 0.002
"""Variance of a channel from which a window counts as having an edge (the filter's epsilon)."""


class GuidedFilter:
    """Fits maps by a guide in every window, and averages the fits that cover a pixel.

    Args:
        guide: the proxy, h×w×3, display-encoded.
        radius: of a window, in pixels of the proxy.
        edge: variance of a channel from which a window counts as having an edge.
    """

    def __init__(self, guide: Pixels, radius: int, edge: float = _EDGE) -> None:
        self._guide = guide
        self._side = 2 * radius + 1
        self._mean = self._blurred(guide)
        covariance = self._covariances(guide, self._mean) + edge * np.eye(3, dtype=np.float32)
        self._precision = _inverse(covariance)  # (h, w, 3, 3)

    def strips(self, maps: Pixels, height: int, width: int) -> GuidedStrips:
        """Return maps h×w×C at height×width, to be had a strip of rows at a time."""
        slope, offset = self._fitted(maps)
        planes = np.concatenate([slope.reshape(*slope.shape[:2], -1), offset], axis=2)
        return GuidedStrips(Strips(planes, height, width))

    def upsampled(self, maps: Pixels, guide: Sequence[Plane]) -> Iterator[Plane]:
        """Yield each channel of maps h×w×C at the size of a guide, H×W.

        Args:
            maps: at the proxy's size.
            guide: the plate's three display-encoded channels, H×W each.
        """
        slope, offset = self._fitted(maps)
        height, width = guide[0].shape
        for channel in range(maps.shape[2]):
            plane = _resized(offset[..., channel], height, width)
            for seen in range(3):
                term = _resized(slope[..., seen, channel], height, width)
                term *= guide[seen]
                plane += term
            yield plane

    def _fitted(self, maps: Pixels) -> tuple[Pixels, Pixels]:
        """Return slope (h, w, guide's channel, map's channel) and offset (h, w, C)."""
        mean = self._blurred(maps)
        slope = self._precision @ self._covariances(maps, mean)
        offset = mean - (self._mean[:, :, np.newaxis] @ slope)[:, :, 0]
        smooth = [self._blurred(slope[:, :, channel]) for channel in range(3)]
        return np.stack(smooth, axis=2), self._blurred(offset)

    def _covariances(self, values: Pixels, mean: Pixels) -> Pixels:
        """Covariance in each window of the guide's channels with those of ``values``: (h, w, 3, 3)."""
        rows = [
            self._blurred(self._guide[..., channel, np.newaxis] * values)
            - self._mean[..., channel, np.newaxis] * mean
            for channel in range(3)
        ]
        return np.stack(rows, axis=2)

    def _blurred(self, values: Pixels) -> Pixels:
        side = (self._side, self._side)
        blurred = np.asarray(cv2.blur(values, side, borderType=cv2.BORDER_REFLECT), np.float32)
        return blurred.reshape(values.shape)  # OpenCV drops an axis of one channel


class Strips:
    """Small planes at a larger size, bilinear, a strip of rows at a time.

    A frame's arithmetic runs along strips that stay in the processor's cache: whole planes of a 4K frame cost
    several times as much in fresh memory as in arithmetic.

    Args:
        planes: h×w×C.
        height: of the whole, in pixels.
        width: likewise.
    """

    def __init__(self, planes: Pixels, height: int, width: int) -> None:
        rows, _, count = planes.shape
        self._wide = np.empty((count, rows, width), np.float32)
        for channel in range(count):
            plane = np.ascontiguousarray(planes[..., channel])
            self._wide[channel] = cv2.resize(plane, (width, rows), interpolation=cv2.INTER_LINEAR)
        # Where each row lies between two of the small planes', their centres half a pixel in.
        place = np.clip((np.arange(height) + 0.5) * rows / height - 0.5, 0, rows - 1)
        self._above = np.minimum(place.astype(np.intp), max(rows - 2, 0))
        self._below = np.minimum(self._above + 1, rows - 1)
        self._share = (place - self._above).astype(np.float32)[:, np.newaxis]

    def rows(self, start: int, stop: int) -> Pixels:
        """Return the rows from start up to stop, C×n×W: a new array."""
        above = self._wide[:, self._above[start:stop]]
        below = self._wide[:, self._below[start:stop]]
        below -= above
        below *= self._share[start:stop]
        below += above
        return below


@dataclass(frozen=True)
class GuidedStrips:
    """Guided maps at the plate's size, a strip of rows at a time."""

    _coefficients: Strips

    def rows(self, guide: Sequence[Plane], start: int, stop: int) -> list[Plane]:
        """Return each map's rows, n×W.

        Args:
            guide: the plate's three display-encoded channels in these rows, n×W each.
            start: the first row.
            stop: the row after the last.
        """
        planes = self._coefficients.rows(start, stop)
        count = len(planes) // 4
        maps = []
        for channel in range(count):
            value = planes[3 * count + channel]
            for seen in range(3):
                term = planes[seen * count + channel]
                term *= guide[seen]
                value += term
            maps.append(value)
        return maps


def _inverse(matrices: Pixels) -> Pixels:
    """Invert 3×3 matrices (…, 3, 3) by cross products of their columns: a fifth of LAPACK's time."""
    first, second, third = (matrices[..., column] for column in range(3))
    rows = np.stack([np.cross(second, third), np.cross(third, first), np.cross(first, second)], axis=-2)
    determinant = np.sum(first * rows[..., 0, :], axis=-1)
    return np.asarray(rows / determinant[..., np.newaxis, np.newaxis], np.float32)


def _resized(plane: Plane, height: int, width: int) -> Plane:
    """Bring one plane h×w to the plate's size."""
    grown = cv2.resize(np.ascontiguousarray(plane), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, np.float32)
