"""Let the look apply where a matte of the scene is white: the sky, all that is built, and so on."""

from __future__ import annotations

import dataclasses
from typing import Literal

from pydantic import Field

from daynight import Frame, hookimpl
from daynight.errors import PlateError
from daynight.looks.scene import Survey, full_matte
from daynight.plugin.step import Step, StepOptions


class MaskOptions(StepOptions):
    """Options of ``mask``."""

    matte: Literal["sky", "building", "vegetation", "ground", "water", "other", "window", "lights"] = Field(
        "sky", description="what the look applies to"
    )
    invert: bool = Field(False, description="apply it to everything else")


class Mask(Step):
    """Apply the look to a part of the scene, as step scene tells it."""

    name = "mask"
    Options = MaskOptions
    works_in = "scene-linear"
    options: MaskOptions

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with the matte in its mask, beside one that it may have."""
        told = frame.notes.get("survey")
        if not isinstance(told, Survey):
            raise PlateError(frame.source or "frame", "has no survey", "put step scene ahead of mask")
        matte = full_matte(frame.image, told, self.options.matte)
        matte = 1 - matte if self.options.invert else matte
        return dataclasses.replace(frame, mask=matte if frame.mask is None else frame.mask * matte)


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Mask]
