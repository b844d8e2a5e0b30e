"""Photographs cropped to one shape and scaled to one size, as P0 trains on them."""

from __future__ import annotations

import math
import os
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np

from daynight.colour.names import SRGB
from daynight.colour.spaces import ColourSpaces
from daynight.dataset.output import require_apart, require_free
from daynight.errors import DaynightError, UsageError, nearest
from daynight.frames.frame import Frame, Pixels
from daynight.frames.resize import scaled
from daynight.plates import WRITABLE, WriteOptions, check_options, output_spec, write_frame
from daynight.plates.photographs import (
    Observer,
    Photograph,
    Warn,
    each_of,
    find_photographs,
    open_spaces,
    read_picture,
)

CropMode = Literal["centre", "random"]
_SMALLEST_PART: Final = 0.5
"""Smallest side of a random crop, relative to the largest that fits."""


@dataclass(frozen=True)
class CropOptions:
    """How to crop photographs."""

    size: int = 256
    """Short side of the crops, in pixels."""
    aspect: tuple[float, float] = (1, 1)
    """Width and height, in any unit."""
    mode: CropMode = "centre"
    """``centre``: the largest part of that shape, from the middle. ``random``: at a random position, and half
    as large to as large, but no smaller than the crop."""
    count: int = 1
    """Crops of each photograph; more than one with ``random`` only."""
    seed: int = 0
    """Of the random positions: a photograph's crops depend on it and on the photograph's name only."""
    ext: str = "png"
    """Extension of a format that holds 8 bits."""
    allow_upscale: bool = False
    """Whether photographs that are too small are enlarged, instead of being left out."""
    overwrite: bool = False
    """Whether to write into a folder that holds files."""

    def check(self) -> None:
        """Check what needs no photograph.

        Raises:
            UsageError: an option does not exist, or does not fit another.
        """
        if self.mode not in get_args(CropMode):
            known = ", ".join(get_args(CropMode))
            raise UsageError(f"`mode={self.mode}`", "is unknown", f"known: {known}")
        if f".{self.ext}" not in WRITABLE:
            remedy = nearest(self.ext, (each[1:] for each in WRITABLE))
            raise UsageError(f"`ext={self.ext}`", "can't be written", remedy)
        check_options(f".{self.ext}", WriteOptions(depth="8"))
        if self.count > 1 and self.mode == "centre":
            raise UsageError(f"`count={self.count}`", "asks for the same crop again", "add `mode=random`")


@dataclass(frozen=True)
class Cropped:
    """What was cropped."""

    written: int
    """Files."""
    small: tuple[str, ...]
    """Photographs left out because they would have had to be enlarged, one line each."""
    failed: tuple[DaynightError, ...]
    """Why photographs could not be read, or their crops not be written."""


def crop(
    source: Path,
    out: Path,
    options: CropOptions = CropOptions(),
    *,
    jobs: int | None = None,
    observe: Observer = lambda *_: None,
    warn: Warn = lambda _: None,
) -> Cropped:
    """Crop a folder's photographs to one shape and scale them to one size, 8 bits, sRGB (P0: 1:1, 256x256).

    Subfolders of ``source`` are kept. A crop is ``NAME.png``; of several, ``NAME-1.png`` and so on.

    Args:
        source: folder, searched recursively; nothing is written into it.
        out: folder for the crops.
        options: how to crop.
        jobs: files to process at a time; ``None``: one for each CPU core.
        observe: called after each file.
        warn: called with each warning.

    Raises:
        UsageError: options or folders don't fit; nothing was written. Or no crop could be made.
    """
    options.check()
    photographs = find_photographs(source)
    require_apart(source, out, photographs)
    require_free(out, set(), overwrite=options.overwrite)
    targets = _targets(photographs, out, options.ext, options.count)
    spaces = open_spaces(warn)

    def work(photograph: Photograph) -> str | None:
        pixels = read_picture(photograph.path, spaces).pixels
        return _crop_photograph(photograph, pixels, targets[photograph], options, spaces)

    done = list(each_of(photographs, work, jobs, observe))
    small = tuple(result for _, result in done if isinstance(result, str))
    failed = tuple(result for _, result in done if isinstance(result, DaynightError))
    written = sum(len(targets[photograph]) for photograph, result in done if result is None)
    if not written:
        first = failed[0] if failed else small[0]
        raise UsageError(source, f"gives no crop ({first})", "use larger photographs, or set `allow_upscale`")
    return Cropped(written, small, failed)


