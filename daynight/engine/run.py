"""Carrying a plan out: each frame read, run through the chain and written, and told of on the way."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from daynight.engine.pipeline import Outcome, overlap
from daynight.engine.planning import FrameJob, Plan, missing_error
from daynight.errors import DaynightError, PlateError
from daynight.frames.frame import Frame
from daynight.frames.nonfinite import NonFinite, settled
from daynight.looks.chain import Chain
from daynight.looks.mixing import with_mask
from daynight.plates import (
    LIMITS,
    Limits,
    WriteOptions,
    display_size,
    form_of,
    losses,
    read_frame,
    write_frame,
)
from daynight.plates.masks import Masks
from daynight.plates.sequences import Shot

OnError = Literal["stop", "continue"]


@dataclass(frozen=True)
class Handling:
    """How plates are read and results written, beside what the chain does to them."""

    layer: str | None = None
    """The picture's layer, part or view; ``None``: R, G and B."""
    limits: Limits = LIMITS
    """What a plate's header may claim."""
    nonfinite: NonFinite = "keep"
    """What becomes of NaN and infinite light."""
    masks: Masks | None = None
    """Where the look applies; ``None``: everywhere."""
    write: WriteOptions = field(default_factory=WriteOptions)
    """What is asked of the results' files."""
    strict: bool = False
    """Whether what a result's format can't hold is a fault, not a warning."""


@dataclass(frozen=True)
class Started:
    """A conversion begins."""

    plan: Plan
    chain: Chain


@dataclass(frozen=True)
class FrameDone:
    """A frame has its result under its final name, or has failed."""

    job: FrameJob
    seconds: dict[str, float]
    """Seconds it took to ``read``, ``compute`` and ``write``; they overlap with other frames'."""
    fault: DaynightError | None
    """Why it has no result; ``None``: it has."""
    trace: str = ""
    """The fault's traceback as text, for ``--debug``: the traceback itself would keep the frame's pixels."""
    nonfinite: int = 0
    """Pixels of the plate that hold NaN or infinite light."""


Event: TypeAlias = "Started | FrameDone"
Observer: TypeAlias = Callable[[Event], None]
Viewer: TypeAlias = Callable[[FrameJob, Frame, Frame], None]


@dataclass
class Summary:
    """How a conversion ended."""

    outputs: tuple[Path, ...]
    """Folders with the results."""
    device: str
    """Where the model ran and why; empty where the chain has none."""
    done: int = 0
    """Frames written."""
    finished: int = 0
    """Frames that were there already."""
    skipped: int = 0
    """Missing frames passed over as asked."""
    not_reached: int = 0
    """Frames not tried, since an earlier one failed and ``on_error`` is ``stop``."""
    seconds: float = 0.0
    """Wall time."""
    nonfinite: int = 0
    """Pixels with NaN or infinite light, in all plates."""
    failed: list[FrameDone] = field(default_factory=list)
    """Frames without a result."""
    unread: tuple[DaynightError, ...] = ()
    """Folders that could not be read."""

    def __str__(self) -> str:
        """Tell how the run ended, in one line."""
        parts = [f"{self.done} frames in {self.seconds:.1f} s"]
        if self.done and self.seconds:
            parts.append(f"{self.done / self.seconds:.2f} fps")
        counts = (
            (len(self.failed), "failed"),
            (self.finished, "there already"),
            (self.skipped, "missing, skipped"),
            (self.not_reached, "not reached"),
            (len(self.unread), "folders not read"),
            (self.nonfinite, "pixels with NaN or infinite light"),
        )
        return ", ".join(parts + [f"{count} {what}" for count, what in counts if count])


def run_plan(
    plan: Plan,
    chain: Chain,
    *,
    on_error: OnError = "continue",
    handling: Handling | None = None,
    observe: Observer = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
    view: Viewer | None = None,
    workers: int = 2,
) -> Summary:
    """Convert the frames of a plan.

    Args:
        plan: what to do.
        chain: the opened chain.
        on_error: whether the first failed frame ends the run.
        handling: how plates are read and results written.
        warn: takes one line for each thing that a format can't hold, from any thread.
        observe: told what happens, on the calling thread.
        view: shown plate and result of each frame written, on a writer's thread.
        workers: threads that read, and as many that write.

    Returns:
        What was done; failed frames are listed, not raised.
    """
    began = time.perf_counter()
    run = _Run(chain, handling or Handling(), warn, view)
    device = str(chain.network.device) if chain.network else ""
    summary = Summary(plan.outputs, device, finished=plan.finished, skipped=plan.skipped, unread=plan.faults)
    observe(Started(plan, chain))

    def jobs() -> Iterator[FrameJob]:
        for job in plan.jobs:
            if summary.failed and on_error == "stop":
                return
            yield job

    for outcome in overlap(jobs(), run.read, run.compute, run.write, ahead=workers, behind=workers):
        seconds = run.seconds.pop(id(outcome.job), {})
        if outcome.job.target is None:
            continue  # only shown to steps with memory
        event = _event(outcome, seconds, run.nonfinite.pop(id(outcome.job), 0))
        summary.nonfinite += event.nonfinite
        if event.fault:
            summary.failed.append(event)
        else:
            summary.done += 1
        observe(event)
    summary.not_reached = plan.written - summary.done - len(summary.failed)
    summary.seconds = time.perf_counter() - began
    return summary


