"""The looks and models that ship with daynight."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from daynight import hookimpl
from daynight.models.facts import Model
from daynight.plugin.look import ChainSpec, Look, StepSpec

_FOLDER = Path(str(files("daynight.models.bundled")))


@hookimpl
def daynight_models() -> list[Model]:
    """Register the bundled models."""
    return [
        Model("night", _FOLDER / "night.onnx", "relights a daytime plate as night"),
        Model("day", _FOLDER / "day.onnx", "relights a night plate as day"),
        Model("night-p0", _FOLDER / "night-p0.onnx", "paints a daytime plate as night: the generator of P0"),
    ]


@hookimpl
def daynight_looks() -> list[Look]:
    """Register the looks."""
    by_hand = StepSpec("grade", {"exposure": -3.0, "saturation": 0.55, "tint": (0.72, 0.9, 1.25)})
    painted = (
        StepSpec("tile"),
        StepSpec("stylize"),
        StepSpec("reassemble"),
        StepSpec("color_match", {"strength": 0.2}),
    )
    return [
        Look(ChainSpec("night", (StepSpec("stylize"),), "night"), "day to night, by the bundled model"),
        Look(ChainSpec("day", (StepSpec("stylize"),), "day"), "night to day, by the bundled model"),
        Look(ChainSpec("night-p0", painted, "night-p0"), "day to night as P0 paints it, to compare with"),
        Look(
            ChainSpec("day-for-night", (by_hand,)), "the classic grade: darker, bluer, less colour; no model"
        ),
        Look(ChainSpec("passthrough", ()), "reads and writes, changes nothing"),
    ]
