"""What each file format can hold, and how a result is laid down in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from daynight.errors import UsageError
from daynight.frame import Frame

Depth = Literal["8", "10", "12", "16", "half", "float"]
"""Pixel types that can be asked for."""

_INTEGER: Final = frozenset({"uint8", "uint16"})


_LARGEST_HALF: Final = 65504
_GRAIN: Final = 0.01


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
    ".hdr": Format("hdr", ("float",), None, "float"),
    ".bmp": Format("bmp", ("8",), "8", "8", alpha=True),
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
    """Give the pixel type in the target of a plate of this type, and how many of an integer's bits count."""
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
        raise UsageError(f"--depth {depth}", f"{ending.lstrip('.')} does not hold it", f"it holds: {known}")


def losses(plate: Frame, result: Frame, form: Form) -> list[str]:
    """Name what of a plate the result's file can't hold, in the words of a warning.

    Args:
        plate: as read.
        result: as it will be written.
        form: how it will be written.
    """
    lost = []
    if plate.alpha is not None and not form.format.alpha:
        lost.append("no alpha: the picture is written over black")
    if plate.file and not form.same and plate.file.passengers:
        names = plate.file.passengers
        lost.append(
            f"no further channels: {', '.join(names[:6])}{' …' if len(names) > 6 else ''} are left out"
        )
    whole = result.display_window in (None, result.window) or result.kept_part is not None
    if not (whole or form.same or form.format.windows):
        lost.append("no data window: black fills the display window, and overscan is cut off")
    if plate.metadata.get("Orientation", 1) != 1 and not (form.same or form.format.orientation):
        lost.append("no orientation: the picture lies as its pixels do")
    if result.aovs and not form.format.layers:
        lost.append(f"no maps: {', '.join(result.aovs)} are left out")
    was_whole = plate.file is not None and plate.file.integer
    if form.integer and plate.high_range and not (form.same and was_whole) and (result.pixels > 1).any():
        lost.append("no light above white: it is clipped")
    if not form.same and (form.integer or form.format.name == "hdr") and _is_below_black(plate):
        lost.append("no light below black: it is clipped")
    was_half = plate.file is not None and plate.file.picture_type == "half"
    if form.kind == "half" and not was_half and _beyond_half(result):
        lost.append(f"no light beyond {_LARGEST_HALF}: it is cut there")
    if form.integer and plate.nonfinite:
        lost.append("no NaN or infinity: black and white stand for them")
    return lost


def _is_below_black(plate: Frame) -> bool:
    """Whether a plate of floats holds more negative light than grain makes."""
    return plate.high_range and plate.encoding == "scene-linear" and bool((plate.pixels < -_GRAIN).any())


def _beyond_half(result: Frame) -> bool:
    beyond = np.abs(result.pixels) > _LARGEST_HALF
    return bool(beyond.any() and np.isfinite(result.pixels[beyond]).any())
