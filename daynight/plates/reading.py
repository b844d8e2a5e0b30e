"""Read plates: whole, or refused with the reason before anything is decoded."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from daynight.errors import PlateError, nearest
from daynight.frames.frame import Frame, Plane
from daynight.frames.plate import Part, PlateFile, Window
from daynight.plates.formats import FORMATS
from daynight.plates.layers import PictureChannels, find_matte, find_picture
from daynight.plates.quantise import DTYPES, as_float

TYPES: Final = {
    "uint8": oiio.UINT8,
    "uint16": oiio.UINT16,
    "uint": oiio.UINT32,
    "half": oiio.HALF,
    "float": oiio.FLOAT,
}
"""OpenImageIO's type of each pixel type that is read and written without conversion."""


@dataclass(frozen=True)
class Limits:
    """What a file's header may claim before it is decoded: a broken or hostile one may claim anything."""

    pixels: int = 2**28
    """Of one part: 16384 × 16384."""
    channels: int = 1024
    """Of all parts."""
    megabytes: int = 16384
    """Of all parts, decoded."""


LIMITS: Final = Limits()


def read_frame(
    path: Path, number: int | None = None, *, layer: str | None = None, limits: Limits = LIMITS
) -> Frame:
    """Read a plate.

    Integer files are marked display-encoded (sRGB) and float files scene-linear;
    :meth:`daynight.colour.spaces.ColourSpaces.declared` looks at the file's own color space.

    Args:
        path: of the file.
        number: its frame number.
        layer: layer, part or view that holds the picture; ``None``: R, G and B, or the one channel of a grey
            image.
        limits: what the header may claim.

    Returns:
        A frame with pixels 1×H×W×3 float32; a grey plate's one channel is repeated for red, green and blue.

    Raises:
        PlateError: the file is missing, broken, cut short, deep, a volume, a texture with MIP levels, or too
            large, or has no such layer.
    """
    return _read(path, number, lambda specs: find_picture(specs, layer, path), limits)


def read_matte(path: Path, *, limits: Limits = LIMITS) -> tuple[Plane, Window, Window]:
    """Read a file as a matte: coverage in [0, 1], without a color space.

    Returns:
        Its red channel, or the one channel of a grey file, H×W float32; its data window; its display window.

    Raises:
        PlateError: as for :func:`read_frame`.
    """
    frame = _read(path, None, lambda specs: find_matte(specs, path), limits)
    plane = np.ascontiguousarray(frame.image[..., 0])
    return plane, frame.window, frame.picture_window


def channel_of(frame: Frame, name: str) -> Plane:
    """Return one channel of a frame's plate, H×W float32, the size of the picture.

    Args:
        frame: as read.
        name: of a channel, or of a layer for its first channel; in a file of several parts also
            ``part.channel``.

    Raises:
        PlateError: there is no such channel, or it has another data window.
    """
    file = frame.file
    known: dict[str, tuple[Part, int]] = {}
    for part in file.parts if file else ():
        label = str(part.spec.get_string_attribute("oiio:subimagename"))
        for index, each in enumerate(part.names):
            for title in (each, each.rpartition(".")[0], f"{label}.{each}" if label else "", label):
                known.setdefault(title, (part, index))
    known.pop("", None)
    if name not in known:
        raise PlateError(frame.source or "frame", f"has no channel {name!r}", nearest(name, known))
    part, index = known[name]
    if part.window != frame.window:
        raise PlateError(
            frame.source or "frame", f"channel {name} has another data window", "give the matte as a file"
        )
    if part.channels is None:  # the part holds only picture and alpha
        if file and index == file.alpha and frame.alpha is not None:
            return frame.alpha
        return np.ascontiguousarray(frame.image[..., file.rgb.index(index) if file else 0])
    values: NDArray[Any] = part.channels[..., index]
    if part.types[index] == "uint" and values.dtype != np.uint32:
        values = np.ascontiguousarray(values).view(np.uint32)
    return as_float(values)


