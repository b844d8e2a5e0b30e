"""Results to disk: all of a plate's file around a changed picture, under its final name or not at all."""

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
from daynight.plates.attributes import describe
from daynight.plates.formats import OutputSpec, require_compression, require_depth
from daynight.plates.quantise import DTYPES, as_float, as_kind
from daynight.plates.reading import TYPES, one_line
from daynight.plates.uint_channels import changes_bits, mark_whole_numbers

_WORST_CASE: Final = 4
"""Space asked for ahead, per byte of pixels: as if all were float and would not compress."""


@dataclass(frozen=True)
class WriteOptions:
    """What is asked of the results' files."""

    depth: Depth | None = None
    """Pixel type of the picture; ``None``: the plate's where the format holds it."""
    compression: str | None = None
    """``NAME`` or ``NAME:LEVEL``, like ``dwaa:45`` or ``jpeg:90``; ``None``: the plate's."""
    strip_metadata: bool = False
    """Write only what the pixels can't be read without."""


@dataclass
class _Laid:
    """One part, ready to be written."""

    spec: Any
    channels: NDArray[Any]
    whole: list[str] = field(default_factory=list)
    """Channels of whole numbers that stand as bits of floats."""


@dataclass(frozen=True)
class _Layout:
    """Which channels the picture's part gets."""

    names: list[str]
    types: list[str]
    picture: list[int]
    """Places of red, green and blue, or of a grey picture's one channel."""
    alpha: int | None
    kept: dict[int, int]
    """Channels that come along as they stand: place in the result, place in the plate's part."""

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yield runs of channels that go as one: indices in the result, channels in the frame."""
        first, types = self.picture[0], {self.types[place] for place in self.picture}
        if len(types) == 1 and self.picture == list(range(first, first + len(self.picture))):
            yield slice(first, first + len(self.picture)), slice(len(self.picture))
        else:
            for channel, place in enumerate(self.picture):
                yield slice(place, place + 1), slice(channel, channel + 1)


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
    """Write a frame under its final name, all of it or nothing.

    The file is written under a temporary name in the same folder and renamed when it is on disk. Where the
    format is the plate's, its other parts and channels, its attributes, compression and tiles come along as
    they stand.

    Args:
        frame: untiled, its values as the file shall hold them.
        output: how it is laid down.
        options: what is asked of the file.
        attributes: to add, or with ``None`` to take away.
        untouched: no step has touched it: a grey plate stays one channel.

    Raises:
        PlateError: the disk refuses.
    """
    options = options or WriteOptions()
    laid = _laid(frame, output, untouched=untouched)
    plates = frame.file.parts if frame.file and output.same_format else ()
    for index, each in enumerate(laid):
        source = plates[index].spec if plates else (frame.file.part.spec if frame.file else None)
        is_picture = len(laid) == 1 or (frame.file is not None and index == frame.file.beauty)
        describe(
            each.spec,
            source,
            output,
            compression=options.compression,
            strip=options.strip_metadata,
            added=(attributes or {}) if is_picture else {},
        )
        if changes_bits(each.spec.get_string_attribute("compression"), each.whole):
            each.spec.attribute("compression", "zip")
    path = output.path
    try:
        with written_whole(path) as temporary:
            require_space(temporary.parent, _WORST_CASE * sum(each.channels.nbytes for each in laid))
            _write(temporary, laid)
            if output.format.name == "dpx":
                _name_dpx(temporary, path.name)
            require_end(temporary, output.format.end_marker)
    except OSError as error:
        fault = error.strerror or str(error)
        raise PlateError(path, f"can't be written ({fault})", "check disk space and rights") from None


def _laid(frame: Frame, output: OutputSpec, *, untouched: bool) -> list[_Laid]:
    """Return all parts of the file to write, the one with the picture at its place."""
    had_levels = untouched and frame.file is not None and frame.file.pixel_type == "uint8"
    # The seed is the file's name: the same noise whether a frame is done in a shot, a chunk or alone.
    dither = (
        zlib.crc32(output.path.name.encode()) if output.pixel_type == "uint8" and not had_levels else None
    )
    if not (output.same_format and frame.file):
        return [_new_part(frame, output, dither)]
    file = frame.file
    return [
        _picture_part(frame, file, output, dither, grey=untouched and file.grey)
        if index == file.beauty
        else _as_it_stands(part)
        for index, part in enumerate(file.parts)
    ]


def _as_it_stands(part: Part) -> _Laid:
    """Lay a part down that no step has touched."""
    assert part.channels is not None
    spec = oiio.ImageSpec(part.spec)
    return _Laid(spec, part.channels, _set_types(spec, part.types))


def _picture_part(
    frame: Frame, file: PlateFile, output: OutputSpec, dither: int | None, *, grey: bool
) -> _Laid:
    """Lay the plate's part down with another picture in its channels' places."""
    part, layout = file.part, _layout(frame, file, output, grey=grey)
    channels = np.empty((frame.height, frame.width, len(layout.names)), _buffer(layout.types))
    for places, source in layout.blocks():
        values = as_kind(
            frame.image[..., source], layout.types[places.start], bits=output.bits, dither=dither
        )
        channels[..., places] = values
    if layout.alpha is not None and frame.alpha is not None:
        channels[..., layout.alpha] = as_kind(frame.alpha, layout.types[layout.alpha], bits=output.bits)
    if part.channels is not None:
        rows, columns = frame.window.within(part.window)
        for place, old in layout.kept.items():
            channels[..., place] = _like(part.channels[rows, columns, old], channels.dtype)
    for name, values in frame.aovs.items():
        first = layout.names.index(f"{name}.R")
        channels[..., first : first + 3] = as_kind(values, output.pixel_type)
    spec = oiio.ImageSpec(part.spec)
    spec.width, spec.height = frame.width, frame.height
    spec.nchannels, spec.channelnames = len(layout.names), layout.names
    spec.alpha_channel = -1 if layout.alpha is None else layout.alpha
    _place(frame, spec)
    if file.grey and not grey:
        spec.erase_attribute("ICCProfile")  # it is a grey one's
    if output.integer:
        spec.attribute("oiio:BitsPerSample", output.bits or channels.dtype.itemsize * 8)
    return _Laid(spec, channels, _set_types(spec, layout.types))


def _layout(frame: Frame, file: PlateFile, output: OutputSpec, *, grey: bool) -> _Layout:
    """Return the plate's channels in their order (a grey one as three unless ``grey``), then the maps."""
    names: list[str] = []
    types: list[str] = []
    places: dict[int, int] = {}  # of a channel in the plate's part, and in the result's
    spread = file.grey and not grey
    maps = [f"{name}.{channel}" for name in frame.aovs for channel in "RGB"]
    for old, (name, kind) in enumerate(zip(file.part.names, file.part.types, strict=True)):
        if name in maps:
            continue  # of an earlier run: the new one takes its place
        places[old] = len(names)
        new = ["R", "G", "B"] if spread and old == file.places[0] else [name]
        names += new
        types += [kind] * len(new)
    first = places[file.places[0]]
    picture = [first, first + 1, first + 2] if spread else [places[each] for each in file.places]
    picture = picture[:1] if grey else picture
    alpha = None if file.alpha is None else places[file.alpha]
    kept = {new: old for old, new in places.items() if old not in (*file.places, file.alpha)}
    names += maps
    types += [output.pixel_type] * (len(names) - len(types))
    free: Collection[int] = ()  # places whose channels have types of their own: else all are of one
    if output.format.layers:
        free = range(len(types)) if output.pixel_type == file.pixel_type else kept
    types = [kind if place in free else output.pixel_type for place, kind in enumerate(types)]
    return _Layout(names, types, picture, alpha, kept)


