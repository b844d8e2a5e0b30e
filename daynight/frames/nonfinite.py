"""NaN and infinite values in a plate: counted, then kept, zeroed or refused."""

from __future__ import annotations

import dataclasses

import numpy as np

from daynight.errors import PlateError
from daynight.frames.frame import Frame
from daynight.job import NonFinite


def handle_nonfinite(plate: Frame, rule: NonFinite) -> Frame:
    """Count the pixels of a plate that hold NaN or infinity in picture or alpha, and apply the rule.

    Args:
        plate: as read.
        rule: ``keep``: such values are kept; ``zero``: each becomes 0; ``error``: the frame fails.

    Returns:
        The plate, with the count as its ``nonfinite``.

    Raises:
        PlateError: there are such pixels, and the rule is ``error``.
    """
    if np.isfinite(plate.pixels).all() and (plate.alpha is None or np.isfinite(plate.alpha).all()):
        return plate
    bad = ~np.isfinite(plate.image).all(axis=2)
    if plate.alpha is not None:
        bad |= ~np.isfinite(plate.alpha)
    count = int(bad.sum())
    if rule == "error":
        raise PlateError(
            plate.source or "frame",
            f"{count} pixels hold NaN or infinity",
            "fix the render, or set `nonfinite` to keep or zero",
        )
    plate = dataclasses.replace(plate, nonfinite=count)
    if rule == "keep":
        return plate
    pixels = np.nan_to_num(plate.pixels, nan=0.0, posinf=0.0, neginf=0.0)
    if plate.alpha is None:
        return plate.with_pixels(pixels)
    return plate.with_pixels(pixels, alpha=np.nan_to_num(plate.alpha, nan=0.0, posinf=0.0, neginf=0.0))
