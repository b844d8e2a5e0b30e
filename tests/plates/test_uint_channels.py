"""The header of an OpenEXR file, and the four bytes in it that say what a channel's pixels are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import as_uint8, channel_bits, part, picture, specs_of, write_image, write_parts

from daynight.plates.uint_channels import mark_uint_channels

BITS = np.random.default_rng(0).integers(0, 2**32, (48, 64, 4), dtype=np.uint32)


def floats(path: Path, *names: str, **how: object) -> Path:
    spec = part(dict.fromkeys(names, "float"), **how)
    return write_parts(path, (spec, BITS[..., : len(names)].view(np.float32)))


def kinds(path: Path, index: int = 0) -> dict[str, str]:
    spec = specs_of(path)[index]
    formats = spec.channelformats or (spec.format,) * spec.nchannels
    return dict(zip(spec.channelnames, map(str, formats), strict=True))


@pytest.mark.parametrize("tile", [0, 16], ids=["scanline", "tiled"])
def test_only_the_channel_named_becomes_whole(tmp_path: Path, tile: int) -> None:
    path = floats(tmp_path / "a.exr", "Z", "id", "ids", "d", tile=tile)
    size = path.stat().st_size
    mark_uint_channels(path, {0: ["id"]})
    assert kinds(path) == {"Z": "float", "id": "uint", "ids": "float", "d": "float"}
    assert path.stat().st_size == size
    assert channel_bits(path)[0, "id", "uint"] == BITS[..., 1].tobytes()
    assert channel_bits(path)[0, "ids", "float"] == BITS[..., 2].tobytes()


def test_several_channels_of_several_parts(tmp_path: Path) -> None:
    names = (("Z", "id"), ("id", "id2", "x"), ("y",), ("id", "id3"))
    parts = [
        (part(dict.fromkeys(each, "float"), name=f"p{n}"), BITS[..., : len(each)].view(np.float32))
        for n, each in enumerate(names)
    ]
    path = write_parts(tmp_path / "a.exr", *parts)
    mark_uint_channels(path, {1: ["id", "id2"], 3: ["id3"]})
    assert [kinds(path, index) for index in range(4)] == [
        {"Z": "float", "id": "float"},
        {"id": "uint", "id2": "uint", "x": "float"},
        {"y": "float"},
        {"id": "float", "id3": "uint"},
    ]
    assert channel_bits(path)[3, "id3", "uint"] == BITS[..., 1].tobytes()


@pytest.mark.parametrize(
    "name", ["id" * 100, "object.identity.of.the.renderer.number", "Kennzahl äöü", "channels", "id chlist"]
)
def test_names_may_be_long_and_odd(tmp_path: Path, name: str) -> None:
    path = floats(tmp_path / "a.exr", "Z", name)
    assert set(kinds(path)) == {"Z", name}
    mark_uint_channels(path, {0: [name]})
    assert kinds(path) == {"Z": "float", name: "uint"}


def test_texts_that_look_like_channels_are_left_alone(tmp_path: Path) -> None:
    said = {"aaa": "id chlist channels", "camera/long": "x" * 70_000, "zzz": "id"}
    path = floats(tmp_path / "a.exr", "Z", "id", **said)
    mark_uint_channels(path, {0: ["id"]})
    assert kinds(path) == {"Z": "float", "id": "uint"}
    assert specs_of(path)[0]["aaa"] == said["aaa"]
    assert specs_of(path)[0]["camera/long"] == said["camera/long"]


@pytest.mark.parametrize(
    ("channels", "missing"),
    [({0: ["absent"]}, "absent"), ({1: ["id"]}, "id"), ({0: ["id", "h"]}, "h"), ({0: ["ID"]}, "ID")],
    ids=["absent", "absent-part", "half", "other-case"],
)
def test_a_channel_that_is_not_there_is_told(
    tmp_path: Path, channels: dict[int, list[str]], missing: str
) -> None:
    spec = part({"id": "float", "h": "half"})
    path = write_parts(tmp_path / "a.exr", (spec, picture()[..., :2]))
    with pytest.raises(OSError, match=rf"no float channel .*'{missing}'"):
        mark_uint_channels(path, channels)


@pytest.mark.parametrize("ext", ["png", "tif"])
def test_a_file_of_another_format_is_left_as_it_is(tmp_path: Path, ext: str) -> None:
    path = write_image(tmp_path / f"a.{ext}", as_uint8(picture()))
    before = path.read_bytes()
    with pytest.raises(OSError, match="not an OpenEXR file"):
        mark_uint_channels(path, {0: ["R"]})
    assert path.read_bytes() == before


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        mark_uint_channels(tmp_path / "a.exr", {0: ["id"]})


def test_a_header_that_ends_early_is_told(tmp_path: Path) -> None:
    path = floats(tmp_path / "a.exr", "Z", "id")
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(OSError, match="header"):
        mark_uint_channels(path, {0: ["id"]})
