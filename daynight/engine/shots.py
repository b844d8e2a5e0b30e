"""Shots: the frames around a frame, read once and kept while they are needed, and what a shot's steps learn.

A frame's result is a function of named plates: whichever of them a run has been asked to convert, and in
however many chunks, the chain sees the same ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Lock

import numpy as np

from daynight.engine.intake import Arrival, Intake
from daynight.engine.planning import FrameJob
from daynight.errors import PlateError, UsageError
from daynight.frames.frame import Frame
from daynight.frames.resize import reduced
from daynight.looks.chain import Chain
from daynight.plates import written_whole
from daynight.plates.sequences import Shot
from daynight.plugin.step import ShotFacts


class ShotReader:
    """Reads the plates of one shot, each once however many frames' windows it lies in.

    ``gather`` runs on several readers' threads; ``frame`` and ``forget`` on the one that computes.

    Args:
        shot: whose plates.
        intake: reads one.
        before: earlier frames that each frame's window holds.
        after: later ones.
    """

    def __init__(self, shot: Shot, intake: Intake, before: int, after: int) -> None:
        self._intake, self._before, self._after = intake, before, after
        self._paths = dict(shot.frames)
        self._read: dict[int | None, Future[Arrival]] = {}
        self._lock = Lock()

    def gather(self, job: FrameJob) -> Arrival:
        """Read a frame's plate and all that its window holds, as far as no other thread has.

        Raises:
            PlateError: its own plate can't be read; its neighbours' faults are their own.
        """
        if job.missing is not None:
            read = self._intake.black if job.missing == "black" else self._intake.read
            own = read(job.source, job.number)
        for number in self._window(job):
            if number in self._paths:
                self._wait_for(number)
        return own if job.missing else self._read[job.number].result()

    def frame(self, number: int) -> Frame | None:
        """Return a frame that was gathered; ``None`` where it is absent or can't be read."""
        future = self._read.get(number)
        return None if future is None or future.exception() else future.result().frame

    def forget(self, job: FrameJob) -> None:
        """Drop the plates that no frame after this one needs."""
        with self._lock:
            if job.number is None:
                self._read.clear()
                return
            for number in [
                each for each in self._read if each is not None and each <= job.number - self._before
            ]:
                del self._read[number]

    def _window(self, job: FrameJob) -> Iterable[int | None]:
        if job.number is None:
            return (None,)
        # A black frame meets no step, and so needs no neighbours.
        if job.missing == "black":
            return ()
        return range(job.number - self._before, job.number + self._after + 1)

    def _wait_for(self, number: int | None) -> None:
        """Read a plate, or wait for the thread that is reading it."""
        with self._lock:
            future = self._read.get(number)
            first = future is None
            future = future or self._read.setdefault(number, Future())
        if first:
            try:
                future.set_result(self._intake.read(self._paths[number], number))
            except Exception as fault:  # it is that frame's own, and raised when its turn comes
                future.set_exception(fault)
        future.exception()


