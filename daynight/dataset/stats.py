"""Statistics of a set of photographs: sizes, formats, brightness, near-duplicates, sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from daynight.dataset.brightness import DIGITS, hsp
from daynight.errors import DaynightError
from daynight.plates.photographs import (
    Observer,
    Photograph,
    Warn,
    each_of,
    find_photographs,
    open_spaces,
    read_picture,
)

_HASH_SIDE: Final = 8
_FLAT: Final = 1e-5
"""Largest difference due to rounding: a picture of one colour has no bit in its mean hash."""
_QUANTILES: Final = {
    "min": 0.0,
    "5 %": 0.05,
    "25 %": 0.25,
    "median": 0.5,
    "75 %": 0.75,
    "95 %": 0.95,
    "max": 1.0,
}


@dataclass(frozen=True)
class Stats:
    """Statistics of a folder of photographs."""

    folder: Path
    images: int
    """Images that can be read."""
    widths: tuple[int, ...]
    """Of each image, in pixels, upright (the file's orientation is applied)."""
    heights: tuple[int, ...]
    formats: Mapping[str, int]
    """Images by format and pixel type."""
    brightness: Mapping[str, float]
    """Quantiles of the mean of L (P0) in [0, 1], not normalised."""
    near_duplicates: int
    """Images with the mean hash of an earlier image: 64 bits, one for each cell of an 8×8 grid that is
    brighter than the mean. Different views of one place may share it too."""
    sources: Mapping[str, int]
    """Images by the part of their name before the last ``_``; names without one count under ``""``."""
    unread: tuple[DaynightError, ...]
    """Why files could not be read."""


@dataclass(frozen=True)
class Measured:
    """What is measured of one photograph."""

    brightness: float
    width: int
    height: int
    format: str
    """Of its file, with the pixel type."""
    bits: bytes
    """Its mean hash."""


def measure(
    folder: Path, *, jobs: int | None = None, observe: Observer = lambda *_: None, warn: Warn = lambda _: None
) -> Stats:
    """Measure a folder of photographs: sizes, formats, brightness, near-duplicates, sources.

    Args:
        folder: searched recursively.
        jobs: files to read at a time; ``None``: one for each CPU core.
        observe: called after each file.
        warn: called with each warning.

    Raises:
        UsageError: the folder does not exist, or holds no images.
    """
    photographs = find_photographs(folder)
    measured, unread = measure_all(photographs, jobs, observe, warn)
    values = [each.brightness for each in measured.values()]
    names = [Path(photograph.name).stem for photograph in measured]
    return Stats(
        folder=folder,
        images=len(measured),
        widths=tuple(each.width for each in measured.values()),
        heights=tuple(each.height for each in measured.values()),
        formats=_counted(each.format for each in measured.values()),
        brightness={
            name: round(float(np.quantile(values, part)), DIGITS)
            for name, part in _QUANTILES.items()
            if values
        },
        near_duplicates=len(measured) - len({each.bits for each in measured.values()}),
        sources=_counted(name.rpartition("_")[0] for name in names),
        unread=unread,
    )


def measure_all(
    photographs: Sequence[Photograph], jobs: int | None, observe: Observer, warn: Warn
) -> tuple[dict[Photograph, Measured], tuple[DaynightError, ...]]:
    """Measure photographs; return the measured ones, and why others could not be read."""
    spaces = open_spaces(warn)

    def work(photograph: Photograph) -> Measured:
        picture = read_picture(photograph.path, spaces)
        brightness = hsp(picture.pixels)
        # By area in pictures of less than 8 pixels a side too, where frames.resize would interpolate.
        small = cv2.resize(brightness, (_HASH_SIDE, _HASH_SIDE), interpolation=cv2.INTER_AREA)
        bits = np.packbits(small - small.mean() > _FLAT).tobytes()
        height, width = brightness.shape
        return Measured(float(brightness.mean(dtype=np.float64)), width, height, picture.file_type, bits)

    measured: dict[Photograph, Measured] = {}
    unread: list[DaynightError] = []
    for photograph, result in each_of(photographs, work, jobs, observe):
        if isinstance(result, DaynightError):
            unread.append(result)
        else:
            measured[photograph] = result
    return measured, tuple(unread)


def _counted(names: Iterable[str]) -> dict[str, int]:
    """Count names, the most frequent first."""
    return dict(sorted(Counter(names).items(), key=lambda each: (-each[1], each[0])))