def _crop_photograph(
    photograph: Photograph,
    pixels: Pixels,
    targets: Sequence[Path],
    options: CropOptions,
    spaces: ColourSpaces,
) -> str | None:
    """Write a photograph's crops; return a line where it is too small instead."""
    height, width = pixels.shape[:2]
    target_size = _crop_size(options.size, options.aspect)
    largest = _largest_part(width, height, options.aspect)
    if not options.allow_upscale and not (largest[0] >= target_size[0] and largest[1] >= target_size[1]):
        return f"{photograph.name}: {width}x{height} pixels would have to be enlarged; it is left out"
    seeds = [options.seed, zlib.crc32(os.fsencode(photograph.name))]
    rng = np.random.default_rng(seeds) if options.mode == "random" else None
    for target in targets:
        x, y, wide, high = _part(width, height, largest, target_size, rng)
        part = np.ascontiguousarray(pixels[y : y + high, x : x + wide])
        _write_crop(scaled(part, *target_size[::-1]), target, spaces)
    return None


def _targets(
    photographs: Sequence[Photograph], out: Path, ext: str, count: int
) -> dict[Photograph, list[Path]]:
    """Return the files of each photograph's crops; the name keeps an extension that alone tells two apart.

    Raises:
        UsageError: two would still have the same name.
    """
    stems = Counter(_stem(photograph.name).casefold() for photograph in photographs)
    targets: dict[Photograph, list[Path]] = {}
    taken: dict[str, str] = {}
    for photograph in photographs:
        stem = _stem(photograph.name)
        stem = stem if stems[stem.casefold()] == 1 else photograph.name
        names = [f"{stem}.{ext}"] if count == 1 else [f"{stem}-{each}.{ext}" for each in range(1, count + 1)]
        for name in names:
            other = taken.setdefault(name.casefold(), photograph.name)
            if other != photograph.name:
                raise UsageError(
                    out / name, f"would hold both {other} and {photograph.name}", "rename one of them"
                )
        targets[photograph] = [out / name for name in names]
    return targets


def _stem(name: str) -> str:
    return name[: -len(Path(name).suffix)]


def _crop_size(size: int, aspect: tuple[float, float]) -> tuple[int, int]:
    """Width and height of a crop whose short side is ``size``."""
    longer = max(aspect) / min(aspect)
    return (round(size * longer), size) if aspect[0] >= aspect[1] else (size, round(size * longer))


def _largest_part(width: int, height: int, aspect: tuple[float, float]) -> tuple[int, int]:
    """Width and height of the largest part of a picture that has this aspect."""
    shape = aspect[0] / aspect[1]
    return min(width, max(round(height * shape), 1)), min(height, max(round(width / shape), 1))


def _part(
    width: int,
    height: int,
    largest: tuple[int, int],
    target: tuple[int, int],
    rng: np.random.Generator | None,
) -> tuple[int, int, int, int]:
    """Return x, y, width and height of the part to crop to: the middle one, unless there is a generator."""
    if rng is None:
        wide, high = largest
        return (width - wide) // 2, (height - high) // 2, wide, high
    least = min(max(_SMALLEST_PART, target[0] / largest[0], target[1] / largest[1]), 1.0)
    scale = rng.uniform(least, 1.0)
    wide, high = (max(math.ceil(side * scale - 1e-6), 1) for side in largest)
    return int(rng.integers(width - wide + 1)), int(rng.integers(height - high + 1)), wide, high


def _write_crop(pixels: Pixels, target: Path, spaces: ColourSpaces) -> None:
    # Rounded to 8 bits already, so that the writer adds no dither.
    levels = np.rint(pixels * np.float32(255)) / np.float32(255)
    frame = Frame(levels[np.newaxis], encoding="display", space=SRGB)
    output = output_spec(frame, target, "8")
    write_frame(frame, output, options=WriteOptions(depth="8"), attributes=spaces.attributes(SRGB, output))