def _new_part(frame: Frame, output: OutputSpec, dither: int | None) -> _Laid:
    """Lay a picture down in a format that is not its plate's."""
    names = ["R", "G", "B"]
    parts = [as_kind(frame.image, output.pixel_type, bits=output.bits, dither=dither)]
    if frame.alpha is not None and output.format.alpha:
        names.append("A")
        parts.append(as_kind(frame.alpha[..., np.newaxis], output.pixel_type, bits=output.bits))
    if output.format.layers:
        for name, values in frame.aovs.items():
            names += [f"{name}.{channel}" for channel in "RGB"]
            parts.append(as_kind(values, output.pixel_type))
    channels = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
    if not output.format.windows and frame.display_window and frame.kept_part is None:
        # Black where there are no pixels; overscan is cut off.
        channels = frame.window.aligned(channels, frame.display_window)
    spec = oiio.ImageSpec(channels.shape[1], channels.shape[0], len(names), TYPES[output.pixel_type])
    spec.channelnames = names
    spec.alpha_channel = names.index("A") if "A" in names else -1
    if output.bits:
        spec.attribute("oiio:BitsPerSample", output.bits)
    if output.format.windows:
        _place(frame, spec)
    if "A" in names and not frame.premultiplied:
        spec.attribute("oiio:UnassociatedAlpha", 1)
    return _Laid(spec, np.ascontiguousarray(channels))