def display_size(path: Path) -> tuple[int, int]:
    """Return width and height of a plate's display window, from its header alone.

    Raises:
        PlateError: the file can't be opened.
    """
    with _opened(path) as source:
        spec = source.spec()
        return spec.full_width, spec.full_height


def _read(
    path: Path, number: int | None, find: Callable[[Sequence[Any]], PictureChannels], limits: Limits
) -> Frame:
    """Read a file; ``find`` returns its picture's channels from the specs of its parts."""
    with _opened(path) as source:
        specs = _checked_specs(source, path, limits)
        picture = find(specs)
        parts = [Part(spec, _read_part(source, index, spec, path)) for index, spec in enumerate(specs)]
        name = str(source.format_name())
    return _frame(name, parts, picture, path, number)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file for reading, with alpha as the file has it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise PlateError(path, "can't be opened: its name is not UTF-8", "rename it") from None
    configuration = oiio.ImageSpec()
    configuration.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), configuration)
    if source is None:
        fault = one_line(oiio.geterror())
        if not os.access(path, os.F_OK):
            raise PlateError(path, "is not there", "check the name")
        if not os.access(path, os.R_OK):
            raise PlateError(path, "can't be read (Permission denied)", "check its permissions")
        raise _not_readable(path, fault)
    try:
        # If the extension's reader fails OpenImageIO tries all the others, unless a process-wide setting
        # forbids it. That setting belongs to the host, so whatever they opened is refused here.
        if source.format_name() not in _formats_of(path.suffix.lower()):
            raise _not_readable(path, f"its content is {source.format_name()}")
        yield source
    finally:
        source.close()


def _not_readable(path: Path, fault: str) -> PlateError:
    return PlateError(
        path, f"is not a readable {path.suffix} image ({fault})", "check its content and extension"
    )


def _formats_of(extension: str) -> Collection[str]:
    """Return OpenImageIO's names of the formats of a file name extension."""
    if extension in FORMATS:
        return (FORMATS[extension].name,)
    formats = (each.partition(":") for each in oiio.get_string_attribute("extension_list").split(";"))
    return [name for name, _, extensions in formats if extension.removeprefix(".") in extensions.split(",")]


def _checked_specs(source: Any, path: Path, limits: Limits) -> list[Any]:
    """Return the ``ImageSpec`` of each part, from the headers alone.

    Raises:
        PlateError: part of the file could not be kept, or it claims to be larger than the limits.
    """
    specs: list[Any] = []
    while source.seek_subimage(len(specs), 0):
        specs.append(oiio.ImageSpec(source.spec()))
        _refuse_unsupported(source, specs[-1], path)
        if source.seek_subimage(len(specs) - 1, 1):
            raise PlateError(path, "is a texture with MIP levels", "give the image that it was made from")
        _refuse_too_large(specs, path, limits)
    source.geterror()  # the end of the list of parts is not an error
    if not specs:
        raise PlateError(path, "holds no image", "copy or render the frame again")
    return specs


def _refuse_unsupported(source: Any, spec: Any, path: Path) -> None:
    if spec.deep:
        raise PlateError(path, "is a deep image", "flatten it first")
    if spec.depth > 1:
        raise PlateError(path, "is a volume", "give a flat image")
    if "CMYK" in (spec.get_string_attribute("tiff:ColorSpace"), spec.get_string_attribute("jpeg:ColorSpace")):
        raise PlateError(path, "is a CMYK image", "convert it to RGB first")
    types = {str(each) for each in (spec.channelformats or (spec.format,))}
    if not types <= set(TYPES):
        unknown = ", ".join(sorted(types - set(TYPES)))
        raise PlateError(path, f"has pixels of type {unknown}", "store them as half, float, 8 or 16 bits")
    if len(types) > 1 and not types <= {"half", "float", "uint"}:
        raise PlateError(path, f"mixes channels of {', '.join(sorted(types))}", "store them as half or float")
    source.geterror()


