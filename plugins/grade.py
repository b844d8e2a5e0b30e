"""Grade by hand: exposure, saturation, tint."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from daynight import Frame, hookimpl
from daynight.colour.encoding import luminance
from daynight.plugin.step import Step, StepOptions

Gain = Annotated[float, Field(ge=0)]


class GradeOptions(StepOptions):
    """Options of ``grade``."""

    exposure: float = Field(0.0, ge=-20, le=20, description="stops: each doubles or halves the light")
    saturation: float = Field(1.0, ge=0, le=4, description="0 is grey, 1 is unchanged")
    tint: tuple[Gain, Gain, Gain] = Field((1.0, 1.0, 1.0), description="gain for red, green and blue")


class Grade(Step):
    """Grade in scene-linear light: exposure, then saturation about Rec. 709 luminance, then tint."""

    name = "grade"
    Options = GradeOptions
    works_in = "scene-linear"
    takes = "either"
    options: GradeOptions

    def apply(self, frame: Frame) -> Frame:
        """Return the graded frame: ``((x - l) * saturation + l) * 2^exposure * tint``, l the luminance."""
        options = self.options.at(frame.number)
        gain = np.asarray(options.tint, np.float32) * np.float32(2.0**options.exposure)
        if options.saturation == 1:
            return frame.with_pixels(frame.pixels * gain)
        grey = luminance(frame.pixels)[..., np.newaxis]
        light = frame.pixels - grey
        light *= np.float32(options.saturation)
        light += grey
        light *= gain
        return frame.with_pixels(light)


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Grade]
