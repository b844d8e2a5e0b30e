"""Plates from and to disk, by OpenImageIO: read whole or refused, written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from daynight.colour import encode_display, to_encoding
from daynight.errors import PlateError
from daynight.frame import Frame, Pixels, Window

EXTENSIONS: Final = frozenset(
    {".exr", ".dpx", ".cin", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".hdr", ".bmp", ".tga"}
)
"""File name endings that are taken for plates, in lower case."""

WRITABLE: Final = EXTENSIONS - {".cin"}
"""File name endings that can be written."""

# A text file named .exr is refused by the EXR reader; no other reader gets a try at it.
oiio.attribute("try_all_readers", 0)

_TYPES: Final = {"uint8": oiio.UINT8, "uint16": oiio.UINT16, "half": oiio.HALF, "float": oiio.FLOAT}
_INTEGER: Final = frozenset({"uint8", "uint16"})
_JPEG_QUALITY: Final = 95


def set_threads(count: int) -> None:
    """Let OpenImageIO use this many threads for decoding and encoding."""
    oiio.attribute("threads", count)


def read_frame(path: Path, number: int | None = None) -> Frame:
    """Read a plate.

    Integer files are taken as display-encoded (sRGB), float files as scene-linear.

    Args:
        path: the file.
        number: its frame number, carried along.

    Returns:
        A frame whose pixels are 1×H×W×3 float32; a grey plate's one channel stands three times.

    Raises:
        PlateError: the file is missing, broken, cut short, deep or of several parts.
    """
    with _opened(path) as source:
        spec = source.spec()
        _refuse_what_would_be_lost(source, path)
        kind = str(spec.format) if str(spec.format) in _TYPES else "float"
        raw = source.read_image(0, 0, 0, spec.nchannels, _TYPES[kind])
        # A JPEG that ends early still gives pixels (grey ones): the pending error tells.
        fault = source.geterror()
    if raw is None or fault:
        raise PlateError(path, f"can't be decoded ({_one_line(fault)})", "copy or render the frame again")
    return _frame(raw.reshape(spec.height, spec.width, spec.nchannels), spec, path, number)


def write_frame(frame: Frame, path: Path, *, grey: bool = False) -> None:
    """Write a frame under its final name, all of it or nothing.

    The file is written under a temporary name in the same folder and renamed when it is on disk.
    Pixel type, compression and attributes are the plate's where the format is the same.

    Args:
        frame: untiled; its alpha, extra channels and windows are written with it.
        path: its ending picks the format.
        grey: write one channel where the plate had one (for a chain that changes no colour).

    Raises:
        PlateError: the format can't be written, or the disk refuses.
    """
    kind = _pixel_type(frame.file_spec, path)
    spec, channels = _file_layout(frame, path, kind, grey=grey)
    try:
        with written_whole(path) as temporary:
            _write(temporary, spec, channels)
    except OSError as error:
        raise PlateError(
            path, f"can't be written ({error.strerror})", "check disk space and rights"
        ) from None


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary name in the same folder, and rename it when the file is on disk.

    If the block fails the temporary file is removed and ``path`` stays as it was.

    Raises:
        OSError: the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def black_like(frame: Frame, number: int) -> Frame:
    """Give a black frame of the same shape and file layout, for a gap in a shot."""
    return frame.with_pixels(np.zeros_like(frame.pixels), number=number)


def display_size(frame: Frame) -> tuple[int, int]:
    """Width and height of the picture that a frame belongs to: of its display window, else its pixels."""
    window = frame.display_window
    return (window.width, window.height) if window else (frame.width, frame.height)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file for reading; alpha is kept as the file has it."""
    configuration = oiio.ImageSpec()
    configuration.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), configuration)
    if source is None:
        fault = _one_line(oiio.geterror())
        if not path.exists():
            raise PlateError(path, "is not there", "check the name")
        raise PlateError(
            path, f"is no readable {path.suffix} image ({fault})", "check its content and ending"
        )
    try:
        yield source
    finally:
        source.close()


