"""Pairs: photographs of one view by day and by night, found by the edges that they share."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.errors import DaynightError, UsageError
from daynight.frames.resize import scaled
from daynight.plates import written_whole
from daynight.plates.photographs import (
    Photograph,
    each_of,
    find_photographs,
    nothing_readable,
    open_spaces,
    read_picture,
)

_SIZE: Final = (144, 192)
"""Height and width at which edges are compared."""
_NUMBER_AND_ENDING: Final = re.compile(r"[._-]?\d*\.[^./]+$")

Edges = NDArray[np.float32]


@dataclass(frozen=True)
class FoundPair:
    """A day and a night photograph that show the same view."""

    day: str
    night: str
    """Their names below their folders."""
    correlation: float
    """Of their edges, in [-1, 1]."""


def find_pairs(
    day: Path,
    night: Path,
    *,
    least: float = 0.33,
    jobs: int | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> list[FoundPair]:
    """Find the pairs of two folders, among photographs of one source (``SOURCE_0001.jpg``) and one size.

    A fixed camera sees the same edges by day and by night, if not with the same strength. Two views share
    some too, so photographs are compared within a source only.

    Args:
        day: folder of day photographs, searched through.
        night: folder of night photographs.
        least: correlation of the edges from which two are a pair.
        jobs: files to decode at a time; ``None``: one for each CPU core.
        warn: called with one line for each file that can't be read.

    Raises:
        UsageError: a folder is missing, or holds no photograph.
    """
    days, nights = (_edges_of(folder, jobs, warn) for folder in (day, night))
    pairs = []
    for key, by_day in days.items():
        for name, edges in by_day:
            for other, theirs in nights.get(key, ()):
                correlation = float(edges @ theirs)
                if correlation >= least:
                    pairs.append(FoundPair(name, other, correlation))
    return sorted(pairs, key=lambda pair: (pair.day, pair.night))


def write_pairs(pairs: Sequence[FoundPair], table: Path) -> None:
    """Write pairs as a CSV with the columns ``day``, ``night`` and ``correlation``, as training reads it.

    Raises:
        OSError: it can't be written.
    """
    with (
        written_whole(table) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(("day", "night", "correlation"))
        rows.writerows((pair.day, pair.night, f"{pair.correlation:.3f}") for pair in pairs)


def _edges_of(
    folder: Path, jobs: int | None, warn: Callable[[str], None]
) -> dict[tuple[str, tuple[int, ...]], list[tuple[str, Edges]]]:
    """Return the edges of a folder's photographs, with their names, by source and size."""
    if not folder.is_dir():
        raise UsageError(folder, "is not a folder", "give a folder of photographs")
    found = find_photographs(folder)
    if not found:
        raise nothing_readable(folder)
    spaces = open_spaces(warn)

    def work(photograph: Photograph) -> tuple[tuple[int, ...], Edges]:
        pixels = read_picture(photograph.path, spaces).pixels
        return pixels.shape[:2], _edges(pixels)

    by_view = defaultdict(list)
    for photograph, result in each_of(found, work, jobs, lambda *_: None):
        if isinstance(result, DaynightError):
            warn(f"{result}; it is left out")
        else:
            size, edges = result
            by_view[_NUMBER_AND_ENDING.sub("", photograph.name), size].append((photograph.name, edges))
    return dict(by_view)


def _edges(picture: NDArray[np.float32]) -> Edges:
    """Return the edges of a picture's log luma, small, as a vector of length 1 and mean 0."""
    luma = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
    stops = np.log2(luma + np.float32(0.03))
    edges = np.hypot(cv2.Sobel(stops, cv2.CV_32F, 1, 0), cv2.Sobel(stops, cv2.CV_32F, 0, 1))
    small = scaled(edges, *_SIZE).ravel()
    small = np.minimum(small, np.percentile(small, 99))  # a lamp's rim must not be all there is
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)
