"""The training methods, a folder each. A new one is a folder and a row in :data:`METHODS`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module, resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Final

from daynight.errors import UsageError, nearest
from daynight.training.methods.kind import MethodKind

METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cycle-gan": "daynight.training.methods.cycle_gan.kind:CYCLE_GAN",
        "night": "daynight.training.methods.night.kind:NIGHT",
        "scene": "daynight.training.methods.scene.kind:SCENE",
        "classifier": "daynight.training.methods.classifier.kind:CLASSIFIER",
    }
)
"""Where each method's :class:`MethodKind` is, as ``module:name``: imported when the method is used."""


def find_method(name: str) -> MethodKind[Any]:
    """Return a method by its name.

    Raises:
        UsageError: there is none.
    """
    if name not in METHODS:
        raise UsageError(f"method {name!r}", "is unknown", nearest(name, METHODS))
    module, _, attribute = METHODS[name].partition(":")
    kind: MethodKind[Any] = getattr(import_module(module), attribute)
    return kind


def preset_files() -> dict[str, Traversable]:
    """Return the presets that come with the methods, by name."""
    folders = (resources.files(module.rpartition(".")[0]) / "presets" for module in METHODS.values())
    files = (each for folder in folders for each in folder.iterdir() if each.name.endswith(".toml"))
    return dict(sorted((each.name.removesuffix(".toml"), each) for each in files))
