"""Relight the plate as night, by light groups: ambient, practicals, emission."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from daynight import Frame, hookimpl
from daynight.colour.encoding import decode_display
from daynight.errors import ChainError, PlateError
from daynight.frames.frame import Pixels
from daynight.frames.resize import scaled
from daynight.looks.night import night
from daynight.looks.night_options import NightOptions
from daynight.looks.reference import controls_of
from daynight.looks.scene import Survey
from daynight.plugin.step import Step, StepContext, StepOptions


class Night(Step):
    """Add up moonlight, practicals and lamps over the plate; each is a light group that can be written."""

    name = "night"
    Options = NightOptions
    works_in = "scene-linear"
    options: NightOptions

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        super().__init__(options, context)
        self._sky = self._picture("sky", self.options.sky) if self.options.sky else None
        self._matched: dict[str, Any] = {}
        if self.options.reference:
            still = self._picture("reference", self.options.reference)
            self._matched = controls_of(still, context.open_model("scene"))

    def apply(self, frame: Frame) -> Frame:
        """Return the night: the sum of its groups."""
        told = frame.notes.get("survey")
        if not isinstance(told, Survey):
            raise PlateError(frame.source or "frame", "has no survey", "put step scene ahead of night")
        options = self.options.at(frame.number).model_copy(update=self._matched)
        sky = None if self._sky is None else scaled(self._sky, frame.height, frame.width)
        made = night(frame.image, told, options, sky)
        picture = made.ambient + made.practicals
        picture += made.emission
        if not self.context.aovs:
            return frame.with_pixels(picture[np.newaxis])
        groups = {
            "night.ambient": made.ambient,
            "night.practicals": made.practicals,
            "night.emission": made.emission,
        }
        aovs = {**frame.aovs, "night.sky": made.sky}
        return dataclasses.replace(frame, pixels=picture[np.newaxis], groups=groups, aovs=aovs)

    def _picture(self, option: str, path: str) -> Pixels:
        """Read a picture that an option names, as scene-linear light."""
        try:
            return decode_display(self.context.still(Path(path)))
        except PlateError as error:
            raise ChainError(f"night.{option} {path}", error.fault, error.remedy) from None


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Night]
