"""Plates from and to disk, by OpenImageIO: read whole or refused, written whole or not at all."""

from __future__ import annotations

import dataclasses
import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from daynight.alpha import premultiplied, unpremultiplied
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
_BYTES: Final = {"uint8": 1, "uint16": 2, "half": 2, "float": 4}
_WHOLE: Final = frozenset({"uint", "int", "uint64", "int64"})
_GREY: Final = frozenset({"Y", "L", "I", "GRAY", "GREY", "LUMINANCE"})
_INTEGER: Final = frozenset({"uint8", "uint16"})
_JPEG_QUALITY: Final = 95
_WITHOUT_ALPHA: Final = frozenset({".jpg", ".jpeg", ".hdr", ".bmp"})
_LAST_MARKERS: Final = {".png": b"IEND\xaeB`\x82", ".jpg": b"\xff\xd9", ".jpeg": b"\xff\xd9"}
_MARGIN: Final = 2**20
"""Space, in bytes, for attributes and for what other writers take meanwhile."""


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
    if not _same_format(frame, path):
        frame = _for_another_format(frame, path)
    spec, channels = _file_layout(frame, path, kind, grey=grey)
    try:
        with written_whole(path) as temporary:
            _require_space(temporary.parent, channels.size * _BYTES[kind])
            _write(temporary, spec, channels)
            _require_end(temporary)
    except OSError as error:
        fault = error.strerror or str(error)
        raise PlateError(path, f"can't be written ({fault})", "check disk space and rights") from None


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


