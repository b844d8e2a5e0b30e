"""Image sequences: which files make a shot, and which of its frames are requested.

``fileseq`` parses names and ranges. This module adds recursive search, tells stills from shots, finds gaps,
and refuses ranges that tools read differently.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import fileseq
from fileseq.constants import PAD_STYLE_HASH1

from daynight.errors import UsageError

_RANGE: Final = re.compile(r"-?\d+(?:--?\d+(?:x[1-9]\d*)?)?")
_COLON: Final = re.compile(r"(-?\d+)-(-?\d+):(\d+)")
_MAX_FRAMES: Final = 100_000
"""Frames that one range may hold, over an hour of film: more is a typing error."""
_PADDING: Final = re.compile(r"(#+)(\.[^.#]*)$")
_PATTERN: Final = re.compile(r"%0?\d*d|#|@|\$F\d*")


@dataclass(frozen=True)
class Shot:
    """The frames of one image sequence, or one still."""

    name: str
    """Path pattern below ``root``, such as ``sh010/sh010.####.exr``."""
    root: Path
    """Folder that the output tree mirrors."""
    frames: tuple[tuple[int | None, Path], ...]
    """Frame number (``None``: a still) and file of every frame that exists, in order of time."""
    requested: tuple[int | None, ...]
    """Frame numbers to convert, in order of time; some may have no file."""

    @property
    def missing(self) -> tuple[int, ...]:
        """Requested frame numbers that have no file."""
        existing = {number for number, _ in self.frames}
        return tuple(number for number in self.requested if number is not None and number not in existing)

    @property
    def gaps(self) -> tuple[int, ...]:
        """Frame numbers between the first and the last that have no file, requested or not."""
        numbers = [number for number, _ in self.frames if number is not None]
        return tuple(sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))) if numbers else ()

    def path_of(self, number: int) -> Path:
        """Return the path that the file of a missing frame would have."""

        def padded(found: re.Match[str]) -> str:
            return str(number).zfill(len(found[1])) + found[2]

        return self.root / _PADDING.sub(padded, self.name)


def format_ranges(numbers: Collection[int]) -> str:
    """Return frame numbers as ranges, in order: ``100-998, 1003``."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def parse_range(text: str) -> frozenset[int]:
    """Parse a frame range: ``1001-1100``, ``1001-1100x2`` (every second), ``1,5,10-20``.

    Raises:
        UsageError: the text is not a frame range, or is one that tools read differently.
    """
    colon = _COLON.search(text)
    if colon:
        first, last, step = colon.groups()
        raise UsageError(
            f"`frames={text}`",
            f"tools differ on {colon.group()}: every frame from {first} to {last} in the order of a "
            f"{step}-frame interleave (fileseq), or only every {step}. frame (OpenJD)",
            f"write {first}-{last} or {first}-{last}x{step}",
        )
    parts = [part.strip() for part in text.split(",")]
    if not all(_RANGE.fullmatch(part) for part in parts):
        raise UsageError(f"`frames={text}`", "is not a frame range", "write it like 1001-1100x2 or 1,5,10-20")
    try:
        numbers = frozenset(fileseq.FrameSet(",".join(parts)))
    except fileseq.FileSeqException as error:
        raise UsageError(
            f"`frames={text}`", f"is not a frame range ({error})", "write it like 1001-1100"
        ) from None
    if len(numbers) > _MAX_FRAMES:
        raise UsageError(f"`frames={text}`", f"holds {len(numbers)} frames", f"ask for at most {_MAX_FRAMES}")
    return numbers


def discover(
    source: Path,
    extensions: frozenset[str],
    *,
    leave_out: Collection[Path] = (),
    on_fault: Callable[[UsageError], None] | None = None,
) -> list[Shot]:
    """Find the shots of a folder and all folders below it, of a pattern, or of one image.

    Numbered files in a folder are one shot, unless more of the numbers are missing than exist: then they are
    numbered stills, each a shot of its own. Hidden files are skipped; links to folders are followed.

    Args:
        source: a folder, an image, or a pattern such as ``sh010.%04d.exr`` or ``sh010.####.exr``.
        extensions: file name extensions of plates, in lower case with the dot.
        leave_out: folders not to search.
        on_fault: called for each subfolder that can't be read; ``None``: the fault is raised.

    Raises:
        UsageError: nothing matches, or a folder can't be read.
    """
    path = Path(os.path.abspath(source))  # not resolve(): a link's results go beside the link
    try:
        if path.is_dir():
            return _shots_below(path, source, extensions, leave_out, on_fault)
        if path.is_file():
            return [Shot(path.name, path.parent, ((None, path),), (None,))]
    except PermissionError as error:
        raise UsageError(source, "can't be read (Permission denied)", "check its permissions") from error
    if _PATTERN.search(source.name):
        return [_shot_of_pattern(path, source)]
    raise UsageError(source, "is not there", "give a folder, an image or a pattern like sh010.%04d.exr")


def select(shots: Sequence[Shot], frames: frozenset[int], source: Path) -> list[Shot]:
    """Return the shots with only these frames requested; stills have no numbers and are left out.

    For one shot every number of the range is requested. For several, a number before the first or after the
    last frame of a shot is not: one range can hardly lie within all of them.

    Raises:
        UsageError: no shot has any of the frames.
    """
    numbered = [shot for shot in shots if shot.frames[0][0] is not None]
    beyond = len(numbered) == 1
    chosen = []
    for shot in numbered:
        numbers = [number for number, _ in shot.frames if number is not None]
        inside = {number for number in frames if numbers[0] <= number <= numbers[-1]}
        if inside:
            requested = tuple(sorted(frames if beyond else inside))
            chosen.append(Shot(shot.name, shot.root, shot.frames, requested))
    if not chosen:
        raise UsageError(source, "has none of the requested frames", f"its shots: {_listing(shots)}")
    return chosen


def _shots_below(
    root: Path,
    source: Path,
    extensions: frozenset[str],
    leave_out: Collection[Path],
    on_fault: Callable[[UsageError], None] | None,
) -> list[Shot]:
    faults: list[UsageError] = []

    def refuse(error: OSError) -> None:
        fault = UsageError(error.filename, f"can't be read ({error.strerror})", "check its permissions")
        if on_fault is None or Path(error.filename) == root:
            raise fault from None
        faults.append(fault)

    folders = _folders(root, {path.resolve() for path in leave_out}, refuse)
    shots = [shot for folder in folders for shot in _shots_in(folder, root, extensions)]
    if not shots:
        endings = " ".join(sorted(extensions))
        raise (faults[0] if faults else UsageError(source, "holds no images", f"supported: {endings}"))
    for fault in faults:
        if on_fault:
            on_fault(fault)
    return shots


def _folders(root: Path, leave_out: Collection[Path], refuse: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield a folder and those below it in a fixed order, each once however many links lead to it."""
    seen: set[Path] = set(leave_out) - {root.resolve()}
    for name, below, _ in os.walk(root, onerror=refuse, followlinks=True):
        folder = Path(name)
        below[:] = sorted(each for each in below if not each.startswith("."))
        if folder.resolve() in seen:
            below.clear()
            continue
        seen.add(folder.resolve())
        yield folder


