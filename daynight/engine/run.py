"""Carrying a plan out: each frame is read, run through the chain and written, with an event for each."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from daynight.colour.spaces import ColourSpaces
from daynight.engine.delivery import Delivery
from daynight.engine.events import FrameDone, Observer, Started, Summary, Viewer
from daynight.engine.intake import Arrival, Intake
from daynight.engine.pipeline import Outcome, overlap
from daynight.engine.planning import FrameJob, Plan
from daynight.engine.shots import ShotReader, shot_facts
from daynight.errors import DaynightError, PlateError
from daynight.frames.frame import Frame
from daynight.job import Job
from daynight.looks.chain import Chain, Timeline
from daynight.plates import display_size
from daynight.plates.sequences import Shot
from daynight.plugin.step import ShotFacts


@dataclass(frozen=True)
class Conversion:
    """All that is opened for a conversion; no frame has been read."""

    job: Job
    plan: Plan
    chain: Chain
    spaces: ColourSpaces
    intake: Intake
    lent: Mapping[int, ShotFacts] = field(default_factory=dict)
    """What another shot's steps learned, by their index in this chain."""

    @property
    def started(self) -> Started:
        """The event that begins its run."""
        return Started(self.plan, self.chain, self.spaces.config)


def run_conversion(
    conversion: Conversion,
    *,
    observe: Observer = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
    view: Viewer | None = None,
    workers: int = 2,
) -> Summary:
    """Convert the frames of a plan.

    Args:
        conversion: what to do, opened.
        observe: called with each event, on the calling thread.
        warn: called with one line for each kind of data that a format drops, from any thread.
        view: called with plate and result of each written frame, on a writer's thread.
        workers: threads that read, and as many that write.

    Returns:
        What was done; failed frames are listed, not raised.
    """
    began = time.perf_counter()
    plan, stop = conversion.plan, conversion.job.on_error == "stop"
    run = _Run(conversion, warn, view)
    summary = Summary(
        plan.outputs,
        conversion.started.device,
        finished=plan.finished,
        skipped=plan.skipped,
        missing=plan.missing,
        unread=plan.faults,
    )
    observe(conversion.started)
    for gap in plan.missing:
        observe(gap)

    def jobs() -> Iterator[FrameJob]:
        for job in plan.jobs:
            if stop and not summary.complete:
                return
            yield job

    for outcome in overlap(jobs(), run.read, run.compute, run.write, ahead=workers, behind=workers):
        event = outcome.written or _failed(outcome)
        summary.nonfinite += event.nonfinite
        if event.fault:
            summary.failed.append(event)
        else:
            summary.done += 1
        observe(event)
    summary.not_reached = len(plan.jobs) - summary.done - len(summary.failed)
    summary.seconds = time.perf_counter() - began
    return summary


