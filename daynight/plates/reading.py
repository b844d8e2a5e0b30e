"""Plates from disk: read whole, or refused with the reason before anything is decoded."""

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
from daynight.plates.layers import Picture, find_matte, find_picture
from daynight.plates.quantise import DTYPES, as_float

TYPES: Final = {
    "uint8": oiio.UINT8,
    "uint16": oiio.UINT16,
    "uint": oiio.UINT32,
    "half": oiio.HALF,
    "float": oiio.FLOAT,
}
"""OpenImageIO's type of each kind of pixel that is read and written as it stands."""


@dataclass(frozen=True)
class Limits:
    """What a file may claim in its header before it is decoded: a broken or hostile one claims anything."""

    pixels: int = 2**28
    """Of a part: 16384 x 16384."""
    channels: int = 1024
    """Of all parts."""
    megabytes: int = 16384
    """Of all parts, decoded."""


LIMITS: Final = Limits()


def read_frame(
    path: Path, number: int | None = None, *, layer: str | None = None, limits: Limits = LIMITS
) -> Frame:
    """Read a plate.

    Integer files are taken as display-encoded (sRGB) and float files as scene-linear until a
    :class:`daynight.colour.spaces.ColourSpaces` says more.

    Args:
        path: the file.
        number: its frame number, carried along.
        layer: the picture's layer, part or view; ``None``: R, G and B, or a grey image's one channel.
        limits: what the header may claim.

    Returns:
        A frame whose pixels are 1×H×W×3 float32; a grey plate's one channel stands three times.

    Raises:
        PlateError: the file is missing, broken, cut short, deep, a volume, a texture with mip levels, too
            large, or has no such layer.
    """
    return _read(path, number, lambda specs: find_picture(specs, layer, path), limits)


def read_matte(path: Path, *, limits: Limits = LIMITS) -> tuple[Plane, Window, Window]:
    """Read a file as a matte: its values as numbers in [0, 1], with no colour about them.

    Returns:
        The picture's red (in a grey file: its one) channel, H×W float32; its data window; its display window.

    Raises:
        PlateError: as :func:`read_frame`.
    """
    frame = _read(path, None, lambda specs: find_matte(specs, path), limits)
    plane = np.ascontiguousarray(frame.image[..., 0])
    return plane, frame.window, frame.picture_window


def channel_of(frame: Frame, name: str) -> Plane:
    """Return one channel of a frame's plate, by name, at the size of the picture: H×W float32.

    Args:
        frame: as read.
        name: of a channel, or of a layer whose first channel is meant; in a file of several parts also
            ``part.channel``.

    Raises:
        PlateError: there is no such channel, or it has another data window.
    """
    file = frame.file
    known: dict[str, tuple[Part, int]] = {}
    for part in file.parts if file else ():
        label = str(part.spec.get_string_attribute("oiio:subimagename"))
        for place, each in enumerate(part.names):
            for title in (each, each.rpartition(".")[0], f"{label}.{each}" if label else "", label):
                known.setdefault(title, (part, place))
    known.pop("", None)
    if name not in known:
        raise PlateError(frame.source or "frame", f"has no channel {name!r}", nearest(name, known))
    part, place = known[name]
    if part.window != frame.window:
        raise PlateError(
            frame.source or "frame", f"channel {name} has another data window", "give the matte as a file"
        )
    if part.channels is None:  # it is the picture's own
        if file and place == file.alpha and frame.alpha is not None:
            return frame.alpha
        return np.ascontiguousarray(frame.image[..., file.places.index(place) if file else 0])
    values: NDArray[Any] = part.channels[..., place]
    if part.types[place] == "uint" and values.dtype != np.uint32:
        values = np.ascontiguousarray(values).view(np.uint32)
    return as_float(values)


def display_size(path: Path) -> tuple[int, int]:
    """Width and height of a plate's display window, from its header alone.

    Raises:
        PlateError: the file can't be opened.
    """
    with _opened(path) as source:
        spec = source.spec()
        return spec.full_width, spec.full_height


def _read(path: Path, number: int | None, find: Callable[[Sequence[Any]], Picture], limits: Limits) -> Frame:
    """Read a file whose picture is where ``find`` says, of its parts' descriptions."""
    with _opened(path) as source:
        specs = _described(source, path, limits)
        picture = find(specs)
        parts = [Part(spec, _read_part(source, index, spec, path)) for index, spec in enumerate(specs)]
        name = str(source.format_name())
    return _frame(name, parts, picture, path, number)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file for reading; alpha is kept as the file has it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise PlateError(path, "can't be opened: its name is no text (UTF-8)", "rename it") from None
    configuration = oiio.ImageSpec()
    configuration.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), configuration)
    if source is None:
        fault = one_line(oiio.geterror())
        if not os.access(path, os.F_OK):
            raise PlateError(path, "is not there", "check the name")
        if not os.access(path, os.R_OK):
            raise PlateError(path, "can't be read (Permission denied)", "check its rights")
        raise _not_readable(path, fault)
    try:
        # Where the promised reader fails OpenImageIO tries all the others, unless a process-wide setting
        # says otherwise. That setting belongs to the host, so what they opened is refused here.
        if source.format_name() not in _formats_promised(path.suffix.lower()):
            raise _not_readable(path, f"its content is {source.format_name()}")
        yield source
    finally:
        source.close()


