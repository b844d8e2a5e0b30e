"""Reading, computing and writing that overlap; the queues between them, and nothing else.

Three stages: ``ahead`` frames are being read or lie ready, one is computed (on the calling thread, in
order), ``behind`` are being written. All three numbers are small and fixed, so memory does not grow with
the length of a shot. A stage that fails gives its fault for its frame alone: each frame's fault travels in
its future, so no stage ever waits for one that is gone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

Job = TypeVar("Job")
Read = TypeVar("Read")
Computed = TypeVar("Computed")
Written = TypeVar("Written")


@dataclass(frozen=True)
class Outcome(Generic[Job, Written]):
    """How one job ended: done, or with a fault."""

    job: Job
    written: Written | None = None
    """What its last stage returned; ``None``: it has a fault."""
    fault: Exception | None = None


def overlap(
    jobs: Iterable[Job],
    read: Callable[[Job], Read],
    compute: Callable[[Job, Read], Computed],
    write: Callable[[Job, Computed], Written],
    *,
    ahead: int = 2,
    behind: int = 2,
) -> Iterator[Outcome[Job, Written]]:
    """Run jobs through three stages at once, and give each one's outcome in the order of the jobs.

    To stop early, end ``jobs``: the frames under way are finished and given. If the iterator is closed
    instead (an interrupt), what is being written is still finished, so no file is left half done.

    Args:
        jobs: taken one by one, only as far ahead as frames are read.
        read: on one of ``ahead`` threads, for several jobs at once.
        compute: on the calling thread, one job after the other, in order.
        write: on one of ``behind`` threads.
        ahead: frames read or being read beyond the one that is computed.
        behind: frames computed but not yet written.
    """
    queue = iter(jobs)
    reading: deque[tuple[Job, Future[Read]]] = deque()
    writing: deque[tuple[Job, Future[Written]]] = deque()
    readers = ThreadPoolExecutor(ahead, "daynight-read")
    writers = ThreadPoolExecutor(behind, "daynight-write")
    try:
        reading.extend((job, readers.submit(read, job)) for job in islice(queue, ahead))
        while reading:
            job, ready = reading.popleft()
            reading.extend((following, readers.submit(read, following)) for following in islice(queue, 1))
            done = _computed(job, ready, compute, write, writers)
            del ready  # else this frame's pixels would stay until the next one is read
            writing.append((job, done))
            while len(writing) > behind or (writing and writing[0][1].done()):
                yield _outcome(*writing.popleft())
        while writing:
            yield _outcome(*writing.popleft())
    finally:
        readers.shutdown(wait=True, cancel_futures=True)
        writers.shutdown(wait=True)


def _computed(
    job: Job,
    ready: Future[Read],
    compute: Callable[[Job, Read], Computed],
    write: Callable[[Job, Computed], Written],
    writers: ThreadPoolExecutor,
) -> Future[Written]:
    """Compute one job and hand it to a writer; a fault becomes the future's."""
    try:
        result = compute(job, ready.result())
    except Exception as fault:  # any fault is this frame's own: it is reported with its name
        failed: Future[Written] = Future()
        failed.set_exception(fault)
        return failed
    return writers.submit(write, job, result)


def _outcome(job: Job, done: Future[Written]) -> Outcome[Job, Written]:
    fault = done.exception()
    if fault is None:
        return Outcome(job, done.result())
    if not isinstance(fault, Exception):
        raise fault
    return Outcome(job, fault=fault)
