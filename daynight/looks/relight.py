"""Relighting: stops and emission, predicted on a small proxy, applied to the untouched plate.

With x the plate in scene-linear light, S stops and E emitted light per channel: ``y = x * 2^S + E``.
The network sees a small display-encoded proxy of the whole frame; its maps come up to full size by a
guided filter (He, Sun, Tang 2010; the coefficients computed on the proxy, He and Sun 2015), so that they
follow the plate's edges: a skyline stays a skyline and gets no halo.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from daynight.colour.encoding import encode_display
from daynight.frames.frame import Pixels
from daynight.looks.guided import GuidedFilter

_LONGEST: Final = 4
"""A proxy is at most this many times as long as short: a 1-pixel strip must not become a huge one."""
_REACH: Final = 8
"""Radius of the guided filter's window, as a part of the proxy's short side: an eighth.

The network's maps go softly over a skyline; the window must reach past that, to sky and ground proper.
"""


def proxy_size(height: int, width: int, short_side: int, multiple: int) -> tuple[int, int]:
    """Return height and width of the proxy: with the given short side, both multiples of ``multiple``."""
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


def upsample(maps: Sequence[Pixels], proxy: Pixels, plate: Pixels, *, high_range: bool) -> list[Pixels]:
    """Bring maps from the proxy's size to the plate's, along the plate's edges.

    In each window of the proxy a map m is fitted as ``a·g + b`` with g the display-encoded proxy's three
    channels (with luma alone, snow would be taken for sky); a and b are smooth, scale up without loss, and
    meet the plate at full size.

    Args:
        maps: each h×w×3, at the proxy's size.
        proxy: h×w×3, scene-linear.
        plate: H×W×3, scene-linear.
        high_range: how both are display-encoded.

    Returns:
        Each map as H×W×3, contiguous.
    """
    seen = encode_display(proxy, high_range=high_range)
    fit = GuidedFilter(seen, min(proxy.shape[:2]) // _REACH)
    # Planes, not pixels: numpy and OpenCV run along rows of one channel three times as fast.
    guide = cv2.split(encode_display(plate, high_range=high_range))  # three of (H, W)
    full = []
    for each in maps:
        grown = np.empty_like(plate)
        for channel, plane in enumerate(fit.upsampled(each, guide)):
            grown[..., channel] = plane
        full.append(grown)
    return full


def relight(plate: Pixels, stops: Pixels, emission: Pixels) -> Pixels:
    """Apply stops and emission, each H×W×3, to a plate in scene-linear light: ``x * 2^S + E``."""
    light = np.exp2(stops)
    light *= plate
    light += emission
    return light
