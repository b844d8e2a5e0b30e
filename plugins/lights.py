"""Run the look's light network: how much light of moon and lamps falls where, and what is a lamp."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from pydantic import Field

from daynight import Frame, hookimpl
from daynight.colour.encoding import finite
from daynight.errors import ChainError, PlateError
from daynight.frames.frame import Pixels, Plane
from daynight.frames.resize import scaled
from daynight.looks.relight import make_proxy, proxy_size
from daynight.looks.scene import Survey, exposed, run_network, shot_exposure, still_of, survey
from daynight.looks.still import Still
from daynight.models.lights import MAPS
from daynight.models.scene import MATTES
from daynight.plugin.step import ShotFacts, ShotStep, Step, StepContext, StepOptions

_LAMP, _BUILDING = MAPS.index("lamp"), MATTES.index("building")
_ELSEWHERE = np.float32(0.02)
"""Weight of what is not built in the statistics of lamps: a plate without buildings has some too."""


class LightsOptions(StepOptions):
    """Options of ``lights``."""

    scene: str = Field("scene", description="the model of kind mattes that step scene runs")


class Lights(ShotStep, Step):
    """Predict the light of moon, practicals and lamps; what counts as a lamp is decided once for a shot."""

    name = "lights"
    Options = LightsOptions
    works_in = "scene-linear"
    samples = 8
    lendable = frozenset({"mean", "deviation"})
    needs_model = True
    runs = frozenset({"lights"})
    options: LightsOptions

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        super().__init__(options, context)
        self._model = context.open_model()
        self._scene = context.open_model(self.options.scene)
        if self._model.facts.kind not in self.runs:
            fault = f"the model returns {self._model.facts.kind}, not lights"
            raise ChainError("step lights", fault, "use step stylize, or give a model of kind lights")

    def analyse(self, thumbnails: Sequence[Frame]) -> ShotFacts:
        """Return mean and deviation of the lamps' logits over what is built in the shot."""
        exposure = shot_exposure(thumbnails, self._scene)
        told = [survey(frame.image, self._scene, exposure) for frame in thumbnails]
        maps = [self._maps(frame.image, exposure) for frame in thumbnails]
        facts = _lamp_statistics(
            [(each[..., _LAMP], one.mattes[..., _BUILDING]) for each, one in zip(maps, told, strict=True)]
        )
        still = Still.find([each.proxy for each in told], maps)
        return {**facts, **({"still": still.to_fact()} if still else {})}

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with the lights in its survey; logits of lamps in the shot's deviations."""
        told = frame.notes.get("survey")
        if not isinstance(told, Survey):
            raise PlateError(frame.source or "frame", "has no survey", "put step scene ahead of lights")
        maps = self._maps(frame.image, told.exposure)
        facts = frame.facts or _lamp_statistics([(maps[..., _LAMP], told.mattes[..., _BUILDING])])
        still = still_of(frame)
        if still is not None:
            maps = still.stand_in(told.proxy, maps)
        told = dataclasses.replace(told, lights=_standardised(maps, facts))
        return dataclasses.replace(frame, notes={**frame.notes, "survey": told})

    def _maps(self, light: Pixels, exposure: float) -> Pixels:
        side, multiple = self._model.facts.short_side or 256, self._model.facts.size_multiple
        height, width = light.shape[:2]
        proxy = np.maximum(make_proxy(finite(light), *proxy_size(height, width, side, multiple)), 0)
        return run_network(exposed(proxy, exposure), self._model)


def _lamp_statistics(shown: Sequence[tuple[Plane, Plane]]) -> dict[str, float]:
    """Return mean and deviation of logits over what is built.

    Args:
        shown: for each frame the logits h×w, and the matte of buildings, of any size.
    """
    moments = np.zeros(3)
    for lamp, building in shown:
        weight = scaled(building, *lamp.shape) + _ELSEWHERE
        moments += [weight.sum(), (weight * lamp).sum(), (weight * lamp * lamp).sum()]
    if not moments[0]:
        return {"mean": 0.0, "deviation": 1.0}
    mean, square = moments[1] / moments[0], moments[2] / moments[0]
    return {"mean": float(mean), "deviation": float(np.sqrt(max(square - mean * mean, 0) + 1e-4))}


def _standardised(maps: Pixels, facts: ShotFacts) -> Pixels:
    """Return maps with their logits of lamps in deviations from the shot's mean."""
    maps = maps.copy()
    maps[..., _LAMP] = (maps[..., _LAMP] - np.float32(facts["mean"])) / np.float32(facts["deviation"])
    return maps


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Lights]
