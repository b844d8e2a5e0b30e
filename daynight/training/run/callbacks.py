"""Callbacks: called with each step's losses and at each checkpoint.

A file that a callback can't write, as on a full disk, is a warning, and the run goes on without it: only a
checkpoint that can't be written ends the run. Any other error is a bug and is raised.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Protocol

import cv2

from daynight.plates import written_whole
from daynight.training.run.curves import METRICS, Record, draw_losses, read_records
from daynight.training.run.method import RGB
from daynight.training.run.recipe import RunRecipe


class RunState(Protocol):
    """What callbacks see of a trainer."""

    recipe: RunRecipe
    """Hyper-parameters of the run."""
    step_count: int
    """Steps done."""

    def samples(self) -> RGB | None:
        """Draw sample results, of the same photographs all through the run."""


class Callback:
    """Follows a run, in the first process of a group only.

    Subclasses override what they need; the rest does nothing.
    """

    def on_begin(self, run: Path, trainer: RunState) -> None:
        """The run begins, or resumes, at ``trainer.step_count``; called again after each rollback."""

    def on_step(self, step: int, losses: Mapping[str, float]) -> None:
        """A step is done: its losses by name, unweighted; ``total`` is their weighted sum."""

    def on_checkpoint(self, step: int) -> None:
        """A checkpoint is written: the time to draw pictures."""

    def on_message(self, message: str) -> None:
        """A message for the user, such as a rollback to an earlier checkpoint."""

    def on_end(self, step: int) -> None:
        """The run has ended, or stopped."""


def file_callbacks(warn: Callable[[str], None]) -> list[Callback]:
    """Return the callbacks that write into the run's folder, in the order in which they must be called.

    Args:
        warn: called with a line for each that isn't available, and for each file that can't be written.
    """
    curves = [Curves(warn)] if _installed("matplotlib", "losses.png is not drawn", warn) else []
    events = [Events(warn)] if _installed("tensorboard", "nothing is written for TensorBoard", warn) else []
    return [MetricsLog(warn), *curves, *events, Grids(warn, [each.show for each in events])]


class Averaging(Callback, ABC):
    """Averages losses over ``log_every`` steps at a time."""

    def on_begin(self, run: Path, trainer: RunState) -> None:
        """Start over: steps that were rolled back don't count."""
        self._every = trainer.recipe.log_every
        self._losses: list[Mapping[str, float]] = []

    def on_step(self, step: int, losses: Mapping[str, float]) -> None:
        """Add a step."""
        self._losses.append(losses)
        if step % self._every == 0:
            self.flush(step)

    def flush(self, step: int) -> None:
        """Pass on the means of the steps since the last time, if there are any."""
        if self._losses:
            self.averaged(step, mean_losses(self._losses))
            self._losses.clear()

    def on_end(self, step: int) -> None:
        """Pass on the last steps."""
        self.flush(step)

    @abstractmethod
    def averaged(self, step: int, means: Mapping[str, float]) -> None:
        """Mean losses by name, of the steps up to this one."""


class MetricsLog(Averaging):
    """Appends mean losses to the run's ``metrics.jsonl``: ``{"step": 50, "cycle": 0.123456, …}`` a line.

    There is a line at each checkpoint too, so that every step is in exactly one line however often a run is
    interrupted, resumed or rolled back.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn

    def on_begin(self, run: Path, trainer: RunState) -> None:
        """Drop the lines after the step from which the run resumes: those steps are repeated.

        Raises:
            OSError: the file can't be read or written.
        """
        super().on_begin(run, trainer)
        self._path = run / METRICS
        kept = [record for record in read_records(run) if record["step"] <= trainer.step_count]
        with written_whole(self._path) as temporary:
            temporary.write_text("".join(map(_line, kept)), encoding="utf-8")

    def averaged(self, step: int, means: Mapping[str, float]) -> None:
        """Append a line, of six digits a value."""
        rounded = {name: float(f"{value:.6g}") for name, value in means.items()}
        with _or_warn(self._path, self._warn), self._path.open("a", encoding="utf-8") as file:
            file.write(_line({"step": step, **rounded}))

    def on_checkpoint(self, step: int) -> None:
        """Append the steps since the last line."""
        self.flush(step)


class Curves(Callback):
    """Draws the run's ``losses.png`` from its metrics, which must be written by then."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn

    def on_begin(self, run: Path, trainer: RunState) -> None:
        """Remember the folder."""
        self._run = run

    def on_checkpoint(self, step: int) -> None:
        """Draw, if there is anything to draw."""
        path = self._run / "losses.png"
        with _or_warn(path, self._warn):
            records = read_records(self._run)
            if records:
                with written_whole(path) as temporary:
                    temporary.write_bytes(draw_losses(records))

    def on_end(self, step: int) -> None:
        """Draw a last time."""
        self.on_checkpoint(step)


