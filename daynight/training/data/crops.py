"""Which part of a photograph is drawn, and at which size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.colour.encoding import decode_display, encode_display
from daynight.errors import UsageError
from daynight.frames.frame import Pixels
from daynight.frames.resize import AnyPicture, scaled
from daynight.training.data.recipe import DataRecipe, Framing
from daynight.training.run.method import RGB

_LEAST_PART: Final = {"whole": 8 / 9, "square": 1.0, "random": 0.5}
"""Least side of a crop, as a part of the largest of its shape that fits in the photograph."""
_LONGEST: Final = 5 / 3
"""Largest aspect of a whole frame, either way."""
_LIGHT: Final = decode_display(np.arange(256, dtype=np.float32) / np.float32(255))
"""Scene-linear light of each value of 8 bits."""


@dataclass(frozen=True)
class CropBox:
    """A part of one photograph."""

    top: int
    left: int
    height: int
    width: int
    """All in pixels of the photograph as it is kept."""
    size: tuple[int, int]
    """Height and width to which it is scaled, in pixels."""
    mirrored: bool

    def of(self, picture: RGB) -> RGB:
        """Cut it out of a picture, and scale it, averaging light."""
        small = scaled_light(self._cut(picture), *self.size)
        return small[:, ::-1] if self.mirrored else small

    def of_labels(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut it out of labels H×W, and scale it to the nearest."""
        height, width = self.size
        small = cv2.resize(self._cut(labels), (width, height), interpolation=cv2.INTER_NEAREST)
        return np.asarray(small[:, ::-1] if self.mirrored else small, np.uint8)

    def _cut(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return picture[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True)
class CropSampler:
    """Which part of a photograph is drawn, and at which size."""

    framing: Framing
    """``whole``: the frame in its own aspect, at most 5:3, at most a ninth of its sides lost beyond
    that. ``square``: the full short side, from a random position along the long one. ``random``: a square
    from anywhere, its side drawn uniformly from half the short side to all of it."""
    size: int
    """Short side of what is drawn, in pixels."""
    multiple: int
    """Both sides of what is drawn are multiples of this, in pixels; ``size`` is one."""
    mirror: bool = True
    """Whether half of the photographs are drawn mirrored."""

    @classmethod
    def for_size(cls, recipe: DataRecipe, *, name: str, multiple: int, least_side: int) -> CropSampler:
        """Return the crops of a recipe.

        Args:
            recipe: how photographs are framed, and at which size.
            name: of the network, for messages.
            multiple: both sides must be multiples of this, in pixels.
            least_side: smallest side that the network can be trained on, in pixels.

        Raises:
            UsageError: the network can't be trained on pictures of this size.
        """
        least = math.ceil(least_side / multiple) * multiple
        subject = f"`size={recipe.size}`"
        if recipe.size < least_side:
            fault = f"is below {least_side}, the least that {name} can be trained on"
            raise UsageError(subject, fault, f"write `size={least}`")
        if recipe.size % multiple:
            near = max(round(recipe.size / multiple) * multiple, least)
            fault = f"is not a multiple of {multiple}, as {name} needs"
            raise UsageError(subject, fault, f"write `size={near}`")
        return cls(recipe.framing, recipe.size, multiple, recipe.mirror)

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width at which a photograph of this height and width is drawn."""
        if self.framing != "whole":
            return self.size, self.size
        aspect = min(max(height, width) / min(height, width), _LONGEST)
        long_side = max(round(self.size * aspect / self.multiple) * self.multiple, self.size)
        return (self.size, long_side) if width >= height else (long_side, self.size)

    def scale_of(self, height: int, width: int) -> float:
        """Return the scale at which the largest crop of a photograph is drawn; above 1 it is enlarged."""
        size = self.size_of(height, width)
        return max(size[0] / height, size[1] / width)

    def shrunk(self, picture: Pixels) -> Pixels:
        """Shrink a photograph H×W×3 as far as its smallest crop can be drawn without enlarging."""
        height, width = picture.shape[:2]
        scale = min(self.scale_of(height, width) / _LEAST_PART[self.framing], 1.0)
        return scaled_light(picture, _part(height, scale), _part(width, scale))

    def draw(self, height: int, width: int, random: np.random.Generator) -> CropBox:
        """Draw a crop of a photograph of this height and width."""
        size = self.size_of(height, width)
        scale = random.uniform(_LEAST_PART[self.framing], 1.0) / self.scale_of(height, width)
        high, wide = min(_part(size[0], scale), height), min(_part(size[1], scale), width)
        top, left = int(random.integers(height - high + 1)), int(random.integers(width - wide + 1))
        return CropBox(top, left, high, wide, size, self.mirror and random.random() < 0.5)

    def describe(self) -> str:
        """Describe what is drawn, in one line."""
        if self.framing == "whole":
            return f"drawn: whole frames, short side {self.size} pixels"
        return f"drawn: {self.framing} crops, {self.size}x{self.size} pixels"


def scaled_light(picture: AnyPicture, height: int, width: int) -> AnyPicture:
    """Return a display-encoded picture H×W×3 at another size, averaging light as proxies of plates do.

    Averaged as encoded, fine texture would come out darker than it does in use.
    """
    if picture.shape[:2] == (height, width):
        return picture
    if picture.dtype == np.uint8:
        return np.asarray(
            np.rint(encode_display(scaled(_LIGHT[picture], height, width)) * 255), picture.dtype
        )
    light = decode_display(np.asarray(picture, np.float32))
    return np.asarray(encode_display(scaled(light, height, width)), picture.dtype)


def _part(length: int, scale: float) -> int:
    return max(round(length * scale), 1)
