"""Write results: all of the plate's file around a changed picture, complete or not at all."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import OpenImageIO as oiio
from numpy.typing import NDArray

from daynight.errors import PlateError
from daynight.frames.frame import Frame
from daynight.frames.plate import Part, PlateFile
from daynight.job import Depth
from daynight.plates.atomic import require_end, require_space, written_whole
from daynight.plates.attributes import set_attributes
from daynight.plates.formats import OutputSpec, require_compression, require_depth
from daynight.plates.quantise import DTYPES, as_float, quantise
from daynight.plates.reading import TYPES, one_line
from daynight.plates.uint_channels import changes_bits, mark_uint_channels

_WORST_CASE: Final = 4
"""Bytes of disk space to require per byte of pixels: as if all were float and did not compress."""


@dataclass(frozen=True)
class WriteOptions:
    """What is asked of the results' files."""

    depth: Depth | None = None
    """Depth of the picture; ``None``: the plate's if the format can store it."""
    compression: str | None = None
    """``NAME`` or ``NAME:LEVEL``, such as ``dwaa:45`` or ``jpeg:90``; ``None``: the plate's."""
    strip_metadata: bool = False
    """Keep only the metadata needed to interpret the pixels."""


@dataclass
class _OutputPart:
    """One part, ready to be written."""

    spec: Any
    channels: NDArray[Any]
    uint_as_float: list[str] = field(default_factory=list)
    """uint channels whose bits are written as those of floats."""


@dataclass(frozen=True)
class _ChannelLayout:
    """Channels of the picture's part as it is written."""

    names: list[str]
    types: list[str]
    picture: list[int]
    """Indices of red, green and blue, or of a grey picture's one channel."""
    alpha: int | None
    kept: dict[int, int]
    """Index in the plate's part of each channel that is copied, by its index in the result."""

    def runs(self) -> Iterator[tuple[slice, slice]]:
        """Yield runs of picture channels to convert at once: in the result, and in the frame."""
        first, types = self.picture[0], {self.types[index] for index in self.picture}
        if len(types) == 1 and self.picture == list(range(first, first + len(self.picture))):
            yield slice(first, first + len(self.picture)), slice(len(self.picture))
        else:
            for channel, index in enumerate(self.picture):
                yield slice(index, index + 1), slice(channel, channel + 1)


def check_options(extension: str, options: WriteOptions) -> None:
    """Check that a format has the depth and the compression that are asked of it.

    Raises:
        UsageError: it doesn't.
    """
    if options.depth:
        require_depth(extension, options.depth)
    if options.compression:
        require_compression(extension, options.compression)


def write_frame(
    frame: Frame,
    output: OutputSpec,
    *,
    options: WriteOptions | None = None,
    attributes: Mapping[str, str | tuple[float, ...] | None] | None = None,
    untouched: bool = False,
) -> None:
    """Write a frame as a complete file under its final name, or not at all.

    The file is written under a temporary name in the same folder, flushed to disk and then renamed. If the
    format is the plate's, its other parts and channels, attributes, compression and tiles are kept as they
    are.

    Args:
        frame: untiled; its values are written as they are, but for the pixel type.
        output: how it is written.
        options: what is asked of the file.
        attributes: to add; to remove where the value is ``None``.
        untouched: whether no step has changed it: a grey plate then stays one channel, and 8 bits are not
            dithered again.

    Raises:
        PlateError: the file can't be written.
    """
    options = options or WriteOptions()
    parts = _output_parts(frame, output, untouched=untouched)
    plates = frame.file.parts if frame.file and output.same_format else ()
    for index, each in enumerate(parts):
        source = plates[index].spec if plates else (frame.file.part.spec if frame.file else None)
        is_picture = len(parts) == 1 or (frame.file is not None and index == frame.file.beauty)
        set_attributes(
            each.spec,
            source,
            output,
            compression=options.compression,
            strip=options.strip_metadata,
            added=(attributes or {}) if is_picture else {},
        )
        if changes_bits(each.spec.get_string_attribute("compression"), each.uint_as_float):
            each.spec.attribute("compression", "zip")
    path = output.path
    try:
        with written_whole(path) as temporary:
            require_space(temporary.parent, _WORST_CASE * sum(each.channels.nbytes for each in parts))
            _write(temporary, parts)
            if output.format.name == "dpx":
                _set_dpx_name(temporary, path.name)
            require_end(temporary, output.format.end_marker)
    except OSError as error:
        fault = error.strerror or str(error)
        raise PlateError(path, f"can't be written ({fault})", "check disk space and permissions") from None