def _refuse_too_large(specs: Sequence[Any], path: Path, limits: Limits) -> None:
    # The display window counts too: a format without windows is written at its size.
    largest = max(max(spec.width * spec.height, spec.full_width * spec.full_height) for spec in specs)
    channels = sum(spec.nchannels for spec in specs)
    size = -(-sum(spec.image_bytes(True) for spec in specs) // 2**20)
    for claimed, allowed, unit, option in (
        (largest, limits.pixels, "pixels", "max_pixels"),
        (channels, limits.channels, "channels", "max_channels"),
        (size, limits.megabytes, "MB", "max_mb"),
    ):
        if claimed > allowed:
            raise PlateError(
                path,
                f"claims {claimed} {unit}, and {allowed} are allowed",
                f"raise `{option}` if that is right",
            )


def _read_part(source: Any, index: int, spec: Any, path: Path) -> NDArray[Any]:
    """Decode one part: H×W×C, as :class:`daynight.frames.plate.Part` holds it."""
    types = [str(each) for each in spec.channelformats]
    pixel_type = "float" if types else str(spec.format)
    values = _decoded(source, index, (0, spec.nchannels), pixel_type, path)
    for is_uint, group in groupby(range(len(types)), key=lambda channel: types[channel] == "uint"):
        if is_uint:
            run = list(group)
            bits = _decoded(source, index, (run[0], run[-1] + 1), "uint", path)
            values[..., run] = bits.view(np.float32)
    return values


def _decoded(source: Any, index: int, run: tuple[int, int], pixel_type: str, path: Path) -> NDArray[Any]:
    """Decode a run of channels of a part as one pixel type: H×W×C."""
    raw = source.read_image(index, 0, *run, TYPES[pixel_type])
    # A JPEG that is cut short still decodes, the rest of it grey: only the pending error shows it.
    fault = source.geterror()
    if raw is None or fault:
        raise PlateError(path, f"can't be decoded ({one_line(fault)})", "copy or render the frame again")
    spec = source.spec()
    return np.asarray(raw, DTYPES[pixel_type]).reshape(spec.height, spec.width, run[1] - run[0])


def _frame(
    name: str, parts: Sequence[Part], picture: PictureChannels, path: Path, number: int | None
) -> Frame:
    """Sort a file's channels into picture, alpha and the rest."""
    spec, raw = parts[picture.part].spec, parts[picture.part].channels
    assert raw is not None
    types, rgb, alpha = parts[picture.part].types, list(picture.rgb), picture.alpha
    if "uint" in [types[channel] for channel in rgb]:
        raise PlateError(path, "its picture has uint pixels", "store them as half, float, 8 or 16 bits")
    if alpha is not None and types[alpha] == "uint":
        alpha = None  # an object ID, not coverage
    integer = raw.dtype.kind == "u"
    kept = list(parts)
    if spec.nchannels == len({*rgb, alpha} - {None}):  # nothing but picture and alpha
        kept[picture.part] = Part(spec, None)
    return Frame(
        pixels=as_float(raw[..., :3] if rgb == [0, 1, 2] else raw[..., rgb])[np.newaxis],
        encoding="display" if integer else "scene-linear",
        high_range=not integer,
        number=number,
        source=path,
        alpha=None if alpha is None else as_float(raw[..., alpha]),
        premultiplied=alpha is not None and not spec.get_int_attribute("oiio:UnassociatedAlpha", 0),
        data_window=Window(spec.x, spec.y, spec.width, spec.height),
        display_window=Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        metadata=MappingProxyType({attribute.name: attribute.value for attribute in spec.extra_attribs}),
        file=PlateFile(name, tuple(kept), picture.part, picture.rgb, alpha),
    )


def one_line(fault: str) -> str:
    """Return an error message of OpenImageIO in one line."""
    return " ".join(fault.split()) or "no reason given"