class ShotFactsFile:
    """What a shot's steps learned of it, as JSON beside its results, so that all chunks share it."""

    def __init__(self, job: FrameJob) -> None:
        pattern = Path(job.shot.name)
        self.path = job.target.with_name(f"{pattern.name.replace('#', '').replace('..', '.')}.facts.json")

    def read(self, key: str) -> dict[int, ShotFacts] | None:
        """Return the facts, by step; ``None`` where there are none of this key."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            if content["key"] == key:
                return {int(index): facts for index, facts in content["steps"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        return None

    def write(self, key: str, facts: Mapping[int, ShotFacts], names: Mapping[int, str]) -> None:
        """Write the facts and the names of their steps, whole or not at all.

        Raises:
            PlateError: the disk refuses.
        """
        try:
            with written_whole(self.path) as temporary:
                content = {"key": key, "names": names, "steps": facts}
                temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            fault = f"can't be written ({error.strerror})"
            raise PlateError(self.path, fault, "check disk space and permissions") from None


def shot_facts(
    job: FrameJob, chain: Chain, intake: Intake, provenance: Mapping[str, str]
) -> Mapping[int, ShotFacts]:
    """Return what the chain's shot steps learn from a frame's shot; from its file where that is current.

    Every chunk looks at the same plates: a sample of all that the shot has, converted or not.

    Args:
        job: of any frame of the shot.
        chain: whose steps.
        intake: reads plates.
        provenance: of the results; facts of any other job, model or config are learned anew.

    Raises:
        PlateError: a step can't work on this shot, or the facts can't be written.
    """
    if not chain.shot_steps:
        return {}
    plates = job.shot.frames
    file = ShotFactsFile(job)
    key = _key(provenance, [path for _, path in plates], chain)
    facts = file.read(key)
    if facts is None:

        def fetch(position: int) -> Frame | None:
            number, path = plates[position]
            with suppress(PlateError):
                return intake.read(path, number).frame
            return None

        facts = analyse(chain, len(plates), fetch)
        if len(plates) > 1:  # a single frame has no chunks to share them
            file.write(key, facts, {index: step.name for index, step in chain.shot_steps.items()})
    return facts


def lent_facts(path: Path, chain: Chain) -> dict[int, ShotFacts]:
    """Return what another shot's facts file tells that holds for this shot too, by this chain's steps.

    Raises:
        UsageError: it can't be read, or its look had none of these steps.
    """
    subject, remedy = f"`light_of={path}`", "give the NAME.facts.json beside a converted shot"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        by_name = {name: dict(content["steps"][index]) for index, name in content["names"].items()}
    except OSError as error:
        raise UsageError(subject, f"can't be read ({error.strerror})", remedy) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(subject, "holds no facts of a shot", remedy) from None
    lent: dict[int, ShotFacts] = {
        index: {name: value for name, value in by_name.get(step.name, {}).items() if name in step.lendable}
        for index, step in chain.shot_steps.items()
    }
    if not all(isinstance(value, int | float) for facts in lent.values() for value in facts.values()):
        raise UsageError(subject, "holds no facts of a shot", remedy)
    if not any(lent.values()):
        raise UsageError(subject, f"holds nothing that look {chain.name} learns of a shot", remedy)
    return lent


def analyse(chain: Chain, count: int, fetch: Callable[[int], Frame | None]) -> dict[int, ShotFacts]:
    """Return what a chain's shot steps learn from a shot, by their index in the chain.

    Args:
        chain: whose steps.
        count: frames in the shot.
        fetch: returns one by its position, as it enters the chain; ``None`` where it can't be read.
    """
    steps = chain.shot_steps
    samples = {index: spread(range(count), step.samples) for index, step in steps.items()}
    thumbnails: dict[int, list[Frame]] = {index: [] for index in steps}
    for position in sorted(set().union(*samples.values())):
        frame = fetch(position)
        for index, step in steps.items():
            if frame is not None and position in samples[index]:
                thumbnails[index].append(thumbnail(chain.encoded(frame, index), step.thumbnail_side))
    # Through JSON: a fact must not depend on whether it was just learned, or read from its file.
    return {index: json.loads(json.dumps(step.analyse(thumbnails[index]))) for index, step in steps.items()}


def thumbnail(frame: Frame, side: int) -> Frame:
    """Return a small picture of an untiled frame: its short side at most ``side`` pixels."""
    pixels = reduced(frame.image, side / min(frame.height, frame.width))[np.newaxis]
    return Frame(
        pixels, frame.encoding, high_range=frame.high_range, number=frame.number, source=frame.source
    )


def spread(positions: Sequence[int], most: int) -> list[int]:
    """Return at most so many of some positions, evenly spaced, the first and the last among them."""
    if len(positions) <= most:
        return list(positions)
    return [positions[round(index * (len(positions) - 1) / max(most - 1, 1))] for index in range(most)]


def _key(provenance: Mapping[str, str], plates: Sequence[Path], chain: Chain) -> str:
    """Return a hash of what the facts depend on: how results are made, and the plates looked at."""
    steps = chain.shot_steps.values()
    seen = {position for step in steps for position in spread(range(len(plates)), step.samples)}
    versions = [[plates[position].name, *_version(plates[position])] for position in sorted(seen)]
    return hashlib.sha256(json.dumps([dict(provenance), versions], sort_keys=True).encode()).hexdigest()


def _version(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