def _output_parts(frame: Frame, output: OutputSpec, *, untouched: bool) -> list[_OutputPart]:
    """Return all parts of the file to write, in the plate's order."""
    was_8_bits = untouched and frame.file is not None and frame.file.pixel_type == "uint8"
    dither = None
    if output.pixel_type == "uint8" and not was_8_bits:
        # Seeded by the file's name: the same noise whether a frame is done in a shot, a chunk or alone.
        dither = zlib.crc32(output.path.name.encode())
    if not (output.same_format and frame.file):
        return [_new_part(frame, output, dither)]
    file = frame.file
    return [
        _picture_part(frame, file, output, dither, grey=untouched and file.grey)
        if index == file.beauty
        else _copied_part(part)
        for index, part in enumerate(file.parts)
    ]


def _copied_part(part: Part) -> _OutputPart:
    assert part.channels is not None
    spec = oiio.ImageSpec(part.spec)
    return _OutputPart(spec, part.channels, _set_types(spec, part.types))


def _picture_part(
    frame: Frame, file: PlateFile, output: OutputSpec, dither: int | None, *, grey: bool
) -> _OutputPart:
    """Return the plate's part with the frame's picture, alpha and AOVs in it."""
    part, layout = file.part, _channel_layout(frame, file, output, grey=grey)
    channels = np.empty((frame.height, frame.width, len(layout.names)), _buffer_type(layout.types))
    for run, source in layout.runs():
        pixel_type = layout.types[run.start]
        channels[..., run] = quantise(frame.image[..., source], pixel_type, bits=output.bits, dither=dither)
    if layout.alpha is not None and frame.alpha is not None:
        channels[..., layout.alpha] = quantise(frame.alpha, layout.types[layout.alpha], bits=output.bits)
    if part.channels is not None:
        rows, columns = frame.window.within(part.window)
        for new, old in layout.kept.items():
            channels[..., new] = _converted(part.channels[rows, columns, old], channels.dtype)
    for name, plane in frame.aov_channels.items():
        channels[..., layout.names.index(name)] = quantise(plane, output.pixel_type)
    spec = oiio.ImageSpec(part.spec)
    spec.width, spec.height = frame.width, frame.height
    spec.nchannels, spec.channelnames = len(layout.names), layout.names
    spec.alpha_channel = -1 if layout.alpha is None else layout.alpha
    _set_windows(spec, frame)
    if file.grey and not grey:
        spec.erase_attribute("ICCProfile")  # a grey profile does not fit RGB
    if output.integer:
        spec.attribute("oiio:BitsPerSample", output.bits or channels.dtype.itemsize * 8)
    return _OutputPart(spec, channels, _set_types(spec, layout.types))


def _channel_layout(frame: Frame, file: PlateFile, output: OutputSpec, *, grey: bool) -> _ChannelLayout:
    """Return the plate's channels in their order (a grey one as R, G, B unless ``grey``), then the AOVs."""
    names: list[str] = []
    types: list[str] = []
    new_index: dict[int, int] = {}  # by the channel's index in the plate's part
    spread = file.grey and not grey
    aovs = list(frame.aov_channels)
    for old, (name, pixel_type) in enumerate(zip(file.part.names, file.part.types, strict=True)):
        if name in aovs:
            continue  # written by an earlier run: the new one replaces it
        new_index[old] = len(names)
        new = ["R", "G", "B"] if spread and old == file.rgb[0] else [name]
        names += new
        types += [pixel_type] * len(new)
    first = new_index[file.rgb[0]]
    picture = [first, first + 1, first + 2] if spread else [new_index[each] for each in file.rgb]
    picture = picture[:1] if grey else picture
    alpha = None if file.alpha is None else new_index[file.alpha]
    kept = {new: old for old, new in new_index.items() if old not in (*file.rgb, file.alpha)}
    names += aovs
    types += [output.pixel_type] * (len(names) - len(types))
    own_type: Collection[int] = ()  # channels that keep their pixel type; the others get the picture's
    if output.format.layers:
        own_type = range(len(types)) if output.pixel_type == file.pixel_type else kept
    types = [each if index in own_type else output.pixel_type for index, each in enumerate(types)]
    return _ChannelLayout(names, types, picture, alpha, kept)


