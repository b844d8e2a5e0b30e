"""Photographs and plates as pictures: found in folders, upright, in sRGB, read on several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from daynight.colour.spaces import ColourSpaces
from daynight.errors import DaynightError, UsageError
from daynight.frames.frame import Pixels
from daynight.plates import EXTENSIONS, read_frame
from daynight.plates.sequences import discover
from daynight.plates.threads import processors

Observer = Callable[[int, int], None]
"""Called after each file with the number of files done and of all files."""
Warn = Callable[[str], None]

T = TypeVar("T")


@dataclass(frozen=True)
class Photograph:
    """One image file of a folder."""

    path: Path
    name: str
    """Its path below the folder, with forward slashes."""


@dataclass(frozen=True)
class Picture:
    """A photograph as it is seen."""

    pixels: Pixels
    """H×W×3, display-encoded (sRGB), in [0, 1]."""
    file_type: str
    """Format and pixel type of its file, such as ``jpeg uint8``."""
    turned: bool
    """Whether its orientation in the file is another."""


def find_photographs(folder: Path) -> list[Photograph]:
    """Return the images in a folder and all folders below it, sorted by path."""
    if not folder.is_dir():
        fault = "is not a folder" if folder.exists() else "is not there"
        raise UsageError(folder, fault, "give a folder of photographs")
    found = {path: shot.root for shot in discover(folder, EXTENSIONS) for _, path in shot.frames}
    return [Photograph(path, path.relative_to(found[path]).as_posix()) for path in sorted(found)]


def nothing_readable(source: Path) -> UsageError:
    """Return the error for a folder without a readable photograph."""
    return UsageError(source, "holds no image that can be read", "give a folder of photographs")


def open_spaces(warn: Warn) -> ColourSpaces:
    """Return the color spaces that bring plates to sRGB; each unknown profile is warned of once."""
    seen: set[str] = set()

    def once(message: str) -> None:
        if message not in seen:
            seen.add(message)
            remedy = "integers are taken for sRGB, floats for linear light"
            warn(message.replace("set `colorspace`", remedy))

    return ColourSpaces(warn=once)


def read_picture(path: Path, spaces: ColourSpaces) -> Picture:
    """Read a photograph or plate as a display shows it: upright, values above white clipped.

    Raises:
        PlateError: it can't be read.
    """
    frame = read_frame(path)
    assert frame.file is not None
    orientation = frame.metadata.get("Orientation", 1)
    pixels = _upright(spaces.displayed(frame), orientation)
    return Picture(pixels, f"{frame.file.format} {frame.file.pixel_type}", turned=orientation in range(2, 9))


def _upright(pixels: Pixels, orientation: object) -> Pixels:
    """Return a picture turned by its file's orientation (EXIF: 1 to 8)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def each_of(
    photographs: Sequence[Photograph], work: Callable[[Photograph], T], jobs: int | None, observe: Observer
) -> Iterator[tuple[Photograph, T | DaynightError]]:
    """Yield each photograph with the result of ``work``, or with its error, in order; on several threads."""

    def safely(photograph: Photograph) -> T | DaynightError:
        try:
            return work(photograph)
        except DaynightError as error:
            return error

    pool = ThreadPoolExecutor(jobs or processors())
    try:
        results = zip(photographs, pool.map(safely, photographs), strict=True)
        for done, result in enumerate(results, 1):
            yield result
            observe(done, len(photographs))
    finally:
        pool.shutdown(cancel_futures=True)
