"""Channels of whole numbers beside half and float ones in an OpenEXR file.

OpenImageIO writes all channels of a part from one array of one type and converts values: none of its types
holds both a half of 20.0 and an object's number of 32 bits. So a channel of whole numbers is written as
float, bit for bit (the same four bytes), and the channel list in the file's header is corrected afterwards:
it is the only place that says which of the two the bytes are. That holds for every compression that stores
both kinds alike; :func:`changes_bits` names the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

_MAGIC: Final = bytes.fromhex("762f3101")
_UINT, _FLOAT = (0).to_bytes(4, "little"), (2).to_bytes(4, "little")
_COLOURS: Final = frozenset({"r", "g", "b", "y", "ry", "by"})
_AFTER_TYPE: Final = 12
"""Bytes of a channel's entry after its pixel type: perceptual flag, padding, two samplings."""


def changes_bits(compression: str, names: Collection[str]) -> bool:
    """Say whether a compression stores floats of these names otherwise than whole numbers.

    PXR24 stores all floats short, DWAA and DWAB those that are colours by the last part of their name.
    """
    if compression.startswith("dwa"):
        return any(name.rpartition(".")[2].lower() in _COLOURS for name in names)
    return compression == "pxr24" and bool(names)


def mark_whole_numbers(path: Path, channels: Mapping[int, Collection[str]]) -> None:
    """Say in a file's header that channels written as float hold whole numbers.

    Args:
        path: an OpenEXR file that nobody reads yet.
        channels: names by the number of their part.

    Raises:
        OSError: it is no such file, or has no such channel of 4 bytes.
    """
    with path.open("r+b") as file:
        content = file.read(_header_size(path))
        wanted = {(part, name) for part, names in channels.items() for name in names}
        try:
            found = list(_pixel_types(content))
        except (IndexError, ValueError):
            raise OSError("an OpenEXR header that ends early") from None
        for part, name, place in found:
            if (part, name) in wanted and content[place : place + 4] == _FLOAT:
                file.seek(place)
                file.write(_UINT)
                wanted.discard((part, name))
    if wanted:
        raise OSError(f"no float channel {sorted(wanted)} in the header")


def _header_size(path: Path) -> int:
    """An upper bound: headers are small, but nothing says how small."""
    return min(path.stat().st_size, 2**24)


def _pixel_types(content: bytes) -> Iterator[tuple[int, str, int]]:
    """Return part, name and place of the pixel type of every channel (OpenEXR file layout, "Header")."""
    if not content.startswith(_MAGIC):
        raise OSError("no OpenEXR file")
    several_parts = bool(content[5] & 0x10)  # version field, bit 12
    place, part = 8, 0
    while content[place]:
        _, place = _text(content, place)
        kind, place = _text(content, place)
        size, place = int.from_bytes(content[place : place + 4], "little"), place + 4
        if kind == "chlist":
            yield from _channels(content, place, part)
        place += size
        if not content[place] and several_parts:  # a header ends; an empty one ends them all
            place, part = place + 1, part + 1
            if not content[place]:
                return


def _channels(content: bytes, place: int, part: int) -> Iterator[tuple[int, str, int]]:
    while content[place]:
        name, place = _text(content, place)
        yield part, name, place
        place += 4 + _AFTER_TYPE


def _text(content: bytes, place: int) -> tuple[str, int]:
    """Read a text that ends in zero; give it and the place after it."""
    end = content.index(0, place)
    return content[place:end].decode("utf-8", "surrogateescape"), end + 1
