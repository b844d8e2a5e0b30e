"""Which frame goes where: decided, and checked for harm, before any frame is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daynight.errors import PlateError, UsageError
from daynight.images import EXTENSIONS, WRITABLE
from daynight.sequences import Shot, discover

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
    placed: list[tuple[Shot, Path]] = []
    outputs = []
    for source in sources:
        folder = _output_folder(source, name, out, several=len(sources) > 1)
        outputs.append(folder)
        placed += [(shot, folder) for shot in discover(source, EXTENSIONS, frames)]
    asked: list[FrameJob] = []
    jobs: list[FrameJob] = []
    finished = skipped = 0
    for shot, folder in placed:
        wanted = list(_shot_jobs(shot, folder, ending, on_missing))
        skipped += len(shot.missing) if on_missing == "skip" else 0
        asked += wanted
        todo = [job for job in wanted if overwrite or not (job.target and job.target.exists())]
        finished += len(wanted) - len(todo)
        jobs += _with_preroll(shot, wanted, todo, preroll)
    _refuse_harm([shot for shot, _ in placed], asked)
    return Plan(tuple(jobs), tuple(shot for shot, _ in placed), tuple(outputs), finished, skipped)


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
    resolved = source.resolve()
    if out is not None:
        return out.resolve() / resolved.name if several and resolved.is_dir() else out.resolve()
    return resolved.with_name(f"{resolved.name}_{name}") if resolved.is_dir() else resolved.parent / name


def _shot_jobs(shot: Shot, folder: Path, ending: str | None, on_missing: OnMissing) -> Iterator[FrameJob]:
    """Give the shot's jobs in order of time, gaps treated as asked."""

    def target(path: Path) -> Path:
        place = folder / path.relative_to(shot.root)
        suffix = ending or place.suffix
        if suffix.lower() not in WRITABLE:
            raise UsageError(path, f"{suffix} can't be written", "choose another with --ext")
        return place.with_suffix(suffix)

    there = dict(shot.frames)
    held = shot.frames[0][1]
    for number in sorted([*there, *shot.missing], key=lambda number: number or 0):
        if number in there:
            held = there[number]
            yield FrameJob(shot, number, held, target(held))
        elif number is not None and on_missing != "skip":
            absent = shot.path_of(number)
            stand_in = absent if on_missing == "error" else held
            yield FrameJob(shot, number, stand_in, target(absent), missing=on_missing)


def _with_preroll(
    shot: Shot, wanted: Sequence[FrameJob], todo: Sequence[FrameJob], preroll: int
) -> list[FrameJob]:
    """Add the frames that steps with memory must see ahead of each run of frames to do."""
    earlier = [FrameJob(shot, number, path, None) for number, path in shot.before]
    timeline = [*earlier, *wanted]
    doing = {id(job) for job in todo}
    needed = {
        place
        for index, job in enumerate(timeline)
        if id(job) in doing
        for place in range(max(index - preroll, 0), index + 1)
    }
    jobs = []
    for index in sorted(needed):
        job = timeline[index]
        seen_only = id(job) not in doing
        jobs.append(
            dataclasses.replace(job, target=None if seen_only else job.target, starts=index - 1 not in needed)
        )
    return jobs


def _refuse_harm(shots: Sequence[Shot], jobs: Sequence[FrameJob]) -> None:
    """See to it that no result takes the place of a plate or of another result."""
    plates = {path for shot in shots for _, path in shot.frames}
    taken: dict[Path, Path] = {}
    for job in jobs:
        if job.target is None:
            continue
        if job.target in plates or (job.target.exists() and _same_file(job)):
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


def _same_file(job: FrameJob) -> bool:
    return job.target is not None and job.source.exists() and job.target.samefile(job.source)


def missing_error(job: FrameJob) -> PlateError:
    """The fault of a frame that is not there."""
    return PlateError(job.source, "is missing", "render it, or choose --on-missing skip, hold or black")
