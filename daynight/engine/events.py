"""What a conversion tells while it goes on, and what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from daynight.engine.planning import FrameJob, MissingFrames, Plan
from daynight.errors import DaynightError
from daynight.frames.frame import Frame
from daynight.looks.chain import Chain


@dataclass(frozen=True)
class Started:
    """A conversion begins."""

    plan: Plan
    chain: Chain
    ocio: str
    """Name or path of the OCIO config."""

    @property
    def device(self) -> str:
        """Where the models run, and why; empty where the chain has none."""
        return str(self.chain.models[0].device) if self.chain.models else ""


@dataclass(frozen=True)
class FrameDone:
    """A frame has its result under its final name, or has failed."""

    job: FrameJob
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds it took to ``read``, ``compute`` and ``write``; they overlap with other frames'."""
    fault: DaynightError | None = None
    """Why it has no result; ``None``: it has."""
    trace: str = ""
    """The fault's traceback as text: the traceback itself would keep the frame's pixels."""
    nonfinite: int = 0
    """Pixels of the plate with NaN or infinity."""


Event: TypeAlias = Started | FrameDone | MissingFrames
Observer: TypeAlias = Callable[[Event], None]
Viewer: TypeAlias = Callable[[FrameJob, Frame, Frame], None]
"""Takes the job, the plate and the result of a frame that was written."""


@dataclass
class Summary:
    """How a conversion ended."""

    outputs: tuple[Path, ...]
    """Folders of the results."""
    device: str
    """Where the models ran, and why; empty where the chain has none."""
    done: int = 0
    """Frames written."""
    finished: int = 0
    """Frames that were finished before."""
    skipped: int = 0
    """Missing frames that were skipped, as requested."""
    not_reached: int = 0
    """Frames not tried: an earlier one failed, and the run stopped there."""
    seconds: float = 0.0
    """Wall time."""
    nonfinite: int = 0
    """Pixels with NaN or infinity, in all plates."""
    failed: list[FrameDone] = field(default_factory=list)
    """Frames without a result."""
    missing: tuple[MissingFrames, ...] = ()
    """Frames that have no plate, a value for each shot."""
    unread: tuple[DaynightError, ...] = ()
    """Folders that could not be read."""

    @property
    def complete(self) -> bool:
        """Whether every requested frame has its result."""
        return not self.faults

    @property
    def faults(self) -> tuple[DaynightError, ...]:
        """Why results are missing: a fault for each folder not read, each shot's gaps, each failed frame."""
        failed = (event.fault for event in self.failed if event.fault)
        return (*self.unread, *(each.fault for each in self.missing), *failed)

    def __str__(self) -> str:
        """Return how the run ended, in one line."""
        parts = [f"{self.done} frames in {self.seconds:.1f} s"]
        if self.done and self.seconds:
            parts.append(f"{self.done / self.seconds:.2f} fps")
        counts = (
            (len(self.failed), "failed"),
            (sum(len(each.numbers) for each in self.missing), "missing"),
            (self.finished, "already finished"),
            (self.skipped, "missing, skipped"),
            (self.not_reached, "not reached"),
            (len(self.unread), "folders not read"),
            (self.nonfinite, "pixels with NaN or infinity"),
        )
        return ", ".join(parts + [f"{count} {what}" for count, what in counts if count])


def each_once(warn: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that passes each line on only the first time."""
    passed: set[str] = set()

    def warn_once(message: str) -> None:
        if message not in passed:
            passed.add(message)
            warn(message)

    return warn_once
