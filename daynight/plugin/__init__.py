"""The door for plugins: contracts, hooks, loading, and the registry.

All that a plugin imports comes from here and from :mod:`daynight`. Names are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daynight.models.facts import Model as Model
    from daynight.plugin.exporter import Artefact as Artefact
    from daynight.plugin.exporter import Exporter as Exporter
    from daynight.plugin.exporter import ExportOptions as ExportOptions
    from daynight.plugin.exporter import Output as Output
    from daynight.plugin.exporter import Tolerance as Tolerance
    from daynight.plugin.exporter import Trained as Trained
    from daynight.plugin.look import LookSpec as LookSpec
    from daynight.plugin.look import StepSpec as StepSpec
    from daynight.plugin.look import read_look as read_look
    from daynight.plugin.network_kind import NetworkKind as NetworkKind
    from daynight.plugin.step import FrameWindow as FrameWindow
    from daynight.plugin.step import ShotStep as ShotStep
    from daynight.plugin.step import Step as Step
    from daynight.plugin.step import StepContext as StepContext
    from daynight.plugin.step import StepOptions as StepOptions
    from daynight.plugin.step import WindowStep as WindowStep

_MODULES = {
    "Artefact": "daynight.plugin.exporter",
    "ExportOptions": "daynight.plugin.exporter",
    "Exporter": "daynight.plugin.exporter",
    "FrameWindow": "daynight.plugin.step",
    "LookSpec": "daynight.plugin.look",
    "Model": "daynight.models.facts",
    "NetworkKind": "daynight.plugin.network_kind",
    "Output": "daynight.plugin.exporter",
    "ShotStep": "daynight.plugin.step",
    "Step": "daynight.plugin.step",
    "StepContext": "daynight.plugin.step",
    "StepOptions": "daynight.plugin.step",
    "StepSpec": "daynight.plugin.look",
    "Tolerance": "daynight.plugin.exporter",
    "Trained": "daynight.plugin.exporter",
    "WindowStep": "daynight.plugin.step",
    "read_look": "daynight.plugin.look",
}

__all__ = [
    "Artefact",
    "ExportOptions",
    "Exporter",
    "FrameWindow",
    "LookSpec",
    "Model",
    "NetworkKind",
    "Output",
    "ShotStep",
    "Step",
    "StepContext",
    "StepOptions",
    "StepSpec",
    "Tolerance",
    "Trained",
    "WindowStep",
    "read_look",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'daynight.plugin' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