def display_size(path: Path) -> tuple[int, int]:
    """Width and height of a plate's display window, from its header alone.

    Raises:
        PlateError: the file can't be opened.
    """
    with _opened(path) as source:
        spec = source.spec()
        return spec.full_width, spec.full_height


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a file for reading; alpha is kept as the file has it."""
    configuration = oiio.ImageSpec()
    configuration.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), configuration)
    if source is None:
        fault = _one_line(oiio.geterror())
        if not os.access(path, os.F_OK):
            raise PlateError(path, "is not there", "check the name")
        if not os.access(path, os.R_OK):
            raise PlateError(path, "can't be read (Permission denied)", "check its rights")
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
    kinds = dict(zip(spec.channelnames, spec.channelformats or (spec.format,) * spec.nchannels, strict=True))
    whole = [name for name, kind in kinds.items() if str(kind) in _WHOLE]
    if whole:
        fault = f"has whole numbers in {', '.join(whole)}, and they would not come through"
        raise PlateError(path, fault, "leave them out")
    if source.seek_subimage(1, 0):
        raise PlateError(
            path, "has several parts, and only one would come through", "split it into single parts"
        )
    source.seek_subimage(0, 0)
    source.geterror()  # that there is no second part is no fault


def _frame(raw: NDArray[Any], spec: Any, path: Path, number: int | None) -> Frame:
    """Sort a file's channels into beauty, alpha and the rest."""
    names = [name.upper() for name in spec.channelnames]
    beauty = _beauty(names, path)
    alpha = spec.alpha_channel if 0 <= spec.alpha_channel < spec.nchannels else None
    rest = [index for index in range(spec.nchannels) if index not in beauty and index != alpha]
    integer = raw.dtype.kind == "u"
    return Frame(
        pixels=np.ascontiguousarray(as_float(_channels(raw, beauty)))[np.newaxis],
        encoding="display" if integer else "scene-linear",
        high_range=not integer,
        number=number,
        source=path,
        alpha=None if alpha is None else as_float(raw[..., alpha]),
        premultiplied=alpha is not None and not spec.get_int_attribute("oiio:UnassociatedAlpha", 0),
        extra=np.ascontiguousarray(raw[..., rest]) if rest else None,
        extra_names=tuple(spec.channelnames[index] for index in rest),
        data_window=Window(spec.x, spec.y, spec.width, spec.height),
        display_window=Window(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
        metadata=MappingProxyType({attribute.name: attribute.value for attribute in spec.extra_attribs}),
        file_spec=spec,
    )


def _beauty(names: list[str], path: Path) -> list[int]:
    """Places of R, G and B; a grey file's one channel stands for all three.

    Raises:
        PlateError: there is no saying which channels are the picture.
    """
    if {"R", "G", "B"} <= set(names):
        return [names.index(channel) for channel in "RGB"]
    if names[0] in _GREY or [name for name in names if name != "A"] == names[:1]:
        return [0, 0, 0]
    listed = ", ".join(names[:6]) + ("…" if len(names) > 6 else "")
    raise PlateError(path, f"has no channels R, G, B (but {listed})", "render the beauty as R, G, B")


def _channels(raw: NDArray[Any], places: list[int]) -> NDArray[Any]:
    part: NDArray[Any] = raw[..., :3] if places == [0, 1, 2] else raw[..., places]
    return part


def as_float(values: NDArray[Any]) -> NDArray[np.float32]:
    """Give floats as float32, and unsigned integers as float32 in [0, 1]; always a new array."""
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


def _same_format(frame: Frame, path: Path) -> bool:
    return frame.source is not None and frame.source.suffix.lower() == path.suffix.lower()


def _for_another_format(frame: Frame, path: Path) -> Frame:
    """Bring a frame to what another format holds: its kind of alpha, and a window where it has none."""
    suffix, straight = path.suffix.lower(), unpremultiplied(frame)
    if suffix != ".exr" and frame.data_window and frame.display_window and _is_where_the_plate_was(frame):
        straight = _filled(straight, frame.data_window, frame.display_window)
    if suffix == ".exr" or suffix in _WITHOUT_ALPHA:  # without alpha: the picture over black
        return premultiplied(to_encoding(straight, "scene-linear"))
    return straight


def _is_where_the_plate_was(frame: Frame) -> bool:
    """Whether the data window is the plate's own: a step that cropped the frame means its part alone."""
    spec, window = frame.file_spec, frame.data_window
    return spec is not None and window == Window(spec.x, spec.y, spec.width, spec.height)


def _filled(frame: Frame, data: Window, display: Window) -> Frame:
    """Put the pixels into the display window: black where there are none, overscan cut away."""
    if data == display:
        return frame
    left, top = max(data.x, display.x), max(data.y, display.y)
    right = min(data.x + data.width, display.x + display.width)
    bottom = min(data.y + data.height, display.y + display.height)
    target = (
        slice(top - display.y, max(bottom, top) - display.y),
        slice(left - display.x, max(right, left) - display.x),
    )
    source = (slice(top - data.y, max(bottom, top) - data.y), slice(left - data.x, max(right, left) - data.x))

    def fill(values: NDArray[Any]) -> NDArray[Any]:
        filled = np.zeros((display.height, display.width, *values.shape[2:]), values.dtype)
        filled[target] = values[source]
        return filled

    return dataclasses.replace(
        frame,
        pixels=fill(frame.image)[np.newaxis],
        alpha=None if frame.alpha is None else fill(frame.alpha),
        extra=None if frame.extra is None else fill(frame.extra),
        data_window=display,
    )


def _file_layout(frame: Frame, path: Path, kind: str, *, grey: bool) -> tuple[Any, NDArray[Any]]:
    """Give the description of the file to write and its channels H×W×C."""
    plate, suffix = frame.file_spec, path.suffix.lower()
    picture = _encoded(frame, integer=kind in _INTEGER)
    parts, names = [picture], ["R", "G", "B"]
    if grey and plate is not None and "R" not in [name.upper() for name in plate.channelnames]:
        parts, names = [picture[..., :1]], [plate.channelnames[0]]
    if frame.alpha is not None and suffix not in _WITHOUT_ALPHA:
        parts.append(frame.alpha[..., np.newaxis])
        names.append("A")
    if frame.extra is not None and (suffix in (".exr", ".tif", ".tiff") or _same_format(frame, path)):
        parts.append(as_float(frame.extra))
        names += frame.extra_names
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
    if _same_format(frame, path):
        spec.copy_dimensions(frame.file_spec)
        spec.extra_attribs = frame.file_spec.extra_attribs
        spec.width, spec.height, spec.nchannels, spec.channelformats = width, height, len(names), ()
        spec.set_format(_TYPES[kind])
        spec.channelformats = _formats(frame.file_spec, names)
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


def _formats(plate: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """Pixel type of each channel where the plate mixes them; empty where all are one type."""
    own = dict(zip(plate.channelnames, plate.channelformats, strict=False))
    return tuple(own.get(name, plate.format) for name in names) if own else ()


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
        # One filter (average) for all rows, not the best of five for each: half the time, the same size.
        spec.attribute("png:compressionLevel", 1)
        spec.attribute("png:filter", 64)


def _write(path: Path, spec: Any, channels: NDArray[Any]) -> None:
    target = oiio.ImageOutput.create(str(path))
    if target is None:
        raise OSError(f"no writer for {path.suffix}: {_one_line(oiio.geterror())}")
    try:
        written = target.open(str(path), spec) and target.write_image(channels)
        fault = "" if written else target.geterror()
    finally:
        closed = target.close()
    if not (written and closed):
        # The temporary name would tell nobody anything.
        raise OSError(_one_line((fault or target.geterror()).replace(str(path), path.suffix)))


def _require_space(folder: Path, size: int) -> None:
    """Refuse to begin a file that the disk may not hold: some writers don't tell when it is full.

    libpng's reports nothing then, and libjpeg's ends the process.
    """
    if shutil.disk_usage(folder).free < 4 * size + _MARGIN:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _require_end(path: Path) -> None:
    """See that a PNG or JPEG has its last marker: the space may have gone while it was written."""
    marker = _LAST_MARKERS.get(path.suffix.lower())
    if marker:
        with path.open("rb") as written:
            written.seek(-len(marker), os.SEEK_END)
            if written.read() != marker:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _flush(path: Path) -> None:
    """Wait until the content is on disk: else a crash after the rename could leave an empty frame."""
    descriptor = os.open(path, os.O_RDWR)  # Windows flushes only what may be written
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _one_line(fault: str) -> str:
    return " ".join(fault.split()) or "no reason given"
