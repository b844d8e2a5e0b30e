"""The files of an evaluation: plates, existing results, real photographs, and shots."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from daynight.errors import UsageError
from daynight.evaluation.options import EvaluationOptions
from daynight.plates import EXTENSIONS, display_size
from daynight.plates.photographs import find_photographs
from daynight.plates.sequences import discover

Picture = TypeVar("Picture")


@dataclass(frozen=True)
class Inputs:
    """The files of an evaluation."""

    all_plates: tuple[Path, ...]
    plates: tuple[Path, ...]
    """The plates to measure: those that have a result, at most as many as allowed."""
    converted: dict[Path, Path]
    """The existing result of each plate; empty: plates are to be converted."""
    real: tuple[Path, ...]
    sequences: dict[Path, list[Path]]

    @classmethod
    def find(cls, options: EvaluationOptions) -> Inputs:
        """Find all files that the options name.

        Raises:
            UsageError: a folder is missing, is empty, or does not fit.
        """
        plates = find_pictures(options.plates)
        converted = match_results(plates, options.plates, options.converted) if options.converted else {}
        return cls(
            all_plates=tuple(plates),
            plates=tuple(limited(list(converted) or plates, options.limit)),
            converted=converted,
            real=tuple(limited(find_pictures(options.real), options.limit)) if options.real else (),
            sequences=find_sequences(options.sequences) if options.sequences else {},
        )


def find_pictures(folder: Path) -> list[Path]:
    """List the pictures in a folder and its subfolders, by name.

    Raises:
        UsageError: there are none, or part of the folder can't be read.
    """
    return [photograph.path for photograph in find_photographs(folder)]


def find_sequences(folder: Path) -> dict[Path, list[Path]]:
    """List a folder's sequences: shots, by their patterns, and the stills of one folder, by the folder.

    Raises:
        UsageError: there are none, or the frames of one differ in size.
    """
    sequences: dict[Path, list[Path]] = {}
    for shot in discover(folder, EXTENSIONS):
        for number, path in shot.frames:
            sequences.setdefault(path.parent if number is None else shot.root / shot.name, []).append(path)
    sequences = {shot: frames for shot, frames in sequences.items() if len(frames) > 1}
    if not sequences:
        raise UsageError(folder, "holds no sequence", "give a folder of shots, each in a folder of its own")
    for frames in sequences.values():
        size = display_size(frames[0])
        for frame in frames:
            if display_size(frame) != size:
                fault = f"differs in size from {frames[0].name}, so flicker can't be measured"
                raise UsageError(frame, fault, "give each sequence a folder of its own")
    return sequences


def limited(pictures: Sequence[Picture], limit: int | None) -> list[Picture]:
    """Return at most ``limit`` pictures, spread evenly."""
    if limit is None or limit >= len(pictures):
        return list(pictures)
    return [pictures[index * len(pictures) // limit] for index in range(limit)]


def absolute(path: Path) -> Path:
    """Return an absolute path with links kept, as conversions report it."""
    return Path(os.path.abspath(path))


def match_results(plates: Sequence[Path], folder: Path, converted: Path) -> dict[Path, Path]:
    """Match each plate to the existing result of the same name in the same subfolder.

    Raises:
        UsageError: no plate has a result, or a match is ambiguous.
    """
    results: dict[Path, list[Path]] = {}
    for path in find_pictures(converted):
        results.setdefault(path.relative_to(absolute(converted)).with_suffix(""), []).append(path)
    owners: dict[Path, Path] = {}
    for plate in plates:
        candidates = results.get(plate.relative_to(absolute(folder)).with_suffix(""), [])
        # Of a.png and a.tif, the one in the plate's own format is meant.
        matches = [path for path in candidates if path.suffix == plate.suffix] or candidates
        if len(matches) > 1:
            fault = f"has {len(matches)} results: {matches[0]} and {matches[1].name}"
            raise UsageError(plate, fault, "remove all but one")
        for result in matches:
            if owners.setdefault(result, plate) != plate:
                fault = f"is the result of both {owners[result].name} and {plate.name}"
                raise UsageError(result, fault, "remove one of the plates")
    if not owners:
        raise UsageError(
            converted, "holds no picture named like a plate", "give the folder that convert wrote"
        )
    return {plate: result for result, plate in owners.items()}
