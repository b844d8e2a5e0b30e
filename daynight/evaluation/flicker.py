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

from daynight.colour.encoding import decode_display, encode_display
from daynight.evaluation.formulas import Luma

Flow: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]

_SHARE: Final = 0.01
_SLACK: Final = 0.5
"""How far the ways there and back may differ, see :func:`visible`: a share of the way, and square pixels."""
_BLACK: Final = np.float32(1e-3)
"""Light added to both of a quotient: in black there is nothing to compare."""
_PATCH: Final = 16
"""Side of the patches of a locked-off shot, in pixels."""
_LOCKED: Final = 0.3
"""Median length of the motion, in pixels, up to which a camera counts as locked off."""
_STATIC: Final = 2 / 255
"""Largest range of a patch's level, over a shot's plates, in which nothing passes."""


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

    held: float
    """What ``difference`` would be if each frame's light fell on the frame before as well: the plates' own
    difference, as bright as the shot shows it. A light that only follows what it lights has no more."""
    swing: float
    """Of a locked-off shot: the median range of the level of patches that are static in the plates, over
    their mean level. NaN: the camera moves, or nothing is static."""

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
    helds: dict[str, list[float]] = {}
    patches: dict[str, list[Luma]] = {}
    lengths: list[float] = []
    before: Mapping[str, Luma] | None = None
    for frames in shots:
        for name, luma in frames.items():
            levels.setdefault(name, []).append(float(luma.mean(dtype=np.float64)))
            deviations.setdefault(name, []).append(float(luma.std(dtype=np.float64)))
            patches.setdefault(name, []).append(_patches(luma))
        if before is not None:
            flow = flow_between(frames[plate], before[plate])
            seen = visible(flow, flow_between(before[plate], frames[plate]))
            lengths.append(float(np.median(np.linalg.norm(flow, axis=2))))
            moved = warped(before[plate], flow)
            for name, luma in frames.items():
                held = np.abs(luma - _in_light_of(luma, frames[plate], moved))
                helds.setdefault(name, []).append(float(held[seen].mean()) if seen.any() else float("nan"))
                found = warped_difference(before[name], luma, flow, seen)
                differences.setdefault(name, []).append(found)
        before = frames
    locked = bool(lengths) and float(np.median(lengths)) <= _LOCKED
    static = locked & (np.ptp(patches[plate], axis=0) <= _STATIC) if patches else np.zeros(0, bool)
    return {
        name: Steadiness(
            _mean(found),
            float(np.mean(deviations[name])),
            float(np.mean(levels[name])),
            pumping(levels[name]),
            _mean(helds[name]),
            _swing(np.stack(patches[name])[:, static]),
        )
        for name, found in differences.items()
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _in_light_of(result: Luma, plate: Luma, other: Luma) -> Luma:
    """Return another picture of what the plate shows, in the light that the result throws on it."""
    light, own, moved = (decode_display(each) + _BLACK for each in (result, plate, other))
    return encode_display(np.maximum(light / own * moved - _BLACK, 0), high_range=False)


def _patches(luma: Luma) -> Luma:
    height, width = (max(side // _PATCH, 1) for side in luma.shape)
    return np.asarray(cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _swing(levels: NDArray[np.float32]) -> float:
    """Median over patches of (max - min) / mean of their levels, frames×patches."""
    if not levels.size:
        return float("nan")
    return float(np.median(np.ptp(levels, axis=0) / (levels.mean(axis=0) + _BLACK)))


def pumping(levels: Sequence[float]) -> float:
    """Mean change of the level from frame to frame, ``mean |m[t+1] - m[t]| / mean m``."""
    mean = float(np.mean(levels))
    return float(np.abs(np.diff(levels)).mean() / mean) if len(levels) > 1 and mean > 0 else float("nan")
