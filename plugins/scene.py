"""Survey the scene: what is sky, building, vegetation, ground, water, window, and which lights glow."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from pydantic import Field

from daynight import Frame, hookimpl
from daynight.looks.scene import shot_exposure, still_of, survey
from daynight.looks.still import Still
from daynight.plugin.step import ShotFacts, ShotStep, Step, StepContext, StepOptions


class SceneOptions(StepOptions):
    """Options of ``scene``."""

    model: str = Field("scene", description="a registered model of kind mattes")
    per_frame: bool = Field(
        False, description="expose each frame for itself, and so even out a camera's automatic exposure"
    )


class Scene(ShotStep, Step):
    """Tell what a plate shows, for the steps that follow; one exposure for the whole shot."""

    name = "scene"
    Options = SceneOptions
    works_in = "scene-linear"
    samples = 8
    lendable = frozenset({"exposure"})
    options: SceneOptions

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        super().__init__(options, context)
        self._model = context.open_model(self.options.model)

    def analyse(self, thumbnails: Sequence[Frame]) -> ShotFacts:
        """Return the shot's exposure and, if the camera is locked off, what its background shows."""
        exposure = shot_exposure(thumbnails, self._model)
        told = [survey(frame.image, self._model, exposure) for frame in thumbnails]
        still = Still.find([each.proxy for each in told], [each.mattes for each in told])
        return {"exposure": exposure} | ({"still": still.to_fact()} if still else {})

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with its survey."""
        exposure = None if self.options.per_frame else frame.facts.get("exposure")
        told = survey(frame.image, self._model, exposure)
        still = still_of(frame)
        if still is not None:
            told = dataclasses.replace(told, mattes=still.stand_in(told.proxy, told.mattes))
        return dataclasses.replace(frame, notes={**frame.notes, "survey": told})


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Scene]
