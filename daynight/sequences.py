"""Which files make a shot, and which frames of it are meant.

``fileseq`` reads names and ranges; this module adds what an artist expects around it: folders searched
through, stills told from shots, gaps noticed, and a refusal where tools disagree about a spelling.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import fileseq
from fileseq.constants import PAD_STYLE_HASH1

from daynight.errors import UsageError

_RANGE: Final = re.compile(r"-?\d+(?:--?\d+(?:x[1-9]\d*)?)?")
_COLON: Final = re.compile(r"(-?\d+)-(-?\d+):(\d+)")
_MOST: Final = 100_000
"""Frames that one range may hold, over an hour of film: more is a slip of the hand."""
_PADDING: Final = re.compile(r"(#+)(\.[^.#]*)$")
_PATTERN: Final = re.compile(r"%0?\d*d|#|@|\$F\d*")


@dataclass(frozen=True)
class Shot:
    """The frames of one image sequence, or one still."""

    name: str
    """Path pattern below ``root``, as in ``sh010/sh010.####.exr``."""
    root: Path
    """Folder that the output tree mirrors."""
    frames: tuple[tuple[int | None, Path], ...]
    """Frame number (``None``: a still) and file, in order of time; only files that are there."""
    missing: tuple[int, ...] = ()
    """Numbers asked for, or lying between others, that have no file."""
    before: tuple[tuple[int | None, Path], ...] = ()
    """Frames that lie before those asked for, in order of time: a step with memory may want them."""

    def path_of(self, number: int) -> Path:
        """Name that the file of a missing frame would have."""

        def padded(found: re.Match[str]) -> str:
            return str(number).zfill(len(found[1])) + found[2]

        return self.root / _PADDING.sub(padded, self.name)


def parse_range(text: str) -> frozenset[int]:
    """Read a frame range: ``1001-1100``, ``1001-1100x2`` (every second), ``1,5,10-20``.

    Raises:
        UsageError: the text is no range, or is one that tools read in different ways.
    """
    colon = _COLON.search(text)
    if colon:
        first, last, step = colon.groups()
        raise UsageError(
            f"--frames {text}",
            f"tools differ on {colon.group()}: every frame from {first} to {last} in the order of a "
            f"{step}-frame interleave (fileseq), or only every {step}. frame (OpenJD)",
            f"write {first}-{last} or {first}-{last}x{step}",
        )
    parts = [part.strip() for part in text.split(",")]
    if not all(_RANGE.fullmatch(part) for part in parts):
        raise UsageError(f"--frames {text}", "is no frame range", "write it like 1001-1100x2 or 1,5,10-20")
    try:
        numbers = frozenset(fileseq.FrameSet(",".join(parts)))
    except fileseq.FileSeqException as error:
        raise UsageError(
            f"--frames {text}", f"is no frame range ({error})", "write it like 1001-1100"
        ) from None
    if len(numbers) > _MOST:
        raise UsageError(f"--frames {text}", f"holds {len(numbers)} frames", f"ask for at most {_MOST}")
    return numbers


def discover(source: Path, extensions: frozenset[str], frames: frozenset[int] | None = None) -> list[Shot]:
    """Find the shots of a folder (with all folders below it), of a pattern, or of one image.

    Numbered files of a folder are one shot, unless more of its numbers are missing than are there: those
    are numbered stills, each its own shot. Hidden files are passed over.

    Args:
        source: a folder, an image, or a pattern such as ``sh010.%04d.exr`` or ``sh010.####.exr``.
        extensions: file name endings that count as plates, in lower case with the dot.
        frames: numbers asked for; ``None`` means all there are.

    Raises:
        UsageError: nothing fits, or a folder can't be read.
    """
    if source.is_dir():
        root = source.resolve()
        shots = [shot for folder in _folders(root) for shot in _shots_in(folder, root, extensions)]
        if not shots:
            endings = " ".join(sorted(extensions))
            raise UsageError(source, "holds no images", f"formats that are read: {endings}")
    elif source.is_file():
        root = source.resolve().parent
        shots = [Shot(source.name, root, ((None, source.resolve()),))]
    elif _PATTERN.search(source.name):
        shots = [_shot_of_pattern(source)]
    else:
        raise UsageError(source, "is not there", "give a folder, an image or a pattern like sh010.%04d.exr")
    if frames is None:
        return shots
    numbered = [shot for shot in shots if shot.frames[0][0] is not None]
    chosen = [_only(shot, frames, beyond=len(numbered) == 1) for shot in numbered]
    if not any(shot.frames for shot in chosen):
        raise UsageError(source, "has none of the frames asked for", f"its shots: {_listing(shots)}")
    return [shot for shot in chosen if shot.frames]


