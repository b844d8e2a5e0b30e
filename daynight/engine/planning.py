"""Which frame goes where: decided, and checked for harm, before any frame is read."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from daynight.errors import PlateError, UsageError
from daynight.plates import EXTENSIONS, WRITABLE
from daynight.plates.sequences import Shot, discover, select

OnMissing = Literal["error", "skip", "hold", "black"]


@dataclass(frozen=True)
class FrameJob:
    """One frame's way from plate to result."""

    shot: Shot
    """The shot it belongs to."""
    number: int | None
    """Frame number; ``None`` for a still."""
    source: Path
    """The plate. For a missing frame: the plate that stands in, or would have been."""
    target: Path | None
    """The result; ``None``: the frame is only shown to steps with memory."""
    missing: Literal["error", "hold", "black"] | None = None
    """What stands in for a plate that is not there."""
    starts: bool = False
    """The frame before it was not shown to the chain: steps with memory begin anew."""


@dataclass(frozen=True)
class Plan:
    """All that a conversion will do."""

    jobs: tuple[FrameJob, ...]
    shots: tuple[Shot, ...]
    outputs: tuple[Path, ...]
    """Folders that the results go to, one for each source."""
    finished: int
    """Frames that are there already and are left alone."""
    skipped: int
    """Missing frames that are passed over as asked."""
    faults: tuple[UsageError, ...]
    """Folders that could not be read; the others are converted."""

    @property
    def written(self) -> int:
        """Frames that will get a result, or a fault."""
        return sum(job.target is not None for job in self.jobs)


def make_plan(
    sources: Sequence[Path],
    name: str,
    *,
    out: Path | None = None,
    frames: frozenset[int] | None = None,
    ext: str | None = None,
    on_missing: OnMissing = "error",
    overwrite: bool = False,
    preroll: int = 0,
) -> Plan:
    """Find the shots of all sources and give each frame its place.

    Args:
        sources: folders, images or patterns.
        name: of the look; it names the output folder where ``out`` does not.
        out: folder for the results; several sources get a folder each in it.
        frames: numbers asked for.
        ext: ending of the results, with or without a dot; ``None``: as the plates.
        on_missing: what becomes of gaps.
        overwrite: whether finished frames are done again.
        preroll: earlier frames that the chain must see.

    Raises:
        UsageError: nothing is found, or a result would take the place of a plate or of another result.
    """
    ending = _ending(ext)
    faults: list[UsageError] = []
    plates: set[Path] = set()
    placed: list[tuple[Shot, Path]] = []
    outputs = [_output_folder(source, name, out, several=len(sources) > 1) for source in sources]
    for source, folder in zip(sources, outputs, strict=True):
        shots = discover(source, EXTENSIONS, leave_out=outputs, on_fault=faults.append)
        plates |= {path.resolve() for shot in shots for _, path in shot.frames}
        placed += [(shot, folder) for shot in (shots if frames is None else select(shots, frames, source))]
    asked: list[FrameJob] = []
    jobs: list[FrameJob] = []
    for shot, folder in placed:
        timeline = list(_timeline(shot, folder, ending, on_missing))
        wanted = {id(job) for job in timeline if job.number in shot.asked}
        done = {id(job) for job in timeline if not overwrite and job.target and job.target.exists()}
        asked += [job for job in timeline if id(job) in wanted]
        jobs += _with_preroll(timeline, wanted - done, preroll)
    _refuse_harm(plates, asked)
    skipped = sum(len(shot.missing) for shot, _ in placed) if on_missing == "skip" else 0
    written = sum(job.target is not None for job in jobs)
    return Plan(
        tuple(jobs),
        tuple(shot for shot, _ in placed),
        tuple(outputs),
        len(asked) - written,
        skipped,
        tuple(faults),
    )


def _ending(ext: str | None) -> str | None:
    if ext is None:
        return None
    ending = "." + ext.lower().lstrip(".")
    if ending not in WRITABLE:
        known = " ".join(sorted(each.lstrip(".") for each in WRITABLE))
        raise UsageError(f"--ext {ext}", "can't be written", f"known: {known}")
    return ending


def _output_folder(source: Path, name: str, out: Path | None, *, several: bool) -> Path:
    """Folder for one source's results: beside a folder of shots, inside the folder of an image."""
    place = Path(os.path.abspath(source))
    is_folder = os.path.isdir(place)  # never raises, unlike Path.is_dir, where rights are missing
    if out is not None:
        folder = Path(os.path.abspath(out))
        folder = folder / place.name if several and is_folder else folder
    elif not place.name:
        raise UsageError(source, "has no folder beside it for the results", "name one with --out")
    else:
        folder = place.with_name(f"{place.name}_{name}") if is_folder else place.parent / name
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(folder, "is no folder, and the results should go there", "name another with --out")
    return folder


def _timeline(shot: Shot, folder: Path, ending: str | None, on_missing: OnMissing) -> Iterator[FrameJob]:
    """Give a job for every frame of the shot in order of time, asked for or not, gaps treated as asked."""

    def target(path: Path) -> Path:
        place = folder / path.relative_to(shot.root)
        # Cineon can be read but not written; DPX is what took its place.
        own = ".dpx" if place.suffix.lower() == ".cin" else place.suffix
        return place.with_suffix(ending or own)

    there = dict(shot.frames)
    held = shot.frames[0][1]
    for number in sorted({*there, *shot.gaps, *shot.missing}, key=lambda number: number or 0):
        if number in there:
            held = there[number]
            yield FrameJob(shot, number, held, target(held))
        elif number is not None and on_missing != "skip":
            absent = shot.path_of(number)
            stand_in = absent if on_missing == "error" else held
            yield FrameJob(shot, number, stand_in, target(absent), missing=on_missing)


def _with_preroll(timeline: Sequence[FrameJob], doing: Collection[int], preroll: int) -> list[FrameJob]:
    """Give the jobs to do (by id), and ahead of each run of them the frames that steps with memory must see.

    What is seen depends on the shot alone, not on the chunk: so chunks give the same pixels. Gaps that are
    black or a fault are not seen.
    """
    seen = [job for job in timeline if job.missing in (None, "hold")]
    shown = {
        id(each)
        for index, job in enumerate(seen)
        if id(job) in doing
        for each in seen[max(index - preroll, 0) : index + 1]
    }
    first = {id(job) for before, job in pairwise([None, *seen]) if before is None or id(before) not in shown}
    return [
        dataclasses.replace(
            job, target=job.target if id(job) in doing else None, starts=id(job) in shown and id(job) in first
        )
        for job in timeline
        if id(job) in shown or id(job) in doing
    ]


def _refuse_harm(plates: Collection[Path], jobs: Sequence[FrameJob]) -> None:
    """See to it that no result takes the place of a plate, asked for or not, or of another result."""
    taken: dict[Path, Path] = {}
    for job in jobs:
        if job.target is None:
            continue
        if job.target.parent.resolve() / job.target.name in plates or job.target.resolve() in plates:
            raise UsageError(
                job.target, "is a plate and would be written over", "give another folder with --out"
            )
        if job.target in taken:
            raise UsageError(
                job.target,
                f"would hold both {taken[job.target].name} and {job.source.name}",
                "convert them to folders of their own with --out",
            )
        taken[job.target] = job.source


def missing_error(job: FrameJob) -> PlateError:
    """The fault of a frame that is not there."""
    return PlateError(job.source, "is missing", "render it, or choose --on-missing skip, hold or black")
