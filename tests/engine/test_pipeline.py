"""Three stages at once: order, bounds, and faults that stay where they belong."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from daynight.engine.pipeline import overlap


def test_outcomes_come_in_order_and_everything_is_done() -> None:
    written = []
    outcomes = overlap(range(50), lambda n: n * 2, lambda n, x: x + n, lambda n, x: written.append((n, x)))
    assert [outcome.job for outcome in outcomes if outcome.fault is None] == list(range(50))
    assert sorted(written) == [(n, 3 * n) for n in range(50)]


@pytest.mark.parametrize("stage", ["read", "compute", "write"])
def test_a_fault_in_any_stage_stays_with_its_frame(stage: str) -> None:
    def failing(name: str, result: object) -> object:
        def run(job: int, *_: object) -> object:
            if name == stage and job % 3 == 0:
                raise ValueError(job)
            return result

        return run

    outcomes = list(overlap(range(20), failing("read", 1), failing("compute", 2), failing("write", None)))
    assert [outcome.job for outcome in outcomes] == list(range(20))
    assert [outcome.job for outcome in outcomes if outcome.fault] == [n for n in range(20) if n % 3 == 0]


def test_the_stages_overlap() -> None:
    """While one frame is computed, a later one is read and an earlier one written."""
    reading, writing = threading.Event(), threading.Event()

    def read(job: int) -> int:
        if job == 2:
            reading.set()
        return job

    def compute(job: int, _: int) -> int:
        if job == 1:
            assert reading.wait(10)
            assert writing.wait(10)
        return job

    def write(job: int, _: int) -> None:
        if job == 0:
            writing.set()

    assert all(outcome.fault is None for outcome in overlap(range(4), read, compute, write))


def test_frames_under_way_are_bounded() -> None:
    alive, most = 0, 0
    lock = threading.Lock()

    def read(job: int) -> int:
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)
        return job

    def write(job: int, _: int) -> None:
        nonlocal alive
        with lock:
            alive -= 1

    list(overlap(range(200), read, lambda job, _: job, write, ahead=3, behind=2))
    assert alive == 0
    assert most <= 3 + 1 + 2 + 1


def test_ending_the_jobs_finishes_the_frames_under_way() -> None:
    written: list[int] = []
    stop = False

    def jobs() -> Iterator[int]:
        for job in range(100):
            if stop:
                return
            yield job

    for outcome in overlap(jobs(), lambda n: n, lambda n, _: n, lambda n, _: written.append(n)):
        stop = stop or outcome.job == 4
    assert 5 <= len(written) < 15
    assert sorted(written) == list(range(len(written)))


def test_closing_early_waits_for_what_is_being_written() -> None:
    written = []
    outcomes = overlap(range(100), lambda n: n, lambda n, _: n, lambda n, _: written.append(n))
    next(outcomes)
    outcomes.close()
    assert threading.active_count() == 1 or not [
        thread for thread in threading.enumerate() if thread.name.startswith("daynight-")
    ]
    assert written