def _not_readable(path: Path, fault: str) -> PlateError:
    return PlateError(
        path, f"is not a readable {path.suffix} image ({fault})", "check its content and ending"
    )


def _formats_promised(ending: str) -> Collection[str]:
    """Return OpenImageIO's names of the formats that a file name ending stands for."""
    if ending in FORMATS:
        return (FORMATS[ending].name,)
    formats = (each.partition(":") for each in oiio.get_string_attribute("extension_list").split(";"))
    return [name for name, _, endings in formats if ending.removeprefix(".") in endings.split(",")]


def _described(source: Any, path: Path, limits: Limits) -> list[Any]:
    """Return the description of each part, from the headers alone.

    Raises:
        PlateError: something of the file would be lost, or it claims to be too large.
    """
    specs: list[Any] = []
    while source.seek_subimage(len(specs), 0):
        specs.append(oiio.ImageSpec(source.spec()))
        _refuse_what_would_be_lost(source, specs[-1], path)
        if source.seek_subimage(len(specs) - 1, 1):
            raise PlateError(path, "is a texture with mip levels", "give the image that it was made from")
        _refuse_what_is_too_large(specs, path, limits)
    source.geterror()  # that there is no further part is no fault
    if not specs:
        raise PlateError(path, "has no image in it", "copy or render the frame again")
    return specs


def _refuse_what_would_be_lost(source: Any, spec: Any, path: Path) -> None:
    if spec.deep:
        raise PlateError(path, "is a deep image", "flatten it first")
    if spec.depth > 1:
        raise PlateError(path, "is a volume", "give a flat image")
    if "CMYK" in (spec.get_string_attribute("tiff:ColorSpace"), spec.get_string_attribute("jpeg:ColorSpace")):
        raise PlateError(path, "is CMYK, made for print", "convert it to RGB first")
    kinds = {str(each) for each in (spec.channelformats or (spec.format,))}
    if not kinds <= set(TYPES):
        told = ", ".join(sorted(kinds - set(TYPES)))
        raise PlateError(path, f"has pixels of {told}", "store them as half, float, 8 or 16 bits")
    if len(kinds) > 1 and not kinds <= {"half", "float", "uint"}:
        raise PlateError(path, f"mixes channels of {', '.join(sorted(kinds))}", "store them as half or float")
    source.geterror()


def _refuse_what_is_too_large(specs: Sequence[Any], path: Path, limits: Limits) -> None:
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
                f"says it has {claimed} {unit}, and {allowed} are allowed",
                f"raise `{option}` if that is true",
            )


def _read_part(source: Any, index: int, spec: Any, path: Path) -> NDArray[Any]:
    """Decode one part: H×W×C, as :class:`daynight.frames.plate.Part` holds it."""
    kinds = [str(each) for each in spec.channelformats]
    kind = "float" if kinds else str(spec.format)
    values = _decoded(source, index, (0, spec.nchannels), kind if kind in TYPES else "float", path)
    for whole, group in groupby(range(len(kinds)), key=lambda place: kinds[place] == "uint"):
        if whole:
            run = list(group)
            bits = _decoded(source, index, (run[0], run[-1] + 1), "uint", path)
            values[..., run] = bits.view(np.float32)
    return values


def _decoded(source: Any, index: int, run: tuple[int, int], kind: str, path: Path) -> NDArray[Any]:
    """Decode a run of channels of a part as one type: H×W×C."""
    raw = source.read_image(index, 0, *run, TYPES[kind])
    # A JPEG that ends early still gives pixels (grey ones): the pending error tells.
    fault = source.geterror()
    if raw is None or fault:
        raise PlateError(path, f"can't be decoded ({one_line(fault)})", "copy or render the frame again")
    spec = source.spec()
    return np.asarray(raw, DTYPES[kind]).reshape(spec.height, spec.width, run[1] - run[0])


def _frame(name: str, parts: Sequence[Part], picture: Picture, path: Path, number: int | None) -> Frame:
    """Sort a file's channels into picture, alpha and the rest."""
    spec, raw = parts[picture.part].spec, parts[picture.part].channels
    assert raw is not None
    types, places, alpha = parts[picture.part].types, list(picture.places), picture.alpha
    if "uint" in [types[place] for place in places]:
        raise PlateError(path, "its picture is of whole numbers", "give half, float, 8 or 16 bits")
    if alpha is not None and types[alpha] == "uint":
        alpha = None  # some number of an object, and no coverage
    integer = raw.dtype.kind == "u"
    alone = spec.nchannels == len({*places, alpha} - {None})
    kept = list(parts)
    if alone:
        kept[picture.part] = Part(spec, None)
    return Frame(
        pixels=as_float(raw[..., :3] if places == [0, 1, 2] else raw[..., places])[np.newaxis],
        encoding="display" if integer else "scene-linear",
        high_range=not integer,
        number=number,
        source=path,
        alpha=None if alpha is None else as_float(raw[..., alpha]),
        premultiplied=alpha is not None and not spec.get_int_attribute("oiio:UnassociatedAlpha", 0),
        data_window=Window(spec.x, spec.y, spec.width, spec.height),
        display_window=Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        metadata=MappingProxyType({attribute.name: attribute.value for attribute in spec.extra_attribs}),
        file=PlateFile(name, tuple(kept), picture.part, picture.places, alpha),
    )


def one_line(fault: str) -> str:
    """Return an error of OpenImageIO's in one line."""
    return " ".join(fault.split()) or "no reason given"