def _buffer(types: Sequence[str]) -> type[np.generic]:
    """Type of the array that all channels are written from: theirs, or one that holds all of them."""
    return DTYPES[types[0]] if len(set(types)) == 1 else np.float32


def _like(plane: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a channel in the type of the array that it goes to; its own values or bits wherever they fit."""
    if plane.dtype == dtype or (plane.dtype.kind == "f" and dtype.kind == "f"):
        return plane
    kinds = {np.dtype(each): kind for kind, each in DTYPES.items()}
    return as_kind(as_float(plane), kinds[dtype])


def _set_types(spec: Any, types: Sequence[str]) -> list[str]:
    """Set a part's pixel types; give the names of whole-number channels that must stand as bits of floats."""
    types = [each if each in TYPES else "float" for each in types]  # as which the others were read
    if len(set(types)) == 1:
        spec.set_format(TYPES[types[0]])
        spec.channelformats = ()
        return []
    spec.set_format(oiio.FLOAT)
    spec.channelformats = tuple(TYPES["float" if each == "uint" else each] for each in types)
    return [name for name, each in zip(spec.channelnames, types, strict=True) if each == "uint"]


def _place(frame: Frame, spec: Any) -> None:
    data, display = frame.window, frame.picture_window
    spec.x, spec.y = data.x, data.y
    spec.full_x, spec.full_y = display.x, display.y
    spec.full_width, spec.full_height = display.width, display.height


def _name_dpx(path: Path, name: str) -> None:
    """Put a file's final name into its DPX header (SMPTE 268M, field 4) in place of the full path there."""
    with path.open("r+b") as file:
        file.seek(36)
        file.write(name.encode(errors="replace")[:99].ljust(100, b"\0"))


def _write(path: Path, laid: Sequence[_Laid]) -> None:
    target = oiio.ImageOutput.create(str(path))
    if target is None:
        raise OSError(f"no writer for {path.suffix}: {one_line(oiio.geterror())}")
    specs = tuple(each.spec for each in laid)
    try:
        written = target.open(str(path), specs if len(specs) > 1 else specs[0])
        for index, each in enumerate(laid):
            if index:
                written = written and target.open(str(path), each.spec, "AppendSubimage")
            written = written and target.write_image(each.channels)
        fault = "" if written else target.geterror()
    finally:
        closed = target.close()
    if not (written and closed):
        # The temporary name would tell nobody anything.
        raise OSError(one_line((fault or target.geterror()).replace(str(path), path.suffix)))
    whole = {index: each.whole for index, each in enumerate(laid) if each.whole}
    if whole:
        mark_whole_numbers(path, whole)
