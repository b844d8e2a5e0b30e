"""Relighting: stops and emission, predicted on a small proxy, applied to the untouched plate.

With x the plate in scene-linear light, S stops and E emitted light per channel: ``y = x * 2^S + E``.
The network sees a small display-encoded proxy of the whole frame; its maps come up to full size by a
guided filter (He, Sun, Tang 2010; the coefficients computed on the proxy, He and Sun 2015), so that they
follow the plate's edges: a skyline stays a skyline and gets no halo.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from daynight.colour import encode_display, luma
from daynight.frame import Pixels

_LONGEST: Final = 4
"""A proxy is at most this many times as long as short: a 1-pixel strip must not become a huge one."""
_RADIUS: Final = 8
"""Radius of the guided filter's window, in proxy pixels."""
_EDGE: Final = 0.004
"""Variance of luma from which a window counts as an edge (the filter's epsilon)."""


def proxy_size(height: int, width: int, short_side: int, multiple: int) -> tuple[int, int]:
    """Give height and width of the proxy: its short side as told, both multiples of ``multiple``."""
    scale = short_side / min(height, width)

    def side(length: int) -> int:
        return max(round(min(length * scale, short_side * _LONGEST) / multiple), 1) * multiple

    return side(height), side(width)


def make_proxy(linear: Pixels, height: int, width: int) -> Pixels:
    """Scale a plate H×W×3 in scene-linear light to the proxy's size, averaging light."""
    shrinks = height * width < linear.shape[0] * linear.shape[1]
    return np.asarray(
        cv2.resize(linear, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR),
        np.float32,
    )


def upsample(maps: Pixels, proxy: Pixels, plate: Pixels, *, high_range: bool) -> Pixels:
    """Bring maps from the proxy's size to the plate's, along the plate's edges.

    In each window of the proxy a map m is fitted as ``a·g + b`` with g the luma of the display-encoded
    proxy; a and b are smooth, scale up without loss, and meet the full-size luma of the plate.

    Args:
        maps: h×w×K, at the proxy's size.
        proxy: h×w×3, scene-linear.
        plate: H×W×3, scene-linear.
        high_range: how both are display-encoded.

    Returns:
        H×W×K.
    """
    guide = luma(encode_display(proxy, high_range=high_range))  # (h, w)
    slope, offset = _fit(maps, guide)
    full_guide = luma(encode_display(plate, high_range=high_range))  # (H, W)
    size = (plate.shape[1], plate.shape[0])
    full = cv2.resize(slope, size, interpolation=cv2.INTER_LINEAR)  # (H, W, K)
    full *= full_guide[..., np.newaxis]
    full += cv2.resize(offset, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)


def relight(plate: Pixels, stops: Pixels, emission: Pixels) -> Pixels:
    """Apply stops and emission, each H×W×3, to a plate in scene-linear light: ``x * 2^S + E``."""
    light = np.exp2(stops)
    light *= plate
    light += emission
    return light


def _fit(maps: Pixels, guide: Pixels) -> tuple[Pixels, Pixels]:
    """Fit each map by the guide in every window, and average the fits that cover a pixel."""

    def mean(values: Pixels) -> Pixels:
        side = 2 * _RADIUS + 1
        return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)

    mean_guide = mean(guide)[..., np.newaxis]
    variance = mean(guide * guide)[..., np.newaxis] - mean_guide**2
    mean_maps = mean(maps)
    covariance = mean(maps * guide[..., np.newaxis]) - mean_maps * mean_guide
    slope = covariance / (variance + np.float32(_EDGE))
    return mean(slope), mean(mean_maps - slope * mean_guide)
