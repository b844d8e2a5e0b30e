"""Whether a converted shot is as steady as its plates: differences along the plates' own motion.

Frames are display-encoded luma H×W in [0, 1]; motion is optical flow, H×W×2, in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.evaluation.formulas import Luma

Flow: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

_SHARE: Final = 0.01
_SLACK: Final = 0.5
"""How far the ways there and back may differ, see :func:`visible`: a share of the way, and square pixels."""


@dataclass(frozen=True)
class Steadiness:
    """How steady a shot is."""

    difference: float
    """Mean over pairs of frames of the flow-warped difference, in parts of the display range."""
    deviation: float
    """Mean over frames of the deviation of luma: the contrast that differences are measured against."""
    level: float
    """Mean luma of the shot."""
    pumping: float
    """Mean change of a frame's mean luma from frame to frame, over the shot's mean luma."""

    @property
    def levelled(self) -> float:
        """The difference with levels matched: in parts of the shot's own contrast.

        The same as to bring the shot to its plates' mean and deviation by one gain and offset first.
        """
        return self.difference / self.deviation if self.deviation else float("nan")


def flow_between(target: Luma, source: Luma) -> Flow:
    """Find for each pixel of ``target`` how far away it lies in ``source`` (dense inverse search, medium)."""
    first, second = (np.rint(np.clip(each, 0, 1) * 255).astype(np.uint8) for each in (target, source))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(first, second, None), np.float32)


def warped(picture: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """Fetch each pixel from where the flow points, ``picture(x + flow(x))``, bilinearly."""
    y, x = np.indices(flow.shape[:2], np.float32)
    moved = cv2.remap(
        picture, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.float32)


def visible(flow: Flow, back: Flow) -> Mask:
    """Return which pixels are visible in both frames: forward and backward flow must cancel.

    ``|f + b(x + f)|² ≤ 0.01 (|f|² + |b(x + f)|²) + 0.5`` (Sundaram et al. 2010), and x + f lies in the frame.
    """
    there_back = warped(back, flow)
    lost = ((flow + there_back) ** 2).sum(axis=2)
    allowed = _SHARE * ((flow**2).sum(axis=2) + (there_back**2).sum(axis=2)) + _SLACK
    height, width = flow.shape[:2]
    y, x = np.indices((height, width), np.float32)
    to_x, to_y = x + flow[..., 0], y + flow[..., 1]
    inside = (to_x >= 0) & (to_x <= width - 1) & (to_y >= 0) & (to_y <= height - 1)
    return np.asarray(inside & (lost <= allowed), np.bool_)


def warped_difference(before: Luma, after: Luma, flow: Flow, seen: Mask) -> float:
    """Mean of ``|after(x) - before(x + flow(x))|`` over the pixels seen in both frames."""
    if not seen.any():
        return float("nan")
    return float(np.abs(after - warped(before, flow))[seen].mean(dtype=np.float64))


def steadiness(shots: Iterable[Mapping[str, Luma]], plate: str) -> dict[str, Steadiness]:
    """Measure versions of one shot along the motion of its plates.

    Args:
        shots: for each frame in order of time, its picture in each version, by the version's name.
        plate: name of the version whose motion is followed.

    Returns:
        Each version's figures.
    """
    differences: dict[str, list[float]] = {}
    levels: dict[str, list[float]] = {}
    deviations: dict[str, list[float]] = {}
    before: Mapping[str, Luma] | None = None
    for frames in shots:
        for name, luma in frames.items():
            levels.setdefault(name, []).append(float(luma.mean(dtype=np.float64)))
            deviations.setdefault(name, []).append(float(luma.std(dtype=np.float64)))
        if before is not None:
            flow = flow_between(frames[plate], before[plate])
            seen = visible(flow, flow_between(before[plate], frames[plate]))
            for name, luma in frames.items():
                found = warped_difference(before[name], luma, flow, seen)
                differences.setdefault(name, []).append(found)
        before = frames
    return {
        name: Steadiness(
            float(np.nanmean(found)) if np.isfinite(found).any() else float("nan"),
            float(np.mean(deviations[name])),
            float(np.mean(levels[name])),
            pumping(levels[name]),
        )
        for name, found in differences.items()
    }


def pumping(levels: Sequence[float]) -> float:
    """Mean change of the level from frame to frame, ``mean |m[t+1] - m[t]| / mean m``."""
    mean = float(np.mean(levels))
    return float(np.abs(np.diff(levels)).mean() / mean) if len(levels) > 1 and mean > 0 else float("nan")
