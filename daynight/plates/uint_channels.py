"""uint channels beside half and float ones in one part of an OpenEXR file.

OpenImageIO writes all channels of a part from one array of one pixel type, and converts values: no type
represents both a half of 20.0 and an object ID of 32 bits. So a uint channel is written as float, bit for
bit (both have four bytes), and its pixel type is corrected in the header's channel list afterwards: nothing
else in the file depends on it. That is true of every compression that stores both types alike;
:func:`changes_bits` tells which do not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

_MAGIC: Final = bytes.fromhex("762f3101")
_UINT, _FLOAT = (0).to_bytes(4, "little"), (2).to_bytes(4, "little")
_COLOURS: Final = frozenset({"r", "g", "b", "y", "ry", "by"})
_AFTER_TYPE: Final = 12
"""Bytes of a channel's entry after its pixel type: pLinear, three reserved, xSampling, ySampling."""


def changes_bits(compression: str, names: Collection[str]) -> bool:
    """Return whether a compression would change the bits of float channels of these names.

    PXR24 drops the low bits of every float. DWAA and DWAB are lossy for channels that are colours by the last
    part of their name.
    """
    if compression.startswith("dwa"):
        return any(name.rpartition(".")[2].lower() in _COLOURS for name in names)
    return compression == "pxr24" and bool(names)


def mark_uint_channels(path: Path, channels: Mapping[int, Collection[str]]) -> None:
    """Set the pixel type of channels to uint in a file's header; their bytes stay as they are.

    Args:
        path: an OpenEXR file, its channels written as float.
        channels: names by the index of their part.

    Raises:
        OSError: it is not an OpenEXR file, or lacks one of these channels as float.
    """
    with path.open("r+b") as file:
        content = file.read(_header_size(path))
        wanted = {(part, name) for part, names in channels.items() for name in names}
        try:
            types = list(_pixel_types(content))
        except (IndexError, ValueError):
            raise OSError("an OpenEXR header that is cut short") from None
        for part, name, offset in types:
            if (part, name) in wanted and content[offset : offset + 4] == _FLOAT:
                file.seek(offset)
                file.write(_UINT)
                wanted.discard((part, name))
    if wanted:
        raise OSError(f"no float channel {sorted(wanted)} in the header")


def _header_size(path: Path) -> int:
    """Return an upper bound: headers are small, but the format states no limit."""
    return min(path.stat().st_size, 2**24)


def _pixel_types(content: bytes) -> Iterator[tuple[int, str, int]]:
    """Yield part, name and offset of every channel's pixel type (OpenEXR file layout, "Header")."""
    if not content.startswith(_MAGIC):
        raise OSError("not an OpenEXR file")
    several_parts = bool(content[5] & 0x10)  # version field, bit 12
    offset, part = 8, 0
    while content[offset]:
        _, offset = _string(content, offset)
        attribute_type, offset = _string(content, offset)
        size, offset = int.from_bytes(content[offset : offset + 4], "little"), offset + 4
        if attribute_type == "chlist":
            yield from _channels(content, offset, part)
        offset += size
        if not content[offset] and several_parts:  # a header ends; an empty one ends them all
            offset, part = offset + 1, part + 1
            if not content[offset]:
                return


def _channels(content: bytes, offset: int, part: int) -> Iterator[tuple[int, str, int]]:
    while content[offset]:
        name, offset = _string(content, offset)
        yield part, name, offset
        offset += 4 + _AFTER_TYPE


def _string(content: bytes, offset: int) -> tuple[str, int]:
    """Return a null-terminated string, and the offset after it."""
    end = content.index(0, offset)
    return content[offset:end].decode("utf-8", "surrogateescape"), end + 1
