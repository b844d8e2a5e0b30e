"""Who watches a run: told of each step's losses and of each checkpoint.

What a watcher can't write while the run goes on, as on a full disk, is said, and the run goes on without it:
only a checkpoint that can't be written shall end it. Any other error is a fault of ours, and rises.
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

from daynight.plates import written_whole
from daynight.training.run.curves import METRICS, Record, draw_losses, read_records
from daynight.training.run.recipe import Recipe
from daynight.training.run.samples import RGB, Sample, write_grid


class Watched(Protocol):
    """What watchers see of a trainer."""

    recipe: Recipe
    """Its hyper-parameters."""
    step_count: int
    """Steps done."""

    def samples(self) -> list[Sample]:
        """Translate a few photographs, the same all through the run."""


class Watcher:
    """What a run tells while it goes on, on the first process of a group alone.

    Each kind of watcher defines what it cares about; the rest does nothing.
    """

    def begun(self, run: Path, trainer: Watched) -> None:
        """Take that the run begins, or goes on, at ``trainer.step_count``; again after each fall back."""

    def stepped(self, step: int, losses: Mapping[str, float]) -> None:
        """Take a step's losses, by name, unweighted; ``total`` is their weighted sum."""

    def saved(self, step: int) -> None:
        """Take that a checkpoint is written: the time to draw pictures."""

    def told(self, line: str) -> None:
        """Take a line that matters, like a fall back to an earlier checkpoint."""

    def ended(self, step: int) -> None:
        """Take that the run ends, or stops."""


class Together(Watcher):
    """Several watchers, told one after the other."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers

    def begun(self, run: Path, trainer: Watched) -> None:
        """Tell all of them."""
        for each in self._watchers:
            each.begun(run, trainer)

    def stepped(self, step: int, losses: Mapping[str, float]) -> None:
        """Tell all of them."""
        for each in self._watchers:
            each.stepped(step, losses)

    def saved(self, step: int) -> None:
        """Tell all of them."""
        for each in self._watchers:
            each.saved(step)

    def told(self, line: str) -> None:
        """Tell all of them."""
        for each in self._watchers:
            each.told(line)

    def ended(self, step: int) -> None:
        """Tell all of them."""
        for each in self._watchers:
            each.ended(step)


def file_watchers(warn: Callable[[str], None]) -> list[Watcher]:
    """Give those that write into the run's folder, in the order in which they are to be told.

    Args:
        warn: takes a line for each that can't be had, and for each file that can't be written.
    """
    curves = [Curves(warn)] if _found("matplotlib", "losses.png is not drawn", warn) else []
    events = [Events(warn)] if _found("tensorboard", "nothing is written for TensorBoard", warn) else []
    return [MetricsLog(warn), *curves, *events, Grids(warn, [each.show for each in events])]


class Averaging(Watcher, ABC):
    """Takes mean losses every ``log_every`` steps, of the steps since the last time."""

    def begun(self, run: Path, trainer: Watched) -> None:
        """Begin anew: steps that were fallen back from don't count."""
        self._every = trainer.recipe.log_every
        self._losses: list[Mapping[str, float]] = []

    def stepped(self, step: int, losses: Mapping[str, float]) -> None:
        """Count a step in."""
        self._losses.append(losses)
        if step % self._every == 0:
            self.settle(step)

    def settle(self, step: int) -> None:
        """Hand on the means of the steps since the last time, if there are any."""
        if self._losses:
            self.averaged(step, mean_losses(self._losses))
            self._losses.clear()

    def ended(self, step: int) -> None:
        """Hand on the last steps."""
        self.settle(step)

    @abstractmethod
    def averaged(self, step: int, means: Mapping[str, float]) -> None:
        """Take mean losses, by name."""