def _refuse_what_would_be_lost(source: Any, path: Path) -> None:
    spec = source.spec()
    if spec.deep:
        raise PlateError(path, "is a deep image", "flatten it first")
    if spec.depth > 1:
        raise PlateError(path, "is a volume", "give a flat image")
    if source.seek_subimage(1, 0):
        raise PlateError(
            path, "has several parts, and only one would come through", "split it into single parts"
        )
    source.seek_subimage(0, 0)
    source.geterror()  # that there is no second part is no fault


def _frame(raw: NDArray[Any], spec: Any, path: Path, number: int | None) -> Frame:
    """Sort a file's channels into beauty, alpha and the rest."""
    names = [name.upper() for name in spec.channelnames]
    beauty = _beauty(names)
    alpha = spec.alpha_channel if 0 <= spec.alpha_channel < spec.nchannels else None
    rest = [index for index in range(spec.nchannels) if index not in beauty and index != alpha]
    integer = raw.dtype.kind == "u"
    return Frame(
        pixels=np.ascontiguousarray(_as_float(_channels(raw, beauty)))[np.newaxis],
        encoding="display" if integer else "scene-linear",
        high_range=not integer,
        number=number,
        source=path,
        alpha=None if alpha is None else _as_float(raw[..., alpha]),
        premultiplied=alpha is not None and not spec.get_int_attribute("oiio:UnassociatedAlpha", 0),
        extra=np.ascontiguousarray(raw[..., rest]) if rest else None,
        data_window=Window(spec.x, spec.y, spec.width, spec.height),
        display_window=Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        metadata=MappingProxyType({attribute.name: attribute.value for attribute in spec.extra_attribs}),
        file_spec=spec,
    )


def _beauty(names: list[str]) -> list[int]:
    """Places of R, G and B; a file without them gives its first channel three times."""
    if {"R", "G", "B"} <= set(names):
        return [names.index(channel) for channel in "RGB"]
    return [0, 0, 0]


def _channels(raw: NDArray[Any], places: list[int]) -> NDArray[Any]:
    part: NDArray[Any] = raw[..., :3] if places == [0, 1, 2] else raw[..., places]
    return part


def _as_float(values: NDArray[Any]) -> NDArray[np.float32]:
    """Give floats as float32, and integers as float32 in [0, 1]."""
    if values.dtype.kind == "u":
        scale = np.float32(1 / np.iinfo(values.dtype).max)
        return np.asarray(np.multiply(values, scale, dtype=np.float32))
    return values.astype(np.float32)


def _pixel_type(spec: Any, path: Path) -> str:
    """Pixel type to write: the plate's own where the format can hold it."""
    own = str(spec.format) if spec is not None and str(spec.format) in _TYPES else "float"
    suffix = path.suffix.lower()
    if suffix == ".exr":
        return "half" if own in _INTEGER else own
    if suffix == ".hdr":
        return "float"
    if suffix in (".jpg", ".jpeg", ".bmp", ".tga"):
        return "uint8"
    if suffix in (".png", ".dpx") and own not in _INTEGER:
        return "uint16"
    return own


def _file_layout(frame: Frame, path: Path, kind: str, *, grey: bool) -> tuple[Any, NDArray[Any]]:
    """Give the description of the file to write and its channels H×W×C."""
    plate = frame.file_spec
    same_format = frame.source is not None and frame.source.suffix.lower() == path.suffix.lower()
    holds_all = path.suffix.lower() in (".exr", ".tif", ".tiff")
    picture = _encoded(frame, integer=kind in _INTEGER)
    if grey and plate is not None and _beauty([name.upper() for name in plate.channelnames]) == [0, 0, 0]:
        parts, names = [picture[..., :1]], [plate.channelnames[0]]
    else:
        parts, names = [picture], ["R", "G", "B"]
    if frame.alpha is not None and path.suffix.lower() not in (".jpg", ".jpeg", ".hdr", ".bmp"):
        parts.append(frame.alpha[..., np.newaxis])
        names.append("A")
    if frame.extra is not None and plate is not None and (holds_all or same_format):
        parts.append(_as_float(frame.extra))
        names += [name for name in plate.channelnames if name.upper() not in ("R", "G", "B", "A", names[0])]
    channels = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2, dtype=np.float32)
    return _spec(frame, path, kind, names), np.ascontiguousarray(channels)


