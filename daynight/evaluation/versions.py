"""Versions of the plates on disk: converted by the look, and by the baselines it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from daynight.api import plan, run
from daynight.engine.events import Event, FrameDone
from daynight.evaluation.options import Target
from daynight.frames.frame import Frame
from daynight.frames.tiling import TileLayout
from daynight.job import DeviceName, Job
from daynight.looks.chain import Chain
from daynight.plugin.look import LookSpec, StepSpec
from daynight.plugin.registry import Registry
from daynight.plugin.step import Step

MATCH: Final = "histogram match"
GRADES: Final[dict[Target, str]] = {"night": "grade", "day": "three stops more"}
"""The grade that a look is compared with, by its target."""
_LIFT: Final = LookSpec("lifted", (StepSpec("grade", {"exposure": 3.0}),))


@dataclass(frozen=True)
class Converter:
    """Converts plates to versions in subfolders of one folder, in the plates' own format.

    Args:
        out: the folder.
        registry: loaded plugins.
        device: device to run models on.
        jobs: CPU cores to use; ``None``: all available.
        warn: called with each warning.
    """

    out: Path
    registry: Registry
    device: DeviceName
    jobs: int | None
    warn: Callable[[str], None]

    def look(self, plates: Sequence[Path], name: str, to: str, **options: Any) -> dict[Path, Path]:
        """Convert plates to a look, and return each result; ``options`` are other fields of the job."""
        return self._convert(plates, name, to, **options)

    def open_chain(self, plates: Sequence[Path], to: str, **options: Any) -> Chain:
        """Open a look's chain as :meth:`look` would, without converting anything."""
        job = Job(plates[:1], to, device=self.device, jobs=self.jobs, **options)
        return plan(job, registry=self.registry, warn=self.warn).chain

    def grade(self, plates: Sequence[Path], name: str, target: Target) -> dict[Path, Path]:
        """Grade plates: to night by ``grade``, to day by adding three stops of light."""
        return self._convert(plates, name, "grade" if target == "night" else _LIFT)

    def match(self, plates: Sequence[Path], name: str, references: Sequence[Path]) -> dict[Path, Path]:
        """Match each plate's histogram to a photograph, taking the photographs in turn."""
        results: dict[Path, Path] = {}
        groups = [[plate] for plate in plates] if len(references) > 1 else [plates]
        for index, group in enumerate(groups):
            reference = references[index % len(references)].resolve()
            step = StepSpec("color_match", {"method": "histogram", "reference": str(reference)})
            results |= self._convert(group, f"{name}/{index}", LookSpec("histogram", (step,)))
        return results

    def _convert(
        self, plates: Sequence[Path], name: str, look: str | LookSpec, **options: Any
    ) -> dict[Path, Path]:
        """Convert the plates of each folder into a folder of their own, since their names may be equal.

        Raises:
            DaynightError: a frame failed: figures of the others would not be comparable.
        """
        results: dict[Path, Path] = {}

        def observe(event: Event) -> None:
            if isinstance(event, FrameDone):
                results[event.job.source] = event.job.target

        folders: dict[Path, list[Path]] = {}
        for plate in plates:
            folders.setdefault(plate if plate.is_dir() else plate.parent, []).append(plate)
        to, spec = (look, None) if isinstance(look, str) else (None, look)
        for index, group in enumerate(folders.values()):
            job = Job(
                group,
                to,
                out=self.out / name / str(index),
                device=self.device,
                jobs=self.jobs,
                on_missing="skip",
                on_error="stop",
                overwrite=True,
                **options,
            )
            summary = run(job, look=spec, registry=self.registry, observe=observe, warn=self.warn)
            if summary.faults:
                raise summary.faults[0]
        return results


def tile_layout(chain: Chain, height: int, width: int) -> TileLayout | None:
    """Return how a chain tiles a frame of this size; ``None``: it does not, or into a single tile."""
    tile = next((step for step in chain.steps if step.gives == "tiles"), None)
    if not isinstance(tile, Step):
        return None
    layout = tile.apply(Frame(np.zeros((1, height, width, 3), np.float32), "display")).tiles
    return layout if layout and layout.count > 1 else None


def look_direction(chain: Chain, to: str) -> str:
    """Return what a look turns plates into, by its models; if none says, by the look's name."""
    told = (model.facts.direction for model in chain.models)
    direction = next((each for each in told if each != "other"), "other")
    return "night-to-day" if direction == "other" and to == "day" else direction