class MetricsLog(Averaging):
    """Appends mean losses to the run's ``metrics.jsonl``: ``{"step": 50, "cycle": 0.123456, …}`` a line.

    There is a line at each checkpoint too, so that every step is in exactly one line however often a run is
    interrupted, goes on or falls back.
    """

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn

    def begun(self, run: Path, trainer: Watched) -> None:
        """Drop what lies beyond the step from which the run goes on: those steps come again.

        Raises:
            OSError: the file can't be read or written.
        """
        super().begun(run, trainer)
        self._path = run / METRICS
        kept = [record for record in read_records(run) if record["step"] <= trainer.step_count]
        with written_whole(self._path) as temporary:
            temporary.write_text("".join(map(_line, kept)), encoding="utf-8")

    def averaged(self, step: int, means: Mapping[str, float]) -> None:
        """Append a line, of six digits a value."""
        rounded = {name: float(f"{value:.6g}") for name, value in means.items()}
        with _going_on(self._path, self._warn), self._path.open("a", encoding="utf-8") as file:
            file.write(_line({"step": step, **rounded}))

    def saved(self, step: int) -> None:
        """Append the steps since the last line."""
        self.settle(step)


class Curves(Watcher):
    """Draws the run's ``losses.png`` from its metrics, which must be written by then."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn

    def begun(self, run: Path, trainer: Watched) -> None:
        """Keep where the run is."""
        self._run = run

    def saved(self, step: int) -> None:
        """Draw, if there is anything."""
        path = self._run / "losses.png"
        with _going_on(path, self._warn):
            records = read_records(self._run)
            if records:
                with written_whole(path) as temporary:
                    temporary.write_bytes(draw_losses(records))

    def ended(self, step: int) -> None:
        """Draw the last time."""
        self.saved(step)


class Grids(Watcher):
    """Writes the run's ``samples-STEP.png``: what the networks make of photographs that stay the same.

    Args:
        warn: takes a line for a file that can't be written.
        shown: each takes the grid, H×W×3 RGB, and the step.
    """

    def __init__(self, warn: Callable[[str], None], shown: Sequence[Callable[[RGB, int], None]] = ()) -> None:
        self._warn = warn
        self._shown = shown

    def begun(self, run: Path, trainer: Watched) -> None:
        """Keep the trainer, whose samples are drawn."""
        self._run, self._trainer = run, trainer

    def saved(self, step: int) -> None:
        """Write a grid."""
        path = self._run / f"samples-{step:06d}.png"
        with _going_on(path, self._warn):
            grid = write_grid(path, self._trainer.samples())
            for show in self._shown:
                show(grid, step)


class Events(Averaging):
    """Writes mean losses and sample grids to the run's ``events``, for ``tensorboard --logdir RUN``."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._opened = ExitStack()

    def begun(self, run: Path, trainer: Watched) -> None:
        """Open a new file, by which TensorBoard drops what older ones hold of the steps that come again."""
        from torch.utils.tensorboard import SummaryWriter

        super().begun(run, trainer)
        self._folder = run / "events"
        self.ended(trainer.step_count)
        self._writer = self._opened.enter_context(
            SummaryWriter(self._folder, purge_step=trainer.step_count + 1)
        )

    def averaged(self, step: int, means: Mapping[str, float]) -> None:
        """Add a point to each loss's curve."""
        with _going_on(self._folder, self._warn):
            for name, value in means.items():
                self._writer.add_scalar(f"losses/{name}", value, step)

    def show(self, grid: RGB, step: int) -> None:
        """Add a grid of samples."""
        with _going_on(self._folder, self._warn):
            self._writer.add_image("samples", grid, step, dataformats="HWC")

    def saved(self, step: int) -> None:
        """Bring all to disk, so that a crash loses nothing that the checkpoint has."""
        with _going_on(self._folder, self._warn):
            self._writer.flush()

    def ended(self, step: int) -> None:
        """Close the file."""
        super().ended(step)
        with _going_on(self._folder, self._warn):
            self._opened.close()


def mean_losses(steps: Collection[Mapping[str, float]]) -> dict[str, float]:
    """Average each loss over those steps that have it."""
    names = dict.fromkeys(name for losses in steps for name in losses)
    return {name: fmean(losses[name] for losses in steps if name in losses) for name in names}


def _found(package: str, without: str, warn: Callable[[str], None]) -> bool:
    found = find_spec(package) is not None
    if not found:
        warn(f"{package} is not installed: {without}; pip install {package}")
    return found


def _line(record: Record) -> str:
    return json.dumps(record) + "\n"


@contextmanager
def _going_on(path: Path, warn: Callable[[str], None]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        warn(f"{path}: can't be written ({error.strerror}); the run goes on without it")
