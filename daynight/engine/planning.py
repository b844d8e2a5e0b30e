"""Which frame goes where: decided, and checked for harm, before any frame is read."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daynight.errors import PlateError, UsageError
from daynight.job import Job, OnMissing
from daynight.plates import EXTENSIONS, WRITABLE
from daynight.plates.sequences import Shot, discover, format_ranges, parse_range, select


@dataclass(frozen=True)
class FrameJob:
    """One frame's way from plate to result."""

    shot: Shot
    """The shot it belongs to."""
    number: int | None
    """Frame number; ``None`` for a still."""
    source: Path
    """The plate; for a missing frame, the plate that stands in."""
    target: Path
    """The result."""
    missing: Literal["hold", "black"] | None = None
    """What stands in for a plate that is missing."""


@dataclass(frozen=True)
class MissingFrames:
    """Requested frames of a shot that have no plate."""

    shot: Shot
    numbers: tuple[int, ...]

    @property
    def ranges(self) -> str:
        """The frames as a range, like ``100-998``."""
        return format_ranges(self.numbers)

    @property
    def fault(self) -> PlateError:
        """Why they have no result, in one line."""
        noun = "frames" if len(self.numbers) > 1 else "frame"
        verb = "are" if len(self.numbers) > 1 else "is"
        return PlateError(
            self.shot.root / self.shot.name,
            f"{noun} {self.ranges} {verb} missing",
            "render them, or set `on_missing` to skip, hold or black",
        )


@dataclass(frozen=True)
class Plan:
    """All that a conversion will do."""

    jobs: tuple[FrameJob, ...]
    """Frames to convert: shot by shot, in order of time."""
    shots: tuple[Shot, ...]
    outputs: tuple[Path, ...]
    """Folders of the results, one for each source."""
    finished: int
    """Frames that are finished already and are left alone."""
    missing: tuple[MissingFrames, ...]
    """Frames that can't be converted, a value for each shot."""
    skipped: int
    """Missing frames that are skipped, as requested."""
    faults: tuple[UsageError, ...]
    """Folders that could not be read; the others are converted."""


def make_plan(job: Job, name: str) -> Plan:
    """Find the shots of all sources, and where the result of each frame goes.

    Args:
        job: what is asked for.
        name: of the look; it names the output folder unless ``job.out`` does.

    Raises:
        UsageError: nothing is found, or a result would overwrite a plate or another result.
    """
    ending = _ending(job.ext)
    frames = None if job.frames is None else parse_range(job.frames)
    out = None if job.out is None else Path(job.out)
    faults: list[UsageError] = []
    plates: set[Path] = set()
    shots: list[tuple[Shot, Path]] = []
    outputs = [_output_folder(source, name, out, several=len(job.paths) > 1) for source in job.paths]
    for source, folder in zip(job.paths, outputs, strict=True):
        found = discover(source, EXTENSIONS, leave_out=outputs, on_fault=faults.append)
        plates |= {path.resolve() for shot in found for _, path in shot.frames}
        shots += [(shot, folder) for shot in (found if frames is None else select(found, frames, source))]
    asked = [each for shot, folder in shots for each in _frame_jobs(shot, folder, ending, job.on_missing)]
    _refuse_harm(plates, asked)
    todo = [each for each in asked if job.overwrite or not each.target.exists()]
    gaps = [MissingFrames(shot, shot.missing) for shot, _ in shots if shot.missing]
    return Plan(
        tuple(todo),
        tuple(shot for shot, _ in shots),
        tuple(outputs),
        finished=len(asked) - len(todo),
        missing=tuple(gaps) if job.on_missing == "error" else (),
        skipped=sum(len(each.numbers) for each in gaps) if job.on_missing == "skip" else 0,
        faults=tuple(faults),
    )


def _ending(ext: str | None) -> str | None:
    if ext is None:
        return None
    ending = "." + ext.lower().lstrip(".")
    if ending not in WRITABLE:
        known = " ".join(sorted(each.lstrip(".") for each in WRITABLE))
        raise UsageError(f"`ext={ext}`", "can't be written", f"known: {known}")
    return ending


def _output_folder(source: Path, name: str, out: Path | None, *, several: bool) -> Path:
    """Return the folder for one source's results: beside a folder of shots, inside the folder of an image."""
    path = Path(os.path.abspath(source))
    is_folder = os.path.isdir(path)  # never raises, unlike Path.is_dir, where rights are missing
    if out is not None:
        folder = Path(os.path.abspath(out))
        folder = folder / path.name if several and is_folder else folder
    elif not path.name:
        raise UsageError(source, "has no folder beside it for the results", "give `out`")
    else:
        folder = path.with_name(f"{path.name}_{name}") if is_folder else path.parent / name
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(folder, "is not a folder, and the results would go there", "choose another `out`")
    return folder


def _frame_jobs(shot: Shot, folder: Path, ending: str | None, on_missing: OnMissing) -> Iterator[FrameJob]:
    """Yield a job for each requested frame, in order of time; a missing one if something stands in for it."""

    def target(path: Path) -> Path:
        result = folder / path.relative_to(shot.root)
        # Cineon can be read but not written; DPX took its place.
        own = ".dpx" if result.suffix.lower() == ".cin" else result.suffix
        return result.with_suffix(ending or own)

    plates, asked = dict(shot.frames), set(shot.requested)
    numbers = {*plates, *asked}
    held = shot.frames[0][1]
    for number in sorted(numbers, key=lambda number: number or 0):
        held = plates.get(number, held)
        if number not in asked:
            continue
        if number in plates:
            yield FrameJob(shot, number, held, target(held))
        elif number is not None and on_missing in ("hold", "black"):
            yield FrameJob(shot, number, held, target(shot.path_of(number)), missing=on_missing)


def _refuse_harm(plates: Collection[Path], jobs: Sequence[FrameJob]) -> None:
    """Refuse a plan in which a result overwrites any plate of a shot, or another result."""
    taken: dict[Path, Path] = {}
    for job in jobs:
        if job.target.parent.resolve() / job.target.name in plates or job.target.resolve() in plates:
            raise UsageError(job.target, "is a plate and would be overwritten", "choose another `out`")
        if job.target in taken:
            raise UsageError(
                job.target,
                f"would be the result of both {taken[job.target].name} and {job.source.name}",
                "give each an `out` of its own",
            )
        taken[job.target] = job.source