def _shots_in(folder: Path, root: Path, extensions: frozenset[str]) -> list[Shot]:
    """Sort one folder's images into shots and stills."""
    names = [name for name in _image_names(folder) if Path(name).suffix.lower() in extensions]
    shots: list[Shot] = []
    for sequence in _sequences(names):
        numbers = _numbers(sequence)
        if len(numbers) > 1 and _has_most(numbers):
            shots.append(_shot(sequence, numbers, folder, root))
        else:
            stills = [folder / name for name in _names(sequence, numbers)]
            shots += [Shot(str(path.relative_to(root)), root, ((None, path),), (None,)) for path in stills]
    return shots


def _image_names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file())


def _sequences(names: Sequence[str]) -> list[fileseq.FileSequence]:
    found = fileseq.FileSequence.findSequencesInList(names, pad_style=PAD_STYLE_HASH1)
    return sorted(found, key=str)


def _shot_of_pattern(path: Path, source: Path) -> Shot:
    """Return the shot of a pattern: the files of its folder that differ from it only in the number."""
    if not path.parent.is_dir():
        raise UsageError(source, "matches no file", "its folder is not there")
    # Only the file name is a pattern: a folder's name may hold the same characters.
    pattern = fileseq.FileSequence(path.name, pad_style=PAD_STYLE_HASH1)
    alike = [
        sequence
        for sequence in _sequences(_image_names(path.parent))
        if (sequence.basename(), sequence.extension()) == (pattern.basename(), pattern.extension())
        and _numbers(sequence)
    ]
    # A single # matches any padding, as is common.
    matching = [sequence for sequence in alike if pattern.zfill() in (1, sequence.zfill())]
    if not matching:
        padded = (
            f"there is {alike[0].basename()}{alike[0].padding()}{alike[0].extension()}"
            if alike
            else "check it"
        )
        raise UsageError(source, "matches no file", padded)
    shot = _shot(matching[0], _numbers(matching[0]), path.parent, path.parent)
    requested = frozenset(_numbers(pattern))
    return select([shot], requested, source)[0] if requested else shot


def _shot(sequence: fileseq.FileSequence, numbers: list[int], folder: Path, root: Path) -> Shot:
    pattern = f"{sequence.basename()}{sequence.padding()}{sequence.extension()}"
    frames = tuple(
        (number, folder / name) for number, name in zip(numbers, _names(sequence, numbers), strict=True)
    )
    every = tuple(range(numbers[0], numbers[-1] + 1))
    return Shot(str((folder / pattern).relative_to(root)), root, frames, every)


def _numbers(sequence: fileseq.FileSequence) -> list[int]:
    frame_set = sequence.frameSet()
    return sorted(int(number) for number in frame_set) if frame_set else []


def _names(sequence: fileseq.FileSequence, numbers: Sequence[int]) -> list[str]:
    return [Path(sequence.frame(number)).name for number in numbers] if numbers else [str(sequence)]


def _has_most(numbers: Sequence[int]) -> bool:
    return len(numbers) * 2 >= numbers[-1] - numbers[0] + 1


def _listing(shots: Sequence[Shot]) -> str:
    """Return the names of a few shots, with their first and last frames."""
    named = [
        f"{shot.name} {shot.frames[0][0]}-{shot.frames[-1][0]}"
        for shot in shots
        if shot.frames[0][0] is not None
    ]
    return ", ".join(named[:3]) + ("…" if len(named) > 3 else "") if named else "stills only"
