"""What a plate's file holds beside its picture: parts, channels, windows. The writer gets all of it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Values = TypeVar("Values", bound=np.generic)


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels, in the coordinates of its file."""

    x: int
    y: int
    width: int
    height: int

    def within(self, whole: Window) -> tuple[slice, slice]:
        """Return the rows and columns of this window in an array of the size of ``whole``."""
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
    """One part of an OpenEXR file, or one page of a TIFF."""

    spec: Any
    """Its ``OpenImageIO.ImageSpec``."""
    channels: NDArray[Any] | None
    """H×W×C in the file's pixel type; ``None`` if the part holds only the frame's picture and alpha.

    float32 if the part mixes pixel types: half and float are exact in it. uint channels are stored as their
    bits, since float32 can't represent all their values.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its channels, in the file's order."""
        return tuple(self.spec.channelnames)

    @property
    def types(self) -> tuple[str, ...]:
        """Pixel type of each channel, by OpenImageIO's name: ``half``, ``float``, ``uint``, ``uint8``."""
        formats = self.spec.channelformats or (self.spec.format,) * self.spec.nchannels
        return tuple(str(each) for each in formats)

    @property
    def window(self) -> Window:
        """Its data window."""
        return Window(self.spec.x, self.spec.y, self.spec.width, self.spec.height)


@dataclass(frozen=True, eq=False)
class PlateFile:
    """All parts of a plate's file, and which channels of them are the picture."""

    format: str
    """OpenImageIO's name for the format: ``openexr``, ``dpx``, ``png``, …"""
    parts: tuple[Part, ...]
    beauty: int
    """Index of the part that holds the picture."""
    rgb: tuple[int, int, int]
    """Indices of its red, green and blue channels; three times the same one in a grey plate."""
    alpha: int | None
    """Index of its alpha channel."""

    @property
    def part(self) -> Part:
        """The part that holds the picture."""
        return self.parts[self.beauty]

    @property
    def grey(self) -> bool:
        """Whether one channel is red, green and blue."""
        return len(set(self.rgb)) == 1

    @property
    def pixel_type(self) -> str:
        """Pixel type of the picture."""
        return self.part.types[self.rgb[0]]

    @property
    def integer(self) -> bool:
        """Whether the picture is stored as integers; full scale is white."""
        return self.pixel_type.startswith("uint")

    @property
    def extra_channels(self) -> list[str]:
        """Names of all channels but picture and alpha; ``part.channel`` in a file of several parts."""
        names = []
        for index, part in enumerate(self.parts):
            label = part.spec.get_string_attribute("oiio:subimagename") if len(self.parts) > 1 else ""
            picture = {*self.rgb, self.alpha} if index == self.beauty else set()
            extra = [name for channel, name in enumerate(part.names) if channel not in picture]
            names += [f"{label}.{name}".lstrip(".") for name in extra]
        return names
