"""What ``passthrough`` does to the bits of an EXR, for every pixel type, compression and layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import channel_bits, converted, part, picture, read_image, specs_of, write_parts

EXACT = ["none", "rle", "zip", "zips", "piz"]
"""Compressions that lose nothing."""
SECOND = ["pxr24", "b44", "b44a"]
"""Compressions that lose something once: what they gave comes back as it is."""
DCT = ["dwaa", "dwab"]
"""Compressions that lose something each time."""

layouts = pytest.mark.parametrize("tile", [pytest.param(0, id="scanline"), pytest.param(16, id="tiled")])
kinds = pytest.mark.parametrize("kind", ["half", "float"])


def light(seed: int = 0) -> np.ndarray:
    """RGBA and depth with all that light may be: dark, bright, negative, tiny, far away."""
    random = np.random.default_rng(seed)
    scale = np.float32(2.0) ** random.integers(-24, 15, (48, 64, 5)).astype(np.float32)
    values = (random.random((48, 64, 5), np.float32) - np.float32(0.2)) * scale
    values[..., 3] = random.random((48, 64), np.float32)
    values[0, :2] = np.array([0.0, -0.0])[:, np.newaxis]
    return values


def rgbaz(path: Path, kind: str, compression: str, tile: int, values: np.ndarray | None = None) -> Path:
    spec = part(dict.fromkeys(("R", "G", "B", "A", "Z"), kind), tile=tile, compression=compression)
    return write_parts(path, (spec, light() if values is None else values))


@layouts
@kinds
@pytest.mark.parametrize("compression", [*EXACT, *SECOND])
def test_every_channel_comes_back_bit_identical(
    tmp_path: Path, kind: str, compression: str, tile: int
) -> None:
    """PXR24 and B44 have done their harm in the plate: written again they change nothing more.

    (B44 itself can't hold infinite light: light up to 2^14 is in this plate.)
    """
    source = rgbaz(tmp_path / "a.exr", kind, compression, tile)
    result = converted(source)
    assert channel_bits(result) == channel_bits(source)
    assert list(channel_bits(result)) == list(channel_bits(source))
    spec = specs_of(result)[0]
    assert (spec["compression"], spec.tile_width, spec.tile_height) == (compression, tile, tile)


@layouts
@kinds
@pytest.mark.parametrize("compression", DCT)
def test_dwa_moves_the_picture_a_little_and_nothing_else(
    tmp_path: Path, kind: str, compression: str, tile: int
) -> None:
    """Lossy at every writing: of R, G and B. Alpha and depth are kept as they are."""
    values = np.concatenate([picture(), picture(seed=1)[..., :2]], axis=2)
    source = rgbaz(tmp_path / "a.exr", kind, compression, tile, values)
    result = converted(source)
    before, after = channel_bits(source), channel_bits(result)
    assert list(after) == list(before)
    assert {name for _, name, _ in before if before[0, name, kind] == after[0, name, kind]} >= {"A", "Z"}
    first = np.abs(read_image(source)[..., :3].astype(np.float32) - values[..., :3])
    second = np.abs(read_image(result)[..., :3].astype(np.float32) - read_image(source)[..., :3])
    assert second.max() <= first.max()
    assert second.max() < 0.02
    assert specs_of(result)[0]["compression"] == compression


@layouts
@pytest.mark.parametrize("compression", EXACT)
def test_every_half_there_is_comes_back(tmp_path: Path, compression: str, tile: int) -> None:
    """All 65536 patterns of bits, in picture, alpha and a further channel: NaN keeps its payload."""
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(256, 256, 1)
    spec = part(dict.fromkeys(("R", "G", "B", "A", "Z"), "half"), size=(256, 256), tile=tile)
    spec.attribute("compression", compression)
    source = write_parts(tmp_path / "a.exr", (spec, np.repeat(halves, 5, axis=2)))
    assert channel_bits(source)[0, "R", "half"] == halves.tobytes()
    assert channel_bits(converted(source)) == channel_bits(source)


def test_every_half_there_is_comes_back_beside_a_float(tmp_path: Path) -> None:
    """The same where types are mixed, which OpenImageIO reads and writes as float."""
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(256, 256, 1)
    spec = part({"R": "half", "G": "half", "B": "half", "N": "half", "Z": "float"}, size=(256, 256))
    with np.errstate(invalid="ignore"):
        source = write_parts(tmp_path / "a.exr", (spec, np.repeat(halves, 5, axis=2).astype(np.float32)))
    before, after = channel_bits(source), channel_bits(converted(source))
    assert [key for key in before if before[key] != after[key]] == []


@pytest.mark.parametrize("compression", EXACT)
def test_floats_of_any_bits_come_back(tmp_path: Path, compression: str) -> None:
    bits = np.random.default_rng(0).integers(0, 2**32, (48, 64, 5), dtype=np.uint32)
    source = rgbaz(tmp_path / "a.exr", "float", compression, 0, bits.view(np.float32))
    assert channel_bits(source)[0, "Z", "float"] == bits[..., 4].tobytes()
    assert channel_bits(converted(source)) == channel_bits(source)


@pytest.mark.parametrize("names", ["Y", "YA", "RGB"])
@kinds
def test_what_a_plate_has_not_is_not_added(tmp_path: Path, kind: str, names: str) -> None:
    spec = part(dict.fromkeys(names, kind))
    source = write_parts(tmp_path / "a.exr", (spec, light()[..., : len(names)]))
    result = converted(source)
    assert list(channel_bits(result)) == [(0, name, kind) for name in names]
    assert channel_bits(result) == channel_bits(source)


@pytest.mark.parametrize(
    "channels",
    [
        {"R": "half", "G": "half", "B": "half", "A": "float"},
        {"R": "float", "G": "float", "B": "float", "A": "half"},
        {"R": "half", "G": "half", "B": "float", "A": "half"},
        {"R": "float", "G": "half", "B": "half", "Z": "float"},
    ],
    ids=["float-alpha", "half-alpha", "float-blue", "float-red"],
)
def test_picture_and_alpha_keep_types_that_differ(tmp_path: Path, channels: dict[str, str]) -> None:
    source = write_parts(tmp_path / "a.exr", (part(channels), light()[..., :4]))
    result = converted(source)
    assert list(channel_bits(result)) == list(channel_bits(source))
    assert channel_bits(result) == channel_bits(source)


def test_channels_may_stand_in_any_order_and_case(tmp_path: Path) -> None:
    """A layer's channels lie between others: each result's channel is its plate's."""
    names = ("b", "g", "r", "N.X", "albedo.B", "albedo.G", "albedo.R", "a")
    spec = part(dict.fromkeys(names, "half"))
    values = np.concatenate([light(), light(1)[..., :3]], axis=2)
    source = write_parts(tmp_path / "a.exr", (spec, values))
    assert channel_bits(converted(source)) == channel_bits(source)


def test_a_second_generation_is_the_first_byte_for_byte(tmp_path: Path) -> None:
    source = rgbaz(tmp_path / "a.exr", "half", "zip", 0)
    first = converted(source, out=tmp_path / "one")
    second = converted(first, out=tmp_path / "two")
    assert second.read_bytes() == first.read_bytes()