class _Run:
    """The three stages of one conversion."""

    def __init__(
        self, chain: Chain, handling: Handling, warn: Callable[[str], None], view: Viewer | None
    ) -> None:
        self._chain = chain
        self._handling = handling
        self._warn = warn
        self._view = view
        self._provenance = chain.provenance
        self._shot: Shot | None = None
        self._size: tuple[int, int] | None = None
        self.seconds: dict[int, dict[str, float]] = {}
        self.nonfinite: dict[int, int] = {}

    def read(self, job: FrameJob) -> tuple[Frame, Frame]:
        """Read a plate and bring it into the first step's form: both are given."""
        if job.missing == "error":
            raise missing_error(job)
        with self._timed(job, "read"):
            asked = self._handling
            plate = read_frame(job.source, job.number, layer=asked.layer, limits=asked.limits)
            plate = self._chain.spaces.declared(plate)
            if job.missing == "black":
                black = plate.black(job.number or 0)
                integer = plate.file is not None and plate.file.integer
                plate = self._chain.spaces.to_file(black, plate.space, integer=integer)
            plate = settled(plate, asked.nonfinite)
            self.nonfinite[id(job)] = plate.nonfinite
            if asked.masks:
                plate = with_mask(plate, asked.masks.of(plate))
            return plate, self._chain.enter(plate)

    def compute(self, job: FrameJob, frames: tuple[Frame, Frame]) -> tuple[Frame, Frame]:
        """Run the chain; frames come here one by one and in order."""
        plate, frame = frames
        another = job.shot is not self._shot
        if another:
            self._shot, self._size = job.shot, _size_of(job.shot)
        if another or job.starts:  # a shot's first frame may have failed before it came here
            self._chain.start_shot(job.shot.name)
        _require_size(job, plate, self._size)
        if job.missing == "black":
            return plate, plate
        with self._timed(job, "compute"):
            return plate, self._chain.apply(frame)

    def write(self, job: FrameJob, frames: tuple[Frame, Frame]) -> None:
        """Write a result in its plate's form."""
        if job.target is None:
            return
        plate, result = frames
        with self._timed(job, "write"):
            form = form_of(plate, job.target, self._handling.write.depth)
            result = self._chain.leave(result, plate, form)
            spaces, lost = self._chain.spaces, losses(plate, result, form, self._handling.write.compression)
            says_what_the_plate_says = form.same and result.space == plate.space
            if not says_what_the_plate_says:
                lost += spaces.untold(result.space, form)
            self._tell_losses(job, lost)
            tags = {} if says_what_the_plate_says else spaces.tags(result.space, form)
            write_frame(
                result,
                form,
                options=self._handling.write,
                attributes={**self._provenance, **tags},
                untouched=not self._chain.steps,
            )
        if self._view:
            self._view(job, plate, result)

    def _tell_losses(self, job: FrameJob, lost: Sequence[str]) -> None:
        ending = job.target.suffix.lower().lstrip(".") if job.target else ""
        if lost and self._handling.strict:
            remedy = "give a format that holds it, or leave --strict out"
            raise PlateError(job.source, f"{ending} holds {'; '.join(lost)}", remedy)
        for each in lost:
            self._warn(f"{job.shot.name}: {ending} holds {each}")

    @contextmanager
    def _timed(self, job: FrameJob, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds.setdefault(id(job), {})[stage] = time.perf_counter() - began


def _size_of(shot: Shot) -> tuple[int, int] | None:
    """Size of a shot's picture: of its first plate that opens, asked for or not, so that chunks agree."""
    for _, path in shot.frames:
        with suppress(PlateError):
            return display_size(path)
    return None


def _require_size(job: FrameJob, plate: Frame, size: tuple[int, int] | None) -> None:
    window = plate.display_window
    found = (window.width, window.height) if window else (plate.width, plate.height)
    if size and found != size:
        raise PlateError(
            job.source,
            f"is {found[0]}x{found[1]} in a shot of {size[0]}x{size[1]}",
            "mend the frame, or convert it by itself",
        )


def _event(outcome: Outcome[FrameJob], seconds: dict[str, float], nonfinite: int) -> FrameDone:
    """Give any fault as one line and its traceback as text."""
    job, fault = outcome.job, outcome.fault
    if fault is None:
        return FrameDone(job, seconds, None, nonfinite=nonfinite)
    trace = "".join(traceback.format_exception(fault))
    if isinstance(fault, DaynightError):
        error = type(fault)(fault.subject, fault.fault, fault.remedy)
    else:
        line = " ".join(f"{type(fault).__name__}: {fault}".split())
        error = PlateError(job.source, f"can't be converted ({line})", "see --debug")
    return FrameDone(job, seconds, error, trace, nonfinite)
