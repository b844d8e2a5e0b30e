"""Cut a part out of the frame."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from daynight import Frame, hookimpl
from daynight.errors import PlateError
from daynight.plugin.step import Step, StepOptions

Size = Annotated[int, Field(ge=1)]


class CropOptions(StepOptions):
    """Options of ``crop``."""

    width: Size | None = Field(None, description="width in pixels; none: all that the aspect leaves")
    height: Size | None = Field(None, description="height in pixels; none: all that the aspect leaves")
    x: int | None = Field(None, ge=0, description="first column; none: centred")
    y: int | None = Field(None, ge=0, description="first row; none: centred")
    aspect: str | None = Field(
        None, pattern=r"^[1-9]\d*:[1-9]\d*$", description="width:height of the largest part to keep, like 1:1"
    )


class Crop(Step):
    """Cut a part out of the frame; formats with a data window keep its position."""

    name = "crop"
    Options = CropOptions
    options: CropOptions

    def apply(self, frame: Frame) -> Frame:
        """Return the part, 1×h×w×3."""
        width, height = self._size(frame.width, frame.height)
        x = (frame.width - width) // 2 if self.options.x is None else self.options.x
        y = (frame.height - height) // 2 if self.options.y is None else self.options.y
        if x < 0 or y < 0 or x + width > frame.width or y + height > frame.height:
            raise PlateError(
                frame.source or "frame",
                f"crop {width}x{height} at {x},{y} exceeds a frame of {frame.width}x{frame.height}",
                "make the crop smaller",
            )
        return frame.cropped(x, y, width, height)

    def _size(self, width: int, height: int) -> tuple[int, int]:
        if self.options.aspect:
            across, down = map(int, self.options.aspect.split(":"))
            unit = min(width / across, height / down)
            width, height = max(int(unit * across), 1), max(int(unit * down), 1)
        return self.options.width or width, self.options.height or height


@hookimpl
def daynight_steps() -> list[type[Step]]:
    """Register the step."""
    return [Crop]
