"""Daynight turns daytime plates to night, and back.

The public API: :func:`convert` for files, :func:`open_look` for arrays, :class:`Frame` and
:data:`hookimpl` for plugins. Names are loaded when first used, so that ``daynight --help`` stays fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from daynight.version import __version__

if TYPE_CHECKING:
    from daynight.api import convert as convert
    from daynight.api import open_look as open_look
    from daynight.frames.frame import Frame as Frame
    from daynight.plugin.hookspecs import hookimpl as hookimpl

__all__ = ["Frame", "__version__", "convert", "hookimpl", "open_look"]

_HOMES = {
    "Frame": "daynight.frames.frame",
    "convert": "daynight.api",
    "hookimpl": "daynight.plugin.hookspecs",
    "open_look": "daynight.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'daynight' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
