"""What each file format can hold, and how a result is laid down in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daynight.errors import UsageError
from daynight.frames.frame import Frame
from daynight.job import Depth

_INTEGER: Final = frozenset({"uint8", "uint16"})


@dataclass(frozen=True)
class Format:
    """A file format."""

    name: str
    """OpenImageIO's name of it."""
    depths: tuple[Depth, ...]
    """What it can hold."""
    integer: Depth | None
    """What a 16-bit integer becomes in it; ``None``: it has no integers."""
    real: Depth
    """What a float becomes in it."""
    alpha: bool = False
    premultiplied: bool = False
    """Whether alpha is multiplied in, by convention."""
    windows: bool = False
    layers: bool = False
    """Whether it holds channels by name, and several parts."""
    attributes: bool = False
    """Whether it holds attributes of any name."""
    orientation: bool = False
    """Whether its readers turn a picture that says how it lies."""
    aspect: bool = True
    """Whether it tells that pixels are not square."""


_PNG: Final = Format("png", ("8", "16"), "16", "16", alpha=True, attributes=True, orientation=True)
_EXR: Final = Format(
    "openexr",
    ("half", "float"),
    None,
    "half",
    alpha=True,
    premultiplied=True,
    windows=True,
    layers=True,
    attributes=True,
)
_TIFF: Final = Format("tiff", ("8", "16", "float"), "16", "float", alpha=True, orientation=True)
_JPEG: Final = Format("jpeg", ("8",), "8", "8", orientation=True)

FORMATS: Final = {
    ".exr": _EXR,
    ".dpx": Format("dpx", ("8", "10", "12", "16"), "16", "16", alpha=True, orientation=True),
    ".cin": Format("cineon", (), None, "16"),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".hdr": Format("hdr", ("float",), None, "float", aspect=False),
    ".bmp": Format("bmp", ("8",), "8", "8", alpha=True, aspect=False),
    ".tga": Format("targa", ("8",), "8", "8", alpha=True),
}
"""The formats, by the ending of a file's name in lower case."""

EXTENSIONS: Final = frozenset(FORMATS)
"""File name endings that are taken for plates, in lower case."""

WRITABLE: Final = frozenset(ending for ending, each in FORMATS.items() if each.depths)
"""File name endings that can be written: Cineon can only be read."""


@dataclass(frozen=True)
class Form:
    """How one result is laid down in its file."""

    path: Path
    format: Format
    kind: str
    """Pixel type of the picture: ``uint8``, ``uint16``, ``half`` or ``float``."""
    bits: int
    """Bits of an integer that count; 0: all of its type."""
    same: bool
    """The format is the plate's own: its parts, channels and attributes come along as they stand."""

    @property
    def integer(self) -> bool:
        """Whether levels are whole numbers, of which the largest is white."""
        return self.kind in _INTEGER

    def premultiplied(self, plate: Frame) -> bool:
        """Whether this plate's alpha is multiplied into the picture of its result."""
        return plate.premultiplied if self.same else self.format.premultiplied


def form_of(plate: Frame, path: Path, depth: Depth | None = None) -> Form:
    """Say how a plate's result is laid down in ``path``.

    The pixel type is the one asked for, else the plate's own where the format holds it, else the nearest.
    """
    target = FORMATS[path.suffix.lower()]
    same = plate.file is not None and plate.file.format == target.name
    own = plate.file.picture_type if plate.file else "float"
    in_codes = same or target.name == "dpx"  # as film scans come
    bits = plate.file.part.spec.get_int_attribute("oiio:BitsPerSample") if plate.file and in_codes else 0
    if depth is None:
        return Form(path, target, *_nearest(target, own, bits), same)
    kind = {"8": "uint8", "half": "half", "float": "float"}.get(depth, "uint16")
    return Form(path, target, kind, int(depth) if depth in ("10", "12") else 0, same)


def _nearest(target: Format, own: str, bits: int) -> tuple[str, int]:
    """Return the pixel type in the target for a plate of this type, and how many of its bits count."""
    names = {"uint8": "8", "uint16": "16"}
    if names.get(own, own) in target.depths:
        return own, bits if own == "uint16" and bits in (10, 12) else 0
    other = target.integer if own in _INTEGER and target.integer else target.real
    return {"8": "uint8", "16": "uint16"}.get(other, other), 0


def require_depth(ending: str, depth: Depth) -> None:
    """See that a format holds a pixel type.

    Raises:
        UsageError: it does not.
    """
    target = FORMATS[ending]
    if depth not in target.depths:
        known = ", ".join(target.depths) or "none"
        raise UsageError(f"`depth={depth}`", f"{ending.lstrip('.')} does not hold it", f"it holds: {known}")