class Grids(Callback):
    """Writes the run's ``samples-STEP.png``: results for a few photographs, always the same.

    Args:
        warn: called with a line for a file that can't be written.
        viewers: each is called with the grid, H×W×3 RGB, and the step.
    """

    def __init__(
        self, warn: Callable[[str], None], viewers: Sequence[Callable[[RGB, int], None]] = ()
    ) -> None:
        self._warn = warn
        self._viewers = viewers

    def on_begin(self, run: Path, trainer: RunState) -> None:
        """Remember the trainer, whose samples are drawn."""
        self._run, self._trainer = run, trainer

    def on_checkpoint(self, step: int) -> None:
        """Write a grid, if the method has samples."""
        path = self._run / f"samples-{step:06d}.png"
        with _or_warn(path, self._warn):
            grid = self._trainer.samples()
            if grid is None:
                return
            _, content = cv2.imencode(".png", grid[..., ::-1])
            with written_whole(path) as temporary:
                temporary.write_bytes(content.tobytes())
            for show in self._viewers:
                show(grid, step)


class Events(Averaging):
    """Writes mean losses and sample grids to the run's ``events``, for ``tensorboard --logdir RUN``."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._opened = ExitStack()

    def on_begin(self, run: Path, trainer: RunState) -> None:
        """Open a new file, so that TensorBoard drops repeated steps from older ones."""
        from torch.utils.tensorboard import SummaryWriter

        super().on_begin(run, trainer)
        self._folder = run / "events"
        self.on_end(trainer.step_count)
        self._writer = self._opened.enter_context(
            SummaryWriter(self._folder, purge_step=trainer.step_count + 1)
        )

    def averaged(self, step: int, means: Mapping[str, float]) -> None:
        """Add a point to each loss's curve."""
        with _or_warn(self._folder, self._warn):
            for name, value in means.items():
                self._writer.add_scalar(f"losses/{name}", value, step)

    def show(self, grid: RGB, step: int) -> None:
        """Add a grid of samples."""
        with _or_warn(self._folder, self._warn):
            self._writer.add_image("samples", grid, step, dataformats="HWC")

    def on_checkpoint(self, step: int) -> None:
        """Flush to disk, so that a crash loses nothing that the checkpoint has."""
        with _or_warn(self._folder, self._warn):
            self._writer.flush()

    def on_end(self, step: int) -> None:
        """Close the file."""
        super().on_end(step)
        with _or_warn(self._folder, self._warn):
            self._opened.close()


def mean_losses(steps: Collection[Mapping[str, float]]) -> dict[str, float]:
    """Average each loss over those steps that have it."""
    names = dict.fromkeys(name for losses in steps for name in losses)
    return {name: fmean(losses[name] for losses in steps if name in losses) for name in names}


def _installed(package: str, without: str, warn: Callable[[str], None]) -> bool:
    installed = find_spec(package) is not None
    if not installed:
        warn(f"{package} is not installed: {without}; pip install {package}")
    return installed


def _line(record: Record) -> str:
    return json.dumps(record) + "\n"


@contextmanager
def _or_warn(path: Path, warn: Callable[[str], None]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        warn(f"{path}: can't be written ({error.strerror}); the run goes on without it")
