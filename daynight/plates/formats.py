"""File formats, a row each: what they can hold, and how a result is written in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daynight.colour.names import CINEON, LINEAR, SRGB
from daynight.errors import UsageError
from daynight.frames.frame import Frame
from daynight.job import Depth

_PIXEL_TYPES: Final[Mapping[Depth, tuple[str, int]]] = {
    "8": ("uint8", 0),
    "10": ("uint16", 10),
    "12": ("uint16", 12),
    "16": ("uint16", 0),
    "half": ("half", 0),
    "float": ("float", 0),
}
"""Pixel type of each depth, and its significant bits if it has fewer than the type."""
_INTEGERS: Final = frozenset({"uint8", "uint16"})
_NO_LEVEL: Final = range(0)
_DEFLATE: Final = range(1, 10)


@dataclass(frozen=True, eq=False)
class Format:
    """A file format."""

    name: str
    """OpenImageIO's name for it."""
    extensions: tuple[str, ...]
    """File name extensions, in lower case with the dot."""
    depths: tuple[Depth, ...]
    """Depths that it can store; none: it can only be read."""
    integer_depth: Depth | None
    """Depth for an integer plate whose own it can't store; ``None``: ``float_depth``."""
    float_depth: Depth
    """Depth for a float plate whose own it can't store."""
    compressions: Mapping[str, range] = field(default_factory=dict)
    """Compressions by name, each with the levels that it takes."""
    colour_spaces: tuple[str, ...] | None = ()
    """Spaces that integers can be marked as, or are taken for without a mark; floats are taken for linear.

    ``None``: any space with an interop name, whatever the pixel type.
    """
    alpha: bool = False
    premultiplied: bool = False
    """Whether the picture is multiplied by alpha, by convention."""
    negative: bool = True
    """Whether its floats can be negative, NaN or infinite."""
    windows: bool = False
    """Whether it has a data window apart from the display window."""
    layers: bool = False
    """Whether it has named channels of several pixel types, and parts."""
    attributes: bool = False
    """Whether it stores attributes of any name."""
    orientation: bool = False
    """Whether its readers turn the picture as its orientation says."""
    pixel_aspect: bool = True
    """Whether it stores the pixel aspect ratio."""
    significant_bits: bool = False
    """Whether a result keeps the plate's 10 or 12 significant bits when it comes from another format."""
    level_attribute: str | None = None
    """Attribute of the compression level; ``None``: it goes with the name, as in ``dwaa:45``."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Attributes to write it with unless a compression is asked for."""
    end_marker: bytes = b""
    """Last bytes of every complete file; empty: nothing marks the end."""


_FORMATS: Final = (
    Format(
        "openexr",
        (".exr",),
        depths=("half", "float"),
        integer_depth=None,
        float_depth="half",
        compressions={
            **dict.fromkeys(("none", "rle", "piz", "pxr24", "b44", "b44a"), _NO_LEVEL),
            **dict.fromkeys(("zip", "zips"), _DEFLATE),
            **dict.fromkeys(("dwaa", "dwab"), range(1, 100001)),
        },
        colour_spaces=None,
        alpha=True,
        premultiplied=True,
        windows=True,
        layers=True,
        attributes=True,
    ),
    Format(
        "tiff",
        (".tif", ".tiff"),
        depths=("8", "16", "float"),
        integer_depth="16",
        float_depth="float",
        compressions={**dict.fromkeys(("none", "lzw", "packbits"), _NO_LEVEL), "zip": _DEFLATE},
        colour_spaces=(SRGB,),
        alpha=True,
        orientation=True,
    ),
    Format(
        "dpx",
        (".dpx",),
        depths=("8", "10", "12", "16"),
        integer_depth="16",
        float_depth="16",
        colour_spaces=(CINEON, LINEAR, SRGB),
        alpha=True,
        orientation=True,
        significant_bits=True,  # of film scans in Cineon files
    ),
    Format("cineon", (".cin",), depths=(), integer_depth=None, float_depth="16"),
    Format(
        "png",
        (".png",),
        depths=("8", "16"),
        integer_depth="16",
        float_depth="16",
        compressions={"png": range(10)},
        colour_spaces=(SRGB, LINEAR),
        alpha=True,
        attributes=True,
        orientation=True,
        level_attribute="png:compressionLevel",
        # One filter (average) for all rows, not the best of five for each: half the time, the same size.
        defaults={"png:compressionLevel": 1, "png:filter": 64},
        end_marker=b"IEND\xaeB`\x82",
    ),
    Format(
        "jpeg",
        (".jpg", ".jpeg"),
        depths=("8",),
        integer_depth="8",
        float_depth="8",
        compressions={"jpeg": range(1, 101)},
        colour_spaces=(SRGB,),
        orientation=True,
        defaults={"compression": "jpeg:95"},
        end_marker=b"\xff\xd9",
    ),
    Format(
        "hdr",
        (".hdr",),
        depths=("float",),
        integer_depth=None,
        float_depth="float",
        negative=False,
        pixel_aspect=False,
    ),
    Format(
        "bmp",
        (".bmp",),
        depths=("8",),
        integer_depth="8",
        float_depth="8",
        colour_spaces=(SRGB,),
        alpha=True,
        pixel_aspect=False,
    ),
    Format(
        "targa",
        (".tga",),
        depths=("8",),
        integer_depth="8",
        float_depth="8",
        compressions=dict.fromkeys(("none", "rle"), _NO_LEVEL),
        colour_spaces=(SRGB,),
        alpha=True,
    ),
)

