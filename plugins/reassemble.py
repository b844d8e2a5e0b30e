"""Join the tiles."""

from __future__ import annotations

import numpy as np

from daynight import Frame, hookimpl
from daynight.frames.tiling import join
from daynight.plugin.step import Step


class Reassemble(Step):
    """Join the tiles into the whole frame."""

    name = "reassemble"
    takes = "tiles"
    gives = "whole"

    def apply(self, frame: Frame) -> Frame:
        """Return the whole frame, 1×H×W×3."""
        if frame.tiles is None:
            return frame
        return frame.with_pixels(join(frame.pixels, frame.tiles)[np.newaxis], tiles=None)


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Reassemble]