def _folders(root: Path) -> Iterator[Path]:
    """Go through a folder and those below it in a steady order; hidden ones are passed over."""

    def refuse(error: OSError) -> None:
        raise UsageError(error.filename, f"can't be read ({error.strerror})", "check its rights")

    for folder, below, _ in os.walk(root, onerror=refuse):
        below[:] = sorted(name for name in below if not name.startswith("."))
        yield Path(folder)


def _shots_in(folder: Path, root: Path, extensions: frozenset[str]) -> list[Shot]:
    """Sort one folder's images into shots and stills."""
    names = sorted(
        entry.name
        for entry in os.scandir(folder)
        if Path(entry.name).suffix.lower() in extensions
        and not entry.name.startswith(".")
        and entry.is_file()
    )
    found = fileseq.FileSequence.findSequencesInList(names, pad_style=PAD_STYLE_HASH1)
    shots: list[Shot] = []
    for sequence in sorted(found, key=str):
        numbers = _numbers(sequence)
        if len(numbers) > 1 and _has_most(numbers):
            shots.append(_shot(sequence, numbers, folder, root))
        else:
            shots += [_still(folder / name, root) for name in _names(sequence, numbers)]
    return shots


def _shot_of_pattern(pattern: Path) -> Shot:
    """Find the files of a pattern."""
    folder = pattern.resolve().parent
    try:
        sequence = fileseq.FileSequence.findSequenceOnDisk(
            str(folder / pattern.name), pad_style=PAD_STYLE_HASH1
        )
    except fileseq.FileSeqException:
        raise UsageError(pattern, "matches no file", "check the folder and the padding") from None
    return _shot(sequence, _numbers(sequence), folder, folder)


def _shot(sequence: fileseq.FileSequence, numbers: list[int], folder: Path, root: Path) -> Shot:
    pattern = f"{sequence.basename()}{sequence.padding()}{sequence.extension()}"
    frames = tuple((number, folder / Path(sequence.frame(number)).name) for number in numbers)
    absent = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    return Shot(str((folder / pattern).relative_to(root)), root, frames, tuple(absent))


def _still(path: Path, root: Path) -> Shot:
    return Shot(str(path.relative_to(root)), root, ((None, path),))


def _only(shot: Shot, wanted: frozenset[int], *, beyond: bool) -> Shot:
    """Keep the frames asked for; those that have no file are missing.

    A range given for many shots can't be meant to lie in all of them: then a number beyond a shot's first
    or last frame is not missing there (``beyond`` is false).
    """
    there = {number: path for number, path in shot.frames if number is not None}
    numbers = sorted(wanted & there.keys())
    first, last = min(there), max(there)
    missing = tuple(sorted(n for n in wanted - there.keys() if beyond or first <= n <= last))
    before = tuple((n, there[n]) for n in sorted(there) if numbers and n < numbers[0])
    return Shot(shot.name, shot.root, tuple((n, there[n]) for n in numbers), missing, before)


def _numbers(sequence: fileseq.FileSequence) -> list[int]:
    frame_set = sequence.frameSet()
    return sorted(int(number) for number in frame_set) if frame_set else []


def _names(sequence: fileseq.FileSequence, numbers: Sequence[int]) -> list[str]:
    return [Path(sequence.frame(number)).name for number in numbers] if numbers else [str(sequence)]


def _has_most(numbers: Sequence[int]) -> bool:
    return len(numbers) * 2 >= numbers[-1] - numbers[0] + 1


def _listing(shots: Sequence[Shot]) -> str:
    """Name a few shots with their first and last frame."""
    named = [
        f"{shot.name} {shot.frames[0][0]}-{shot.frames[-1][0]}"
        for shot in shots
        if shot.frames[0][0] is not None
    ]
    return ", ".join(named[:3]) + ("…" if len(named) > 3 else "") if named else "stills only"
