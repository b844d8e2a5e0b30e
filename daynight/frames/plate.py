"""What a plate's file holds beside its picture: parts, channels, windows. Data, carried to the writer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Values = TypeVar("Values", bound=np.generic)


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels, in the coordinates of the file."""

    x: int
    y: int
    width: int
    height: int

    def within(self, whole: Window) -> tuple[slice, slice]:
        """Return rows and columns of this window in an array that holds ``whole``."""
        top, left = self.y - whole.y, self.x - whole.x
        return slice(top, top + self.height), slice(left, left + self.width)

    def intersection(self, other: Window) -> Window:
        """Return the part that both windows cover; its width or height is 0 if they don't meet."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Window(x, y, max(right - x, 0), max(bottom - y, 0))

    def moved(self, origin: Window, target: Window) -> Window:
        """Return this window shifted by the way from the corner of ``origin`` to that of ``target``."""
        return Window(self.x - origin.x + target.x, self.y - origin.y + target.y, self.width, self.height)

    def aligned(self, values: NDArray[Values], target: Window) -> NDArray[Values]:
        """Return the pixels of this window on another one: cropped, and 0 where this window has none.

        Args:
            values: H×W or H×W×C, of this window's size.
            target: in the same coordinates.

        Returns:
            An array of the target's size; ``values`` itself if the windows are equal.
        """
        if target == self:
            return values
        aligned = np.zeros((target.height, target.width, *values.shape[2:]), values.dtype)
        shared = self.intersection(target)
        aligned[shared.within(target)] = values[shared.within(self)]
        return aligned


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a file (OpenEXR's word; a TIFF's page): its description and its channels as they stand."""

    spec: Any
    """OpenImageIO's description of the part."""
    channels: NDArray[Any] | None
    """H×W×C in the file's own type; ``None`` where the part holds nothing but the frame's picture and alpha.

    Where a file mixes types: float32, which holds half and float exactly. Whole numbers stand in it as their
    bits: as values they would not fit.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its channels, in the file's order."""
        return tuple(self.spec.channelnames)

    @property
    def types(self) -> tuple[str, ...]:
        """Type of each channel, by OpenImageIO's name: ``half``, ``float``, ``uint``, ``uint8``."""
        formats = self.spec.channelformats or (self.spec.format,) * self.spec.nchannels
        return tuple(str(each) for each in formats)

    @property
    def window(self) -> Window:
        """Its data window."""
        return Window(self.spec.x, self.spec.y, self.spec.width, self.spec.height)


@dataclass(frozen=True, eq=False)
class PlateFile:
    """All parts of a plate's file, and where the picture lies in them."""

    format: str
    """OpenImageIO's name of the format: ``openexr``, ``dpx``, ``png``, …"""
    parts: tuple[Part, ...]
    beauty: int
    """The part that holds the picture."""
    places: tuple[int, int, int]
    """Its red, green and blue channel; the same one three times in a grey plate."""
    alpha: int | None
    """Its alpha channel."""

    @property
    def part(self) -> Part:
        """The part that holds the picture."""
        return self.parts[self.beauty]

    @property
    def grey(self) -> bool:
        """Whether one channel stands for red, green and blue."""
        return len(set(self.places)) == 1

    @property
    def pixel_type(self) -> str:
        """Type of the picture's channels."""
        return self.part.types[self.places[0]]

    @property
    def integer(self) -> bool:
        """Whether the picture's channels are whole numbers, of which the largest is white."""
        return self.pixel_type.startswith("uint")

    @property
    def passengers(self) -> list[str]:
        """Names of the channels that are neither picture nor alpha, of all parts."""
        told = []
        for index, part in enumerate(self.parts):
            label = part.spec.get_string_attribute("oiio:subimagename") if len(self.parts) > 1 else ""
            taken = {*self.places, self.alpha} if index == self.beauty else set()
            told += [
                f"{label}.{name}".lstrip(".") for place, name in enumerate(part.names) if place not in taken
            ]
        return told
