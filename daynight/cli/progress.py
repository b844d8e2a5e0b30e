"""How a run shows itself: a bar for people, JSON lines for farms, or nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeAlias

import click

from daynight.cli.flags import flagged
from daynight.engine.events import Event, FrameDone, Started, Summary
from daynight.engine.planning import MissingFrames

Translate: TypeAlias = Callable[[str], str]
"""Turns a message's fields into flags."""


class Progress(Protocol):
    """Where a run reports to."""

    def observe(self, event: Event) -> None:
        """Take an event of the run."""

    def warn(self, message: str) -> None:
        """Take a warning."""

    def finish(self, summary: Summary) -> None:
        """Take how the run ended."""


@contextmanager
def open_progress(kind: str) -> Iterator[Progress]:
    """Open a way of showing a run: ``bar``, ``json``, ``none``, or ``auto`` (a bar on a terminal)."""
    # Warnings come from threads of their own, which know of no context.
    translate = partial(flagged, context=click.get_current_context(silent=True))
    if kind == "json":
        yield JsonLines(translate)
    elif kind == "bar" or (kind == "auto" and sys.stderr.isatty()):
        bar = Bar(translate)
        with bar.shown:
            yield bar
    else:
        yield Quiet(translate, device=kind != "none")


class Quiet:
    """Warnings, and the device where asked for."""

    def __init__(self, translate: Translate, *, device: bool) -> None:
        self._translate, self._device = translate, device

    def observe(self, event: Event) -> None:
        """Name the device once."""
        if self._device and isinstance(event, Started) and event.device:
            click.echo(f"device: {event.device}", err=True)

    def warn(self, message: str) -> None:
        """Print a warning."""
        click.echo(f"warning: {self._translate(message)}", err=True)

    def finish(self, summary: Summary) -> None:
        """Show nothing: the summary's line follows."""


class JsonLines:
    """One JSON object a line on standard output: ``started``, ``frame`` for each, ``finished``."""

    def __init__(self, translate: Translate) -> None:
        self._translate = translate

    def observe(self, event: Event) -> None:
        """Print the event."""
        if isinstance(event, Started):
            self._print(event="started", frames=len(event.plan.jobs), device=event.device or None)
        elif isinstance(event, MissingFrames):
            self._print(
                event="missing",
                shot=event.shot.name,
                frames=event.ranges,
                fault=self._translate(str(event.fault)),
            )
        elif isinstance(event, FrameDone):
            self._print(
                event="frame",
                shot=event.job.shot.name,
                number=event.job.number,
                target=str(event.job.target),
                fault=self._translate(str(event.fault)) if event.fault else None,
                nonfinite=event.nonfinite,
                seconds={stage: round(value, 4) for stage, value in event.seconds.items()},
            )

    def warn(self, message: str) -> None:
        """Print a warning."""
        self._print(event="warning", message=self._translate(message))

    def finish(self, summary: Summary) -> None:
        """Print the totals."""
        self._print(
            event="finished",
            done=summary.done,
            failed=len(summary.failed),
            missing=sum(len(each.numbers) for each in summary.missing),
            finished=summary.finished,
            skipped=summary.skipped,
            not_reached=summary.not_reached,
            nonfinite=summary.nonfinite,
            seconds=round(summary.seconds, 3),
        )

    @staticmethod
    def _print(**fields: object) -> None:
        click.echo(json.dumps(fields))


class Bar:
    """Shot, frame, frames per second and time left, on the error stream."""

    def __init__(self, translate: Translate) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._translate = translate
        self.shown = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[fps]}", markup=False),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self.shown.add_task("", total=None, fps="")

    def observe(self, event: Event) -> None:
        """Move the bar."""
        if isinstance(event, Started):
            self.shown.update(self._task, total=len(event.plan.jobs))
            if event.device:
                self._print(f"device: {event.device}")
        if not isinstance(event, FrameDone):
            return
        job = event.job
        number = "" if job.number is None else f" {job.number}"
        speed = self.shown.tasks[0].speed
        fps = f"{speed:.2f} fps" if speed else ""
        self.shown.update(self._task, advance=1, description=f"{job.shot.name}{number}", fps=fps)

    def warn(self, message: str) -> None:
        """Print a warning above the bar."""
        self._print(f"warning: {self._translate(message)}")

    def finish(self, summary: Summary) -> None:
        """Show nothing: the summary's line follows."""

    def _print(self, line: str) -> None:
        self.shown.console.print(line, highlight=False, markup=False, soft_wrap=True)