FORMATS: Final = {extension: each for each in _FORMATS for extension in each.extensions}
"""The formats by file name extension, in lower case."""

EXTENSIONS: Final = frozenset(FORMATS)
"""File name extensions of plates, in lower case."""

WRITABLE: Final = frozenset(extension for extension, each in FORMATS.items() if each.depths)
"""File name extensions that can be written: Cineon can only be read."""


@dataclass(frozen=True)
class OutputSpec:
    """How one result is written."""

    path: Path
    format: Format
    pixel_type: str
    """Pixel type of the picture: ``uint8``, ``uint16``, ``half`` or ``float``."""
    bits: int
    """Significant bits of an integer; 0: all bits of its type."""
    same_format: bool
    """Whether the format is the plate's own: its parts, channels and attributes are then kept as they are."""

    @property
    def integer(self) -> bool:
        """Whether pixels are stored as integers; full scale is white."""
        return self.pixel_type in _INTEGERS

    def premultiplied(self, plate: Frame) -> bool:
        """Whether the picture is written multiplied by the plate's alpha."""
        return plate.premultiplied if self.same_format else self.format.premultiplied


def output_spec(plate: Frame, path: Path, depth: Depth | None = None) -> OutputSpec:
    """Return how a plate's result is written to ``path``.

    The pixel type is that of ``depth``, else the plate's own if the format can store it, else the nearest
    that it can.
    """
    target = FORMATS[path.suffix.lower()]
    same_format = plate.file is not None and plate.file.format == target.name
    pixel_type, bits = _PIXEL_TYPES[depth] if depth else _nearest(target, plate, same_format=same_format)
    return OutputSpec(path, target, pixel_type, bits, same_format)


def _nearest(target: Format, plate: Frame, *, same_format: bool) -> tuple[str, int]:
    """Return the pixel type for a plate of no depth asked for, and how many of its bits are significant."""
    own = plate.file.pixel_type if plate.file else "float"
    if own in [_PIXEL_TYPES[depth][0] for depth in target.depths]:
        bits = 0
        if plate.file and own == "uint16" and (same_format or target.significant_bits):
            bits = plate.file.part.spec.get_int_attribute("oiio:BitsPerSample")
        return own, bits if bits in (10, 12) else 0
    integer = target.integer_depth if own in _INTEGERS else None
    return _PIXEL_TYPES[integer or target.float_depth]


def require_depth(extension: str, depth: Depth) -> None:
    """Check that a format can store a depth.

    Raises:
        UsageError: it can't.
    """
    target = FORMATS[extension]
    if depth not in target.depths:
        known = ", ".join(target.depths) or "none"
        raise UsageError(
            f"`depth={depth}`", f"{extension.lstrip('.')} does not hold it", f"it holds: {known}"
        )


def require_compression(extension: str, compression: str) -> None:
    """Check that a format has a compression, ``NAME`` or ``NAME:LEVEL``.

    Raises:
        UsageError: it has none of this name, or the level is out of its range.
    """
    target = FORMATS[extension]
    name, _, level = compression.partition(":")
    if name not in target.compressions:
        remedy = f"known: {', '.join(target.compressions)}" if target.compressions else "leave it out"
        raise UsageError(f"`compression={compression}`", f"{target.name} has no such compression", remedy)
    levels = target.compressions[name]
    if level and not (level.isdecimal() and int(level) in levels):
        remedy = f"give {levels[0]} to {levels[-1]}" if levels else "leave the level out"
        raise UsageError(f"`compression={compression}`", f"{level} is not a level of {name}", remedy)
