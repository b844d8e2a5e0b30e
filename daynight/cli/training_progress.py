"""Callbacks that show a training run: a bar for people, or lines for logs."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click

from daynight.training.run.callbacks import Averaging, Callback, RunState, file_callbacks, mean_losses


@contextmanager
def open_callbacks(kind: str, *, leads: bool = True) -> Iterator[list[Callback]]:
    """Return the callbacks of a run, and show it while open.

    Args:
        kind: ``bar``, ``lines``, or ``auto`` (a bar on a terminal).
        leads: whether this is the first process of a group; the others show nothing.
    """
    from daynight.cli import warn

    if not leads:
        yield []
    elif kind == "bar" or (kind == "auto" and sys.stderr.isatty()):
        bar = Bar()
        with bar.shown:
            yield [bar, *file_callbacks(bar.warn)]
    else:
        yield [Lines(click.echo), *file_callbacks(warn)]


class Lines(Averaging):
    """A line every ``log_every`` steps: mean losses, seconds a step and time left, at the pace so far.

    Args:
        echo: takes each line.
        clock: returns seconds.
    """

    def __init__(self, echo: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._echo = echo
        self._clock = clock

    def on_begin(self, run: Path, trainer: RunState) -> None:
        """Take the time."""
        super().on_begin(run, trainer)
        self._steps = trainer.recipe.steps
        self._first, self._start = trainer.step_count, self._clock()

    def averaged(self, step: int, means: Mapping[str, float]) -> None:
        """Print a line."""
        pace = (self._clock() - self._start) / (step - self._first)
        left = timedelta(seconds=round(pace * (self._steps - step)))
        self._echo(f"step {step}/{self._steps}  {_losses_line(means)}  {pace:.2f} s/step, {left} left")

    def on_message(self, line: str) -> None:
        """Print it."""
        self._echo(line)


class Bar(Callback):
    """Steps, pace and time left, and below them the mean losses of the last steps, on the error stream."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("step"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}", markup=False),
            TimeRemainingColumn(),
            speed_estimate_period=300,  # seconds: steps may be slow, and checkpoints come between
        )
        self._task = self._bar.add_task("", total=None, pace="")
        self.shown = Live(self._bar, console=Console(stderr=True))

    def on_begin(self, run: Path, trainer: RunState) -> None:
        """Set the bar to where the run is."""
        self._losses: deque[Mapping[str, float]] = deque(maxlen=trainer.recipe.log_every)
        self._bar.reset(self._task, total=trainer.recipe.steps, completed=trainer.step_count, pace="")

    def on_step(self, step: int, losses: Mapping[str, float]) -> None:
        """Move the bar."""
        from rich.console import Group
        from rich.text import Text

        self._losses.append(losses)
        speed = self._bar.tasks[0].speed
        self._bar.update(self._task, completed=step, pace=f"{1 / speed:.2f} s/step" if speed else "")
        self.shown.update(Group(self._bar, Text(_losses_line(mean_losses(self._losses)))))

    def on_message(self, line: str) -> None:
        """Print a line above the bar."""
        self.shown.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def warn(self, line: str) -> None:
        """Print a warning above the bar."""
        self.on_message(f"warning: {line}")


def _losses_line(means: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in means.items())
