"""Versions of the plates on disk: converted by the look and by what it is compared with."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from daynight.api import plan, run
from daynight.engine.events import Event, FrameDone
from daynight.errors import UsageError
from daynight.frames.frame import Frame
from daynight.frames.tiling import TileLayout
from daynight.job import DeviceName, Job
from daynight.looks.chain import Chain
from daynight.plates import EXTENSIONS, display_size
from daynight.plates.photographs import find_photographs
from daynight.plates.sequences import discover
from daynight.plugin.look import LookSpec, StepSpec
from daynight.plugin.registry import Registry
from daynight.plugin.step import Step

MATCH: Final = "histogram match"
_LIFTED: Final = LookSpec("lifted", (StepSpec("grade", {"exposure": 3.0}),))


@dataclass(frozen=True)
class Maker:
    """Makes versions of plates below one folder, all by ``daynight.convert`` and in their plates' format.

    Args:
        out: the folder.
        registry: loaded plugins.
        device: where models run.
        jobs: processors to use; ``None``: all.
        warn: takes warnings.
    """

    out: Path
    registry: Registry
    device: DeviceName
    jobs: int | None
    warn: Callable[[str], None]

    def look(self, plates: Sequence[Path], name: str, to: str, **asked: Any) -> dict[Path, Path]:
        """Convert to a look, and return each plate's result; ``asked`` holds further fields of the job."""
        return self._made(plates, name, to=to, **asked)

    def opened(self, plates: Sequence[Path], to: str, **asked: Any) -> Chain:
        """Open a look's chain as :meth:`look` would, and convert nothing."""
        job = Job(plates[:1], to, device=self.device, jobs=self.jobs, **asked)
        return plan(job, registry=self.registry, warn=self.warn).chain

    def grade(self, plates: Sequence[Path], name: str, target: str) -> dict[Path, Path]:
        """Grade by hand: ``day-for-night``, or for day three stops more light."""
        if target == "night":
            return self._made(plates, name, to="day-for-night")
        return self._made(plates, name, look=_LIFTED)

    def match(self, plates: Sequence[Path], name: str, references: Sequence[Path]) -> dict[Path, Path]:
        """Match each plate's histogram to a photograph: the first to the first, and round again."""
        results: dict[Path, Path] = {}
        groups = [[plate] for plate in plates] if len(references) > 1 else [plates]
        for index, group in enumerate(groups):
            reference = references[index % len(references)].resolve()
            step = StepSpec("color_match", {"method": "histogram", "reference": str(reference)})
            results |= self._made(group, f"{name}/{index}", look=LookSpec("histogram", (step,)))
        return results

    def _made(
        self, plates: Sequence[Path], name: str, *, look: LookSpec | None = None, **asked: Any
    ) -> dict[Path, Path]:
        """Convert each folder's plates to a folder of its own: their names may be alike.

        Raises:
            DaynightError: a frame has failed: figures of the others would not be comparable.
        """
        results: dict[Path, Path] = {}

        def observe(event: Event) -> None:
            if isinstance(event, FrameDone):
                results[event.job.source] = event.job.target

        folders: dict[Path, list[Path]] = {}
        for plate in plates:
            folders.setdefault(plate if plate.is_dir() else plate.parent, []).append(plate)
        for index, group in enumerate(folders.values()):
            job = Job(
                group,
                out=self.out / name / str(index),
                device=self.device,
                jobs=self.jobs,
                on_missing="skip",
                on_error="stop",
                overwrite=True,
                **asked,
            )
            summary = run(job, look=look, registry=self.registry, observe=observe, warn=self.warn)
            faults = [*summary.unread, *(event.fault for event in summary.failed if event.fault)]
            if faults:
                raise faults[0]
        return results


def found(folder: Path) -> list[Path]:
    """List the pictures of a folder and of those below it, by name.

    Raises:
        UsageError: there is none, or not all of the folder can be read.
    """
    return [photograph.path for photograph in find_photographs(folder)]


def sequences(folder: Path) -> dict[Path, list[Path]]:
    """List a folder's sequences: shots, by their patterns, and the stills of one folder, by the folder.

    Raises:
        UsageError: there is none, or one has frames of several sizes.
    """
    gathered: dict[Path, list[Path]] = {}
    for shot in discover(folder, EXTENSIONS):
        for number, path in shot.frames:
            gathered.setdefault(path.parent if number is None else shot.root / shot.name, []).append(path)
    gathered = {shot: frames for shot, frames in gathered.items() if len(frames) > 1}
    if not gathered:
        raise UsageError(folder, "holds no sequence", "give a folder of shots, each in a folder of its own")
    for frames in gathered.values():
        size = display_size(frames[0])
        for frame in frames:
            if display_size(frame) != size:
                fault = f"differs in size from {frames[0].name}, and flicker is measured along both"
                raise UsageError(frame, fault, "give each sequence a folder of its own")
    return gathered


def spread(pictures: Sequence[Path], limit: int | None) -> list[Path]:
    """Return at most ``limit`` of some pictures, spread evenly."""
    if limit is None or limit >= len(pictures):
        return list(pictures)
    return [pictures[place * len(pictures) // limit] for place in range(limit)]


def absolute(path: Path) -> Path:
    """Return a path as conversions tell of it."""
    return Path(os.path.abspath(path))


def matched(plates: Sequence[Path], folder: Path, converted: Path) -> dict[Path, Path]:
    """Find results that are there already: of the plate's name, in the same folder below.

    Raises:
        UsageError: no plate has one, or it is not clear which.
    """
    results: dict[Path, list[Path]] = {}
    for path in found(converted):
        results.setdefault(path.relative_to(absolute(converted)).with_suffix(""), []).append(path)
    owners: dict[Path, Path] = {}
    for plate in plates:
        candidates = results.get(plate.relative_to(absolute(folder)).with_suffix(""), [])
        alike = [path for path in candidates if path.suffix == plate.suffix] or candidates
        if len(alike) > 1:
            raise UsageError(plate, f"has {len(alike)} results: {alike[0]} and {alike[1].name}", "leave one")
        for result in alike:
            if owners.setdefault(result, plate) != plate:
                fault = f"is the result of {owners[result].name} or of {plate.name}"
                raise UsageError(result, fault, "leave one of them")
    if not owners:
        raise UsageError(
            converted, "holds no picture named like a plate", "give the folder that convert wrote"
        )
    return {plate: result for result, plate in owners.items()}


def tiles_of(chain: Chain, height: int, width: int) -> TileLayout | None:
    """How a chain tiles a frame of this size; ``None``: it has no tiles, or one."""
    tile = next((step for step in chain.steps if step.gives == "tiles"), None)
    if not isinstance(tile, Step):
        return None
    layout = tile.apply(Frame(np.zeros((1, height, width, 3), np.float32), "display")).tiles
    return layout if layout and layout.count > 1 else None