class _Run:
    """The three stages of a conversion: ``read`` and ``write`` run on several threads, ``compute`` on one."""

    def __init__(self, conversion: Conversion, warn: Callable[[str], None], view: Viewer | None) -> None:
        self._job, self._chain = conversion.job, conversion.chain
        self._warn, self._view = warn, view
        self._intake, self._lent = conversion.intake, conversion.lent
        self._delivery = Delivery(conversion.job, conversion.spaces, conversion.chain, warn)
        self._readers: dict[tuple[Path, str], ShotReader] = {}
        self._lock = Lock()
        self._shot: _Shot | None = None

    def read(self, job: FrameJob) -> _Read:
        """Read a frame's plate, and those of its neighbours that its steps see."""
        began = time.perf_counter()
        arrival = self._reader(job.shot).gather(job)
        return _Read(arrival, time.perf_counter() - began)

    def compute(self, job: FrameJob, read: _Read) -> _Computed:
        """Run the chain; frames come here one by one and in order."""
        began = time.perf_counter()
        if self._shot is None or self._shot.of is not job.shot:
            self._shot = self._begin(job)
        self._note_size(self._shot, job, read.arrival.plate)
        arrival = read.arrival
        result = arrival.frame if job.missing == "black" else self._shot.result(job, arrival)
        self._shot.reader.forget(job)
        return _Computed(read.arrival.plate, result, (read.seconds, time.perf_counter() - began))

    def write(self, job: FrameJob, computed: _Computed) -> FrameDone:
        """Write a result as a file of its plate's form."""
        began = time.perf_counter()
        plate = computed.plate
        result = self._delivery.write(job, plate, computed.result)
        stages = (*computed.seconds, time.perf_counter() - began)
        if self._view:
            self._view(job, plate, result)
        seconds = dict(zip(("read", "compute", "write"), stages, strict=True))
        return FrameDone(job, seconds, nonfinite=plate.nonfinite)

    def _reader(self, shot: Shot) -> ShotReader:
        with self._lock:
            key = (shot.root, shot.name)
            if key not in self._readers:
                self._readers[key] = ShotReader(shot, self._intake, self._chain.before, self._chain.after)
            return self._readers[key]

    def _begin(self, job: FrameJob) -> _Shot:
        """Begin a shot: learn of it what its steps ask for, and drop the plates of the one before."""
        reader = self._reader(job.shot)
        if self._shot is not None:
            with self._lock:
                self._readers.pop((self._shot.of.root, self._shot.of.name), None)
        learned = shot_facts(job, self._chain, self._intake, self._delivery.provenance)
        facts = {index: {**own, **self._lent.get(index, {})} for index, own in learned.items()}
        expected = _first_size(job.shot) if self._job.strict else None
        return _Shot(job.shot, reader, Timeline(self._chain, reader.frame, facts), expected)

    def _note_size(self, shot: _Shot, job: FrameJob, plate: Frame) -> None:
        """Note a change of size: a new take, said once a shot; a fault where the job is strict."""
        size = plate.picture_size
        if shot.expected and size != shot.expected:
            found, wanted = (f"{width}x{height}" for width, height in (size, shot.expected))
            remedy = "fix the frame, convert it by itself, or leave `strict` out"
            raise PlateError(job.source, f"is {found} in a shot of {wanted}", remedy)
        if shot.size and size != shot.size and not shot.changed:
            before, after = (f"{width}x{height}" for width, height in (shot.size, size))
            self._warn(
                f"{job.shot.name}: {job.source.name} is {after} after {before}: "
                "each change of size in this shot begins a new take"
            )
            shot.changed = True
        shot.size = size


@dataclass(frozen=True)
class _Read:
    arrival: Arrival
    seconds: float


@dataclass(frozen=True)
class _Computed:
    plate: Frame
    result: Frame
    seconds: tuple[float, float]
    """Of reading and of computing."""


@dataclass
class _Shot:
    """What the run keeps of the shot at hand."""

    of: Shot
    reader: ShotReader
    timeline: Timeline
    expected: tuple[int, int] | None
    """Width and height that all its pictures must have; ``None``: any."""
    size: tuple[int, int] | None = None
    """Width and height of the picture before."""
    changed: bool = False

    def result(self, job: FrameJob, arrival: Arrival) -> Frame:
        """Return the chain's result for a frame."""
        number = job.number or 0
        self.timeline.forget(number - self.timeline.chain.before)
        if job.number is not None and job.missing is None:
            return self.timeline.result(number)
        # A still, or a plate held over a gap: it has a timeline of its own, since to its neighbours in the
        # shot the frame is absent.
        chain, facts = self.timeline.chain, self.timeline.facts
        own = Timeline(chain, lambda n: arrival.frame if n == number else self.reader.frame(n), facts)
        return own.result(number)


def _first_size(shot: Shot) -> tuple[int, int] | None:
    """Return the size of the shot's first plate that opens, converted or not, so that chunks agree."""
    for _, path in shot.frames:
        with suppress(PlateError):
            return display_size(path)
    return None


def _failed(outcome: Outcome[FrameJob, FrameDone]) -> FrameDone:
    """Return any fault as one line, and its traceback as text."""
    job, fault = outcome.job, outcome.fault
    assert fault is not None
    trace = "".join(traceback.format_exception(fault))
    if isinstance(fault, DaynightError):
        error = type(fault)(fault.subject, fault.fault, fault.remedy)
    else:
        line = " ".join(f"{type(fault).__name__}: {fault}".split())
        error = PlateError(job.source, f"can't be converted ({line})", "see the traceback: `debug`")
    return FrameDone(job, fault=error, trace=trace)
