"""The value that walks through the house: one frame of a shot, from the reader to the writer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from daynight.frames.encoding import Encoding
from daynight.frames.plate import PlateFile, Window
from daynight.frames.tiling import TileLayout

Pixels: TypeAlias = NDArray[np.float32]
Plane: TypeAlias = NDArray[np.float32]
NCHW: TypeAlias = NDArray[np.float32]
"""What models take and return: N×C×H×W."""
FrameEncoding: TypeAlias = Encoding | Literal["file"]


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame: its pixels, and everything that must be kept beside them.

    Frames are immutable: a step makes a new one, and never writes into an array of the frame it was given,
    which the plate may share.
    """

    pixels: Pixels
    """The beauty, N×H×W×3 float32, R G B; N is 1 until the frame is tiled."""
    encoding: FrameEncoding = "scene-linear"
    """``scene-linear`` (light of Rec. 709 primaries, any range), ``display`` (its sRGB curve, [0, 1]), or
    ``file``: values as they stand in the plate's file, in its own color space. Steps never see the last."""
    space: str = ""
    """Name of the color space of the plate's file, once it is known."""
    high_range: bool = False
    """Whether the plate may hold light above 1 (a float or log file), which display encoding rolls off."""
    number: int | None = None
    """Frame number in its shot; ``None`` for a single image or an array."""
    source: Path | None = None
    """The plate's file."""
    alpha: Plane | None = None
    """Coverage, H×W float32 in [0, 1]."""
    premultiplied: bool = False
    """Whether ``pixels`` are multiplied by ``alpha``, as in the plate's file; never so while steps run."""
    mask: Plane | None = None
    """How much of the look each pixel takes, H×W float32 in [0, 1]; ``None``: all of it everywhere."""
    nonfinite: int = 0
    """Pixels of the plate that hold NaN or infinite light."""
    aovs: Mapping[str, Pixels] = field(default_factory=dict)
    """AOVs to write beside the picture, by name, each H×W×3 or, mattes, H×W float32."""
    groups: Mapping[str, Pixels] = field(default_factory=dict)
    """Light groups, by name, each H×W×3 float32 in scene-linear light: they add up to the picture."""
    data_window: Window | None = None
    """The rectangle of the pixels in the file's coordinates; ``None``: at the origin."""
    display_window: Window | None = None
    """The picture's own rectangle; ``None``: the same as the data window."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The file's attributes."""
    file: PlateFile | None = None
    """The plate's whole file, for the writer."""
    tiles: TileLayout | None = None
    """How ``pixels`` lie in the whole frame, once tiled."""
    plate: Frame | None = None
    """The frame as it entered the chain, for steps that compare with it."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the step at hand learned in its first pass over the shot; see ``ShotStep``."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What steps leave of this frame for later ones, by name; a change of its shape drops them."""

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.shape[3] != 3 or self.pixels.dtype != np.float32:
            shape = "×".join(map(str, self.pixels.shape))
            raise ValueError(f"a frame's pixels are float32 N×H×W×3, not {self.pixels.dtype} {shape}")

    @property
    def image(self) -> Pixels:
        """The whole picture, H×W×3: a view, not a copy.

        Raises:
            ValueError: the frame is tiled.
        """
        if self.tiles is not None:
            raise ValueError("a tiled frame has no single image: reassemble it first")
        image: Pixels = self.pixels[0]
        return image

    @property
    def height(self) -> int:
        """Height of the whole picture in pixels, tiled or not."""
        return self.tiles.height if self.tiles else self.pixels.shape[1]

    @property
    def width(self) -> int:
        """Width of the whole picture in pixels, tiled or not."""
        return self.tiles.width if self.tiles else self.pixels.shape[2]

    @property
    def window(self) -> Window:
        """The data window: the file's, else at the origin."""
        return self.data_window or Window(0, 0, self.width, self.height)

    @property
    def picture_window(self) -> Window:
        """The display window: the file's, else the data window."""
        return self.display_window or self.window

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the display window; a data window may change from frame to frame."""
        return self.picture_window.width, self.picture_window.height

    @property
    def kept_part(self) -> Window | None:
        """The data window of a frame that a step has cropped; ``None``: it is not cropped."""
        whole = self.file.part.window if self.file else None
        return None if whole is None or self.window == whole else self.window

    @property
    def aov_channels(self) -> dict[str, Plane]:
        """The AOVs as channels of a file: ``NAME.R``, ``NAME.G``, ``NAME.B``; of a matte ``NAME.Y``."""
        channels: dict[str, Plane] = {}
        for name, values in self.aovs.items():
            if values.ndim == 2:
                channels[f"{name}.Y"] = values
            else:
                channels |= {f"{name}.{letter}": values[..., index] for index, letter in enumerate("RGB")}
        return channels

    def with_image(self, image: Pixels) -> Frame:
        """Return this frame with another picture, H×W×3, contiguous float32."""
        return dataclasses.replace(self, pixels=np.ascontiguousarray(image, np.float32)[np.newaxis])

    def with_pixels(self, pixels: Pixels, **changes: Any) -> Frame:
        """Return this frame with other pixels, N×H×W×3, and with these fields changed."""
        return dataclasses.replace(self, pixels=pixels, **changes)

    def black(self, number: int) -> Frame:
        """Return a black frame of the same shape and file layout, for a gap in a shot."""
        return self.with_pixels(np.zeros_like(self.pixels), number=number, encoding="scene-linear")

    def cropped(self, x: int, y: int, width: int, height: int) -> Frame:
        """Return a part of an untiled frame; (x, y) is its upper left pixel.

        Alpha, mask, AOVs and the plate are cropped alike. The data window shrinks to the part and the display
        window stays, so that a format with windows keeps the part in place.
        """
        rows, columns = slice(y, y + height), slice(x, x + width)
        return dataclasses.replace(
            self,
            pixels=self.image[np.newaxis, rows, columns],
            alpha=None if self.alpha is None else self.alpha[rows, columns],
            mask=None if self.mask is None else self.mask[rows, columns],
            aovs={name: values[rows, columns] for name, values in self.aovs.items()},
            groups={name: values[rows, columns] for name, values in self.groups.items()},
            notes={},
            data_window=Window(self.window.x + x, self.window.y + y, width, height),
            display_window=self.picture_window,
            plate=None if self.plate is None else self.plate.cropped(x, y, width, height),
        )

    def aligned(self, window: Window) -> Frame:
        """Return an untiled frame on another data window, in the coordinates of its file.

        Outside its own data window a frame is black and transparent, as OpenEXR has it: picture, alpha, mask
        and AOVs are 0 there. A frame without alpha gets one if there are such pixels: 1 inside, 0 outside.

        Args:
            window: of the result; the display window stays as it is.

        Returns:
            A new frame; this one, nothing copied, if it already has that data window.

        Raises:
            ValueError: the frame is tiled.
        """
        own = self.window
        if window == own:
            return self
        alpha = self.alpha
        if alpha is None and own.intersection(window) != window:
            alpha = np.ones((own.height, own.width), np.float32)
        return dataclasses.replace(
            self,
            pixels=own.aligned(self.image, window)[np.newaxis],
            alpha=None if alpha is None else own.aligned(alpha, window),
            mask=None if self.mask is None else own.aligned(self.mask, window),
            aovs={name: own.aligned(values, window) for name, values in self.aovs.items()},
            groups={name: own.aligned(values, window) for name, values in self.groups.items()},
            notes={},
            data_window=window,
            display_window=self.picture_window,
            plate=None if self.plate is None else self.plate.aligned(window),
        )
