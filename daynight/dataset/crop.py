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

from daynight.colour.spaces import SRGB, ColourSpaces
from daynight.dataset.places import require_apart, require_free
from daynight.errors import DaynightError, UsageError, nearest
from daynight.frames.frame import Frame, Pixels
from daynight.frames.resize import scaled
from daynight.plates import (
    WRITABLE,
    WriteOptions,
    check_options,
    form_of,
    write_frame,
)
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
"""Least side of a random crop, as a part of the largest that fits."""


@dataclass(frozen=True)
class Cropped:
    """What a run of crops did."""

    written: int
    """Files."""
    small: tuple[str, ...]
    """Photographs passed over because they would have had to be enlarged, one line each."""
    failed: tuple[DaynightError, ...]
    """Of photographs that could not be read, or whose crops could not be written."""


def crop(
    source: Path,
    out: Path,
    *,
    size: int = 256,
    aspect: tuple[float, float] = (1, 1),
    mode: CropMode = "centre",
    count: int = 1,
    seed: int = 0,
    ext: str = "png",
    allow_upscale: bool = False,
    overwrite: bool = False,
    jobs: int | None = None,
    observe: Observer = lambda *_: None,
    warn: Warn = lambda _: None,
) -> Cropped:
    """Crop a folder's photographs to one shape and scale them to one size, 8 bits, sRGB (P0: 1:1, 256x256).

    Folders below ``source`` are kept. A crop is ``NAME.png``; of several, ``NAME-1.png`` and so on.

    Args:
        source: folder, searched through; nothing is written into it.
        out: folder for the crops.
        size: short side of the crops, in pixels.
        aspect: width and height, in any unit.
        mode: ``centre``: the largest part of that shape, from the middle. ``random``: at a random place, and
            half as large to as large, but no smaller than the crop.
        count: crops of each photograph; more than one at random only.
        seed: of chance; with it a photograph's crops depend on its name alone.
        ext: ending of a format that holds 8 bits.
        allow_upscale: enlarge photographs that are too small, instead of passing them over.
        overwrite: write into ``out`` though it holds files.
        jobs: files to do at a time; ``None``: as many as there are processors.
        observe: told how far it is.
        warn: takes warnings, one line each.

    Raises:
        UsageError: something asked for does not fit; nothing was written. Or no crop could be made.
    """
    if mode not in get_args(CropMode):
        raise UsageError(f"mode {mode!r}", "is unknown", f"known: {', '.join(get_args(CropMode))}")
    if f".{ext}" not in WRITABLE:
        raise UsageError(f"--ext {ext}", "can't be written", nearest(ext, (each[1:] for each in WRITABLE)))
    check_options(f".{ext}", WriteOptions(depth="8"))
    if count > 1 and mode == "centre":
        raise UsageError(f"--count {count}", "asks for the same crop again", "add --mode random")
    photographs = find_photographs(source)
    require_apart(source, out, photographs)
    require_free(out, set(), overwrite=overwrite)
    targets = _targets(photographs, out, ext, count)
    spaces = open_spaces(warn)
    target_size = _crop_size(size, aspect)

    def work(photograph: Photograph) -> str | None:
        pixels = read_picture(photograph.path, spaces).pixels
        height, width = pixels.shape[:2]
        largest = _largest_part(width, height, aspect)
        if not allow_upscale and not (largest[0] >= target_size[0] and largest[1] >= target_size[1]):
            return (
                f"{photograph.name}: of {width}x{height} pixels it would have to be enlarged; it is left out"
            )
        chance = np.random.default_rng([seed, zlib.crc32(os.fsencode(photograph.name))])
        for target in targets[photograph]:
            x, y, wide, high = _part(
                width, height, largest, target_size, chance if mode == "random" else None
            )
            part = np.ascontiguousarray(pixels[y : y + high, x : x + wide])
            _write_crop(scaled(part, *target_size[::-1]), target, spaces)
        return None

    done = list(each_of(photographs, work, jobs, observe))
    small = tuple(result for _, result in done if isinstance(result, str))
    failed = tuple(result for _, result in done if isinstance(result, DaynightError))
    written = sum(len(targets[photograph]) for photograph, result in done if result is None)
    if not written:
        first = failed[0] if failed else small[0]
        raise UsageError(source, f"gives no crop ({first})", "give larger photographs, or --allow-upscale")
    return Cropped(written, small, failed)


def _targets(
    photographs: Sequence[Photograph], out: Path, ext: str, count: int
) -> dict[Photograph, list[Path]]:
    """Name each photograph's crops; where two differ in their ending alone, it stays in the name.

    Raises:
        UsageError: two would still have one name.
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
    chance: np.random.Generator | None,
) -> tuple[int, int, int, int]:
    """Return x, y, width and height of the part of a picture to crop to; from the middle without chance."""
    if chance is None:
        wide, high = largest
        return (width - wide) // 2, (height - high) // 2, wide, high
    least = min(max(_SMALLEST_PART, target[0] / largest[0], target[1] / largest[1]), 1.0)
    scale = chance.uniform(least, 1.0)
    wide, high = (max(math.ceil(side * scale - 1e-6), 1) for side in largest)
    return int(chance.integers(width - wide + 1)), int(chance.integers(height - high + 1)), wide, high


def _write_crop(pixels: Pixels, target: Path, spaces: ColourSpaces) -> None:
    # On 8-bit levels already, so that the writer adds no noise against banding.
    levels = np.rint(pixels * np.float32(255)) / np.float32(255)
    frame = Frame(levels[np.newaxis], encoding="display", space=SRGB)
    form = form_of(frame, target, "8")
    write_frame(frame, form, options=WriteOptions(depth="8"), attributes=spaces.tags(SRGB, form))
