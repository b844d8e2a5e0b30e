"""Hold what the networks tell of a shot steady, along its motion."""

from __future__ import annotations

import dataclasses

from pydantic import Field

from daynight import Frame, hookimpl
from daynight.errors import PlateError
from daynight.looks.motion import steadied
from daynight.looks.scene import Survey
from daynight.plugin.step import FrameWindow, StepContext, StepOptions, WindowStep


class SteadyOptions(StepOptions):
    """Options of ``steady``."""

    frames: int = Field(
        3, ge=0, le=16, description="neighbours before and after that a frame is averaged with"
    )


class Steady(WindowStep):
    """Average mattes and lights over neighbouring frames, along the plates' optical flow, up to cuts."""

    name = "steady"
    Options = SteadyOptions
    works_in = "scene-linear"
    options: SteadyOptions

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        super().__init__(options, context)
        self.before = self.after = self.options.frames

    def apply(self, window: FrameWindow) -> Frame:
        """Return the frame with a steadier survey."""
        own = _survey(window.frame)
        if own is None:
            raise PlateError(
                window.frame.source or "frame", "has no survey", "put step scene ahead of steady"
            )
        before, after = ([_survey(each) for each in side] for side in (window.before, window.after))
        told = steadied(own, before, after)
        return dataclasses.replace(window.frame, notes={**window.frame.notes, "survey": told})


def _survey(frame: Frame | None) -> Survey | None:
    told = None if frame is None else frame.notes.get("survey")
    return told if isinstance(told, Survey) else None


@hookimpl
def daynight_steps() -> list[type[WindowStep]]:
    """Register the step."""
    return [Steady]
