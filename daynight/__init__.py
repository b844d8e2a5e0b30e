"""Daynight turns daytime plates to night, and back.

The public API: :func:`convert` and :func:`run` for files, :func:`open_look` for arrays, :class:`Job` for what
is asked for, :class:`Frame` and :data:`hookimpl` for plugins. Names are loaded when first used, so that
``daynight`` prints its help quickly.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from daynight.version import __version__

if TYPE_CHECKING:
    from daynight.api import Look as Look
    from daynight.api import convert as convert
    from daynight.api import open_look as open_look
    from daynight.api import plan as plan
    from daynight.api import run as run
    from daynight.frames.frame import Frame as Frame
    from daynight.job import Job as Job
    from daynight.plugin.hookspecs import hookimpl as hookimpl

_MODULES = {
    "Frame": "daynight.frames.frame",
    "Job": "daynight.job",
    "Look": "daynight.api",
    "convert": "daynight.api",
    "hookimpl": "daynight.plugin.hookspecs",
    "open_look": "daynight.api",
    "plan": "daynight.api",
    "run": "daynight.api",
}

__all__ = ["Frame", "Job", "Look", "__version__", "convert", "hookimpl", "open_look", "plan", "run"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'daynight' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
