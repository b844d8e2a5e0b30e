"""The looks and models that ship with daynight."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from daynight import hookimpl
from daynight.models.facts import Model
from daynight.plugin.look import LookSpec, read_look

_MODELS = Path(str(files("daynight.models.bundled")))
_LOOKS = Path(str(files("daynight.looks.bundled")))


@hookimpl
def daynight_models() -> list[Model]:
    """Register the bundled models."""
    return [
        Model(
            "scene",
            _MODELS / "scene.onnx",
            "tells sky, buildings, vegetation, ground, water, windows, lights",
        ),
        Model(
            "night",
            _MODELS / "night.onnx",
            "tells the light of moon, practicals and lamps over a daytime plate",
        ),
        Model("day", _MODELS / "day.onnx", "relights a night plate as day"),
        Model("night-p0", _MODELS / "night-p0.onnx", "repaints a daytime plate as night: P0's generator"),
    ]


@hookimpl
def daynight_looks() -> list[LookSpec]:
    """Register the bundled looks."""
    return [read_look(path) for path in sorted(_LOOKS.glob("*.toml"))]
