"""Locked-off shots: what the camera sees all through them, and what the networks tell of that.

A network that sees the whole frame answers a little differently, everywhere, when someone walks through it.
Where a frame of a locked-off shot shows what the shot shows, the shot's own maps stand in for the frame's.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import cv2
import numpy as np

from daynight.colour.encoding import luminance
from daynight.frames.frame import Pixels
from daynight.frames.resize import scaled

_MOVED: Final = 0.3
"""Median length of the flow, in pixels of the proxy, from which a camera counts as moving."""
_LIKE: Final = (0.05, 0.12)
"""Difference of display values up to which a frame shows the background, and from which it does not."""
_LEVELS: Final = 255


@dataclass(frozen=True, eq=False)
class Still:
    """The background of a locked-off shot."""

    proxy: Pixels
    """h×w×3, display-encoded in [0, 1]."""
    maps: Pixels
    """h×w×C, as the network tells them of it."""

    @classmethod
    def find(cls, proxies: Sequence[Pixels], maps: Sequence[Pixels]) -> Self | None:
        """Return the background of a shot's frames: each pixel's median; ``None`` if the camera moves.

        Args:
            proxies: exposed, in [0, 1], of the shot's first frame to its last, in three channels.
            maps: what the network tells of each, h×w×C, of the size that is kept.
        """
        if len(proxies) < 2 or len({each.shape for each in proxies}) > 1:
            return None
        proxies = [scaled(proxy, *each.shape[:2]) for proxy, each in zip(proxies, maps, strict=True)]
        first, *others = (np.asarray(np.rint(luminance(each) * _LEVELS), np.uint8) for each in proxies)
        dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        for other in others:
            way = dis.calc(first, other, None)
            if (
                np.median(np.linalg.norm(way, axis=2)) > _MOVED
                or np.median(np.abs(other - first.astype(int))) > 4
            ):
                return None
        return cls(np.median(proxies, axis=0).astype(np.float32), np.median(maps, axis=0).astype(np.float32))

    def stand_in(self, proxy: Pixels, maps: Pixels) -> Pixels:
        """Return a frame's maps, with the shot's where the frame shows its background.

        Args:
            proxy: of the frame, exposed, in [0, 1].
            maps: what the network told of it, h×w×C.
        """
        size = maps.shape[:2]
        difference = np.abs(scaled(proxy, *size) - scaled(self.proxy, *size)).max(axis=2)
        # Grain is no difference, and what passes changes the light close to it.
        difference = np.maximum(
            cv2.blur(difference, (5, 5)), cv2.dilate(cv2.blur(difference, (3, 3)), np.ones((5, 5)))
        )
        other = np.clip((difference - _LIKE[0]) / (_LIKE[1] - _LIKE[0]), 0, 1)[..., np.newaxis].astype(
            np.float32
        )
        return np.asarray(maps * other + scaled(self.maps, *size) * (1 - other), np.float32)

    def to_fact(self) -> dict[str, Any]:
        """Return it as JSON values: both pictures as PNG, each channel in 255 levels between its extremes."""
        stack = np.concatenate([self.proxy, self.maps], axis=2)
        low, high = stack.min(axis=(0, 1)), stack.max(axis=(0, 1))
        levels = np.rint((stack - low) / np.maximum(high - low, 1e-6) * _LEVELS).astype(np.uint8)
        done, content = cv2.imencode(".png", np.concatenate([*levels.transpose(2, 0, 1)]))
        assert done
        text = base64.b64encode(content.tobytes()).decode()
        return {"low": low.tolist(), "high": high.tolist(), "png": text}

    @classmethod
    def from_fact(cls, fact: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_fact` returned."""
        content = np.frombuffer(base64.b64decode(fact["png"]), np.uint8)
        levels = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
        assert levels is not None
        low, high = np.asarray(fact["low"], np.float32), np.asarray(fact["high"], np.float32)
        planes = levels.reshape(len(low), -1, levels.shape[1]).transpose(1, 2, 0)
        stack = low + planes.astype(np.float32) * ((high - low) / np.float32(_LEVELS))
        return cls(np.ascontiguousarray(stack[..., :3]), np.ascontiguousarray(stack[..., 3:]))
