"""CPU cores: how many there are, and letting the libraries use so many for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import OpenImageIO as oiio


def processors() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def library_threads(count: int) -> Iterator[None]:
    """Let OpenImageIO and OpenCV use this many threads, and leave them as they were.

    Both settings belong to the process, which may be a host's: Nuke's or Blender's own reader uses them.
    """
    before = oiio.get_int_attribute("threads"), cv2.getNumThreads()
    oiio.attribute("threads", count)
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        oiio.attribute("threads", before[0])
        cv2.setNumThreads(before[1])