def _encoded(frame: Frame, *, integer: bool) -> Pixels:
    """The picture as a file of this kind holds it: display-encoded integers, scene-linear floats."""
    if integer and frame.high_range:
        # What an integer file can't hold is clipped there, not rolled off: mid-tones keep their value.
        return encode_display(to_encoding(frame, "scene-linear").image)
    return to_encoding(frame, "display" if integer else "scene-linear").image


def _spec(frame: Frame, path: Path, kind: str, names: list[str]) -> Any:
    height, width = frame.image.shape[:2]
    spec = oiio.ImageSpec(width, height, len(names), _TYPES[kind])
    if frame.source is not None and frame.source.suffix.lower() == path.suffix.lower():
        spec.copy_dimensions(frame.file_spec)
        spec.extra_attribs = frame.file_spec.extra_attribs
        spec.width, spec.height, spec.nchannels, spec.channelformats = width, height, len(names), ()
        spec.set_format(_TYPES[kind])
    else:
        _copy_attributes(frame.metadata, spec)
    spec.channelnames = names
    spec.alpha_channel = names.index("A") if "A" in names else -1
    _place(frame, spec)
    if not frame.premultiplied and frame.alpha is not None:
        spec.attribute("oiio:UnassociatedAlpha", 1)
    _set_compression(spec, path)
    return spec


def _copy_attributes(metadata: Mapping[str, Any], spec: Any) -> None:
    """Carry attributes to another format, but for those that describe the plate's own file."""
    for name, value in metadata.items():
        private = name.partition(":")[0].lower() in (
            "oiio",
            "openexr",
            "png",
            "jpeg",
            "tiff",
            "dpx",
            "iccprofile",
        )
        if not private and name.lower() != "compression" and isinstance(value, (str, int, float)):
            spec.attribute(name, value)


def _place(frame: Frame, spec: Any) -> None:
    data = frame.data_window or Window(0, 0, frame.width, frame.height)
    display = frame.display_window or data
    spec.x, spec.y = data.x, data.y
    spec.full_x, spec.full_y = display.x, display.y
    spec.full_width, spec.full_height = display.width, display.height


def _set_compression(spec: Any, path: Path) -> None:
    if path.suffix.lower() in (".jpg", ".jpeg"):
        spec.attribute("Compression", f"jpeg:{_JPEG_QUALITY}")
    elif path.suffix.lower() == ".png":
        # zlib's level 6 costs four times level 2's time for a tenth less on disk: the GPU would wait.
        spec.attribute("png:compressionLevel", 2)


def _write(path: Path, spec: Any, channels: NDArray[Any]) -> None:
    target = oiio.ImageOutput.create(str(path))
    if target is None:
        raise PlateError(path, f"no writer for {path.suffix} ({_one_line(oiio.geterror())})", "choose --ext")
    try:
        written = target.open(str(path), spec) and target.write_image(channels)
        fault = "" if written else target.geterror()
    finally:
        closed = target.close()
    if not (written and closed):
        fault = _one_line(fault or target.geterror())
        raise PlateError(path, f"can't be written ({fault})", "check disk space and rights")


def _flush(path: Path) -> None:
    """Wait until the content is on disk: else a crash after the rename could leave an empty frame."""
    descriptor = os.open(path, os.O_RDWR)  # Windows flushes only what may be written
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _one_line(fault: str) -> str:
    return " ".join(fault.split()) or "no reason given"