def _new_part(frame: Frame, output: OutputSpec, dither: int | None) -> _OutputPart:
    """Return the only part of a file whose format is not the plate's."""
    names = ["R", "G", "B"]
    planes = [quantise(frame.image, output.pixel_type, bits=output.bits, dither=dither)]
    if frame.alpha is not None and output.format.alpha:
        names.append("A")
        planes.append(quantise(frame.alpha[..., np.newaxis], output.pixel_type, bits=output.bits))
    if output.format.layers:
        for name, plane in frame.aov_channels.items():
            names.append(name)
            planes.append(quantise(plane[..., np.newaxis], output.pixel_type))
    channels = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
    if not output.format.windows and frame.display_window and frame.kept_part is None:
        # Black where there are no pixels; overscan is cut off.
        channels = frame.window.aligned(channels, frame.display_window)
    spec = oiio.ImageSpec(channels.shape[1], channels.shape[0], len(names), TYPES[output.pixel_type])
    spec.channelnames = names
    spec.alpha_channel = names.index("A") if "A" in names else -1
    if output.bits:
        spec.attribute("oiio:BitsPerSample", output.bits)
    if output.format.windows:
        _set_windows(spec, frame)
    if "A" in names and not frame.premultiplied:
        spec.attribute("oiio:UnassociatedAlpha", 1)
    return _OutputPart(spec, np.ascontiguousarray(channels))


def _buffer_type(types: Sequence[str]) -> type[np.generic]:
    """Return the type of the array that all channels are written from: theirs, or float32 for mixed ones."""
    return DTYPES[types[0]] if len(set(types)) == 1 else np.float32


def _converted(plane: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a plate's channel in another type; floats, and uint bits in them, are never converted here."""
    if plane.dtype == dtype or (plane.dtype.kind == "f" and dtype.kind == "f"):
        return plane
    names = {np.dtype(each): name for name, each in DTYPES.items()}
    return quantise(as_float(plane), names[dtype])


def _set_types(spec: Any, types: Sequence[str]) -> list[str]:
    """Set a part's pixel types; return the uint channels that must be written as the bits of floats."""
    if len(set(types)) == 1:
        spec.set_format(TYPES[types[0]])
        spec.channelformats = ()
        return []
    spec.set_format(oiio.FLOAT)
    spec.channelformats = tuple(TYPES["float" if each == "uint" else each] for each in types)
    return [name for name, each in zip(spec.channelnames, types, strict=True) if each == "uint"]


def _set_windows(spec: Any, frame: Frame) -> None:
    data, display = frame.window, frame.picture_window
    spec.x, spec.y = data.x, data.y
    spec.full_x, spec.full_y = display.x, display.y
    spec.full_width, spec.full_height = display.width, display.height


def _set_dpx_name(path: Path, name: str) -> None:
    """Write a file's final name into its DPX header (SMPTE 268M, field 4), in place of the temporary path."""
    with path.open("r+b") as file:
        file.seek(36)
        file.write(name.encode(errors="replace")[:99].ljust(100, b"\0"))


def _write(path: Path, parts: Sequence[_OutputPart]) -> None:
    target = oiio.ImageOutput.create(str(path))
    if target is None:
        raise OSError(f"no writer for {path.suffix}: {one_line(oiio.geterror())}")
    specs = tuple(each.spec for each in parts)
    try:
        written = target.open(str(path), specs if len(specs) > 1 else specs[0])
        for index, each in enumerate(parts):
            if index:
                written = written and target.open(str(path), each.spec, "AppendSubimage")
            written = written and target.write_image(each.channels)
        fault = "" if written else target.geterror()
    finally:
        closed = target.close()
    if not (written and closed):
        # The message names the temporary file, which means nothing to a user.
        raise OSError(one_line((fault or target.geterror()).replace(str(path), path.suffix)))
    uint_as_float = {index: each.uint_as_float for index, each in enumerate(parts) if each.uint_as_float}
    if uint_as_float:
        mark_uint_channels(path, uint_as_float)
