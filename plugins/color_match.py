"""Match colours to a reference picture or to the plate."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from daynight import Frame, hookimpl
from daynight.colour.encoding import shown, with_shown
from daynight.errors import ChainError, PlateError
from daynight.frames.frame import Pixels
from daynight.plugin.step import Step, StepContext, StepOptions

_BINS = 1024
"""Bins of a histogram: fine enough for 10-bit plates."""


class ColorMatchOptions(StepOptions):
    """Options of ``color_match``."""

    reference: str = Field(
        "plate", description="an image file, or 'plate': the frame as it entered the chain"
    )
    method: Literal["reinhard", "histogram"] = Field(
        "reinhard",
        description="reinhard: mean and deviation in CIE Lab; histogram: each channel's distribution",
    )
    strength: float = Field(1.0, ge=0, le=1, description="0 changes nothing, 1 matches fully")


class ColorMatch(Step):
    """Match colours to a reference image or to the plate, as a display shows them."""

    name = "color_match"
    Options = ColorMatchOptions
    options: ColorMatchOptions

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        super().__init__(options, context)
        self._reference: Pixels | None = None
        if self.options.reference != "plate":
            self._reference = _read(Path(self.options.reference), context)

    def apply(self, frame: Frame) -> Frame:
        """Return the matched frame."""
        reference = self._reference
        if reference is None:
            if frame.plate is None:
                return frame
            reference = shown(frame.plate)[0]
        match = _reinhard if self.options.method == "reinhard" else _histogram
        picture = shown(frame)[0]
        matched = match(picture, reference)
        strength = np.float32(self.options.strength)
        if strength != 1:
            matched *= strength
            matched += picture * (1 - strength)
        return with_shown(frame, matched[np.newaxis])


def _read(path: Path, context: StepContext) -> Pixels:
    try:
        return context.still(path)
    except PlateError as error:
        raise ChainError(f"color_match.reference {path}", error.fault, error.remedy) from None


def _reinhard(picture: Pixels, reference: Pixels) -> Pixels:
    """Set the mean and deviation of each Lab channel to the reference's (Reinhard et al. 2001)."""
    lab, goal = _to_lab(picture), _to_lab(reference)
    # In float32 the mean of a 4K frame's eight million pixels is wrong by several levels.
    mean, deviation = cv2.meanStdDev(lab)
    goal_mean, goal_deviation = cv2.meanStdDev(goal)
    scale = goal_deviation / np.maximum(deviation, 1e-3)
    lab -= mean.ravel().astype(np.float32)
    lab *= scale.ravel().astype(np.float32)
    lab += goal_mean.ravel().astype(np.float32)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float32)


def _to_lab(picture: Pixels) -> Pixels:
    """Convert a picture in [0, 1] to CIE Lab."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2Lab), np.float32)


def _histogram(picture: Pixels, reference: Pixels) -> Pixels:
    """Map each channel to the reference's distribution: x → Q_reference(F_picture(x))."""
    matched = np.empty_like(picture)
    edges = np.linspace(0, 1, _BINS + 1, dtype=np.float32)
    for channel in range(3):
        shares = _cumulative(picture[..., channel])
        goal = _cumulative(reference[..., channel])
        # The reference's quantiles at the picture's shares: where each bin edge goes.
        curve = np.interp(shares, goal, edges)
        matched[..., channel] = np.interp(picture[..., channel], edges, curve)
    return matched


def _cumulative(channel: Pixels) -> NDArray[np.float64]:
    """Return the share of pixels below each bin edge, strictly rising from 0 to 1.

    A thousandth of the pixels is spread over all bins: where a picture has no pixels its distribution
    would be flat, and a flat one has no inverse.
    """
    counts, _ = np.histogram(channel, bins=_BINS, range=(0, 1))
    shares: NDArray[np.float64] = np.concatenate([[0.0], np.cumsum(counts + channel.size / (1000 * _BINS))])
    shares /= shares[-1]
    return shares


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [ColorMatch]
