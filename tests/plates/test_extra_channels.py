"""Channels beside the picture: depth, object numbers, cryptomatte. Not a bit of them may change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from pictures import channel_bits, converted, part, picture, read_image, specs_of, write_parts

from daynight.plates import channel_of, read_frame

EXACT = ["none", "rle", "zip", "zips", "piz"]
MIXED = {"R": "half", "G": "half", "B": "half", "A": "half", "Z": "float", "id": "uint"}
NUMBERS = np.array(
    [0, 1, 2**24 + 1, 2**31, 0xFFFFFFFF, 0x7FC00001, 0x7F800001, 0xFFC12345, 0x7F800000, 0x80000000],
    np.uint32,
)
"""Numbers of objects that a float can't count, or that are NaN, infinity or -0 as bits of one."""

layouts = pytest.mark.parametrize("tile", [pytest.param(0, id="scanline"), pytest.param(16, id="tiled")])
looks = pytest.mark.parametrize("look", ["passthrough", "grade"])


def any_bits(channels: int, seed: int = 0) -> np.ndarray:
    bits = np.random.default_rng(seed).integers(0, 2**32, (48, 64, channels), dtype=np.uint32)
    bits[0, : len(NUMBERS)] = NUMBERS[:, np.newaxis]
    return bits


def say_whole(path: Path, name: str) -> None:
    """Turn a float channel into a uint one with the same bytes, by its entry in the header."""
    content = path.read_bytes()
    entry = name.encode() + bytes(1)
    assert content.count(entry + b"\2\0\0\0") == 1
    path.write_bytes(content.replace(entry + b"\2\0\0\0", entry + b"\0\0\0\0"))


def extra_channels(path: Path, *picture_channels: str) -> dict[tuple[int, str, str], str]:
    """Return the hash of every channel that is not of the picture."""
    return {
        key: hashlib.sha256(bits).hexdigest()
        for key, bits in channel_bits(path).items()
        if key[1] not in picture_channels
    }


def require_only_the_look_changed(source: Path, result: Path, look: str) -> None:
    before, after = channel_bits(source), channel_bits(result)
    assert list(after) == list(before)
    changed = {name for key in before for name in [key[1]] if before[key] != after[key]}
    assert changed == (set() if look == "passthrough" else {"R", "G", "B"})


@looks
@layouts
@pytest.mark.parametrize("compression", [*EXACT, "pxr24", "b44", "b44a", "dwaa", "dwab"])
def test_half_float_and_uint_in_one_part_come_through(
    tmp_path: Path, compression: str, tile: int, look: str
) -> None:
    """Written from integers by OpenImageIO, which converts them to [0, 1] for half and float."""
    source = write_parts(tmp_path / "a.exr", (part(MIXED, tile=tile, compression=compression), any_bits(6)))
    assert channel_bits(source)[0, "id", "uint"] == any_bits(6)[..., 5].tobytes()
    result = converted(source, look)
    if compression in EXACT:
        require_only_the_look_changed(source, result, look)
    before, after = extra_channels(source, *"RGB"), extra_channels(result, *"RGB")
    if compression.startswith("b44") and look != "passthrough":
        del before[0, "A", "half"], after[0, "A", "half"]  # B44 is lossy for every half
    assert after == before
    spec = specs_of(result)[0]
    kept = "zip" if compression == "pxr24" else compression  # as PXR24 would cut the numbers
    assert (spec["compression"], spec.tile_width) == (kept, tile)


@looks
@pytest.mark.parametrize("compression", EXACT)
def test_uint_beside_other_pixel_types_come_through(tmp_path: Path, compression: str, look: str) -> None:
    """Bright light in the halves, NaN with payload in the floats."""
    channels = {**MIXED, "crypto00.R": "float", "crypto00.G": "float"}
    bits = any_bits(8)
    values = bits.view(np.float32)
    values[..., :4] = np.concatenate([picture() * 900 - 3, picture()[..., :1]], axis=2)
    floats = part({**channels, "id": "float"}, compression=compression)
    source = write_parts(tmp_path / "a.exr", (floats, values))
    say_whole(source, "id")
    assert channel_bits(source)[0, "id", "uint"] == bits[..., 5].tobytes()
    assert channel_bits(source)[0, "crypto00.R", "float"] == bits[..., 6].tobytes()
    require_only_the_look_changed(source, converted(source, look), look)


@looks
@layouts
def test_hashes_of_cryptomatte_are_equal(tmp_path: Path, tile: int, look: str) -> None:
    names = [f"crypto{rank:02}.{channel}" for rank in range(3) for channel in "RGBA"]
    channels = {**dict.fromkeys("RGBA", "half"), **dict.fromkeys(names, "float")}
    values = any_bits(16).view(np.float32)
    values[..., :4] = picture()[..., [0, 1, 2, 0]]
    spec = part(channels, tile=tile, compression="zips")
    spec.attribute("cryptomatte/0a1b2c3/manifest", '{"hero": "7f800001"}')
    source = write_parts(tmp_path / "a.exr", (spec, values))
    result = converted(source, look)
    hashes = extra_channels(source, *"RGBA")
    assert len(set(hashes.values())) == 12
    assert extra_channels(result, *"RGBA") == hashes
    assert specs_of(result)[0]["cryptomatte/0a1b2c3/manifest"] == '{"hero": "7f800001"}'


@looks
@layouts
@pytest.mark.parametrize("compression", EXACT)
def test_extra_channels_in_other_parts_come_through(
    tmp_path: Path, compression: str, tile: int, look: str
) -> None:
    how = {"tile": tile, "compression": compression}
    values = any_bits(3).view(np.float32)
    source = write_parts(
        tmp_path / "a.exr",
        (part({"id": "uint", "id2": "uint"}, name="numbers", **how), any_bits(2)),
        (part(dict.fromkeys("RGBA", "half"), name="beauty", **how), picture()[..., [0, 1, 2, 0]]),
        (part({"N.X": "float", "N.Y": "float", "N.Z": "float"}, name="normals", **how), values),
        (part({"Z": "half", "count": "uint"}, name="depth", **how), any_bits(2, seed=5)),
    )
    require_only_the_look_changed(source, converted(source, look), look)


def test_uint_under_a_name_that_dwa_takes_for_colour_come_through(tmp_path: Path) -> None:
    """DWA is lossy for floats whose name ends in R, G or B; it keeps every bit of uint channels."""
    channels = {**dict.fromkeys("RGB", "half"), "id.R": "uint"}
    source = write_parts(tmp_path / "a.exr", (part(channels, compression="dwaa"), any_bits(4)))
    assert channel_bits(source)[0, "id.R", "uint"] == any_bits(4)[..., 3].tobytes()
    assert extra_channels(converted(source, "grade"), *"RGB") == extra_channels(source, *"RGB")


@pytest.mark.parametrize("compression", ["htj2k256", "htj2k32", "zstd"])
def test_uint_in_a_compression_of_newer_writers_come_through(tmp_path: Path, compression: str) -> None:
    source = write_parts(tmp_path / "a.exr", (part(MIXED, compression=compression), any_bits(6)))
    if specs_of(source)[0]["compression"] != compression:
        pytest.skip("this OpenImageIO does not write it")
    assert extra_channels(converted(source), *"RGB") == extra_channels(source, *"RGB")


def test_alpha_of_another_layer_is_an_extra_channel(tmp_path: Path) -> None:
    """A plate without alpha is not multiplied by that of a holdout."""
    channels = {**dict.fromkeys("RGB", "half"), "holdout.A": "half"}
    values = np.concatenate([np.full((48, 64, 3), 0.5), np.zeros((48, 64, 1))], axis=2).astype(np.float32)
    source = write_parts(tmp_path / "a.exr", (part(channels), values))
    frame = read_frame(source)
    assert frame.alpha is None
    assert frame.file is not None
    assert frame.file.extra_channels == ["holdout.A"]
    assert extra_channels(converted(source, "grade"), *"RGB") == extra_channels(source, *"RGB")


@pytest.mark.parametrize("depth", ["half", "float"])
def test_another_depth_is_the_pictures_alone(tmp_path: Path, depth: str) -> None:
    source = write_parts(tmp_path / "a.exr", (part(MIXED), any_bits(6)))
    result = converted(source, depth=depth)
    assert extra_channels(result, *"RGBA") == extra_channels(source, *"RGBA")
    assert [kind for _, _, kind in channel_bits(result)] == [depth] * 4 + ["float", "uint"]


def test_aovs_are_added_to_the_extra_channels(tmp_path: Path) -> None:
    source = write_parts(tmp_path / "a.exr", (part(MIXED), any_bits(6)))
    result = converted(source, "day", aovs=True)
    names = [name for _, name, _ in channel_bits(result)]
    maps = {f"daynight.{each}.{channel}" for each in ("stops", "emission") for channel in "RGB"}
    assert set(names) == {*MIXED, *maps}
    assert [name for name in names if name not in maps] == list(MIXED)
    assert extra_channels(result, *"RGB").items() >= extra_channels(source, *"RGB").items()


def test_a_crop_takes_the_same_part_of_extra_channels(tmp_path: Path) -> None:
    source = write_parts(tmp_path / "a.exr", (part(MIXED, at=(10, -5)), any_bits(6)))
    chain = tmp_path / "crop.toml"
    chain.write_text('[[step]]\nuse = "crop"\nwidth = 20\nheight = 10\nx = 3\ny = 7\n')
    result = converted(source, None, chain=chain)
    spec = specs_of(result)[0]
    assert (spec.x, spec.y, spec.width, spec.height) == (13, 2, 20, 10)
    numbers = np.frombuffer(channel_bits(result)[0, "id", "uint"], np.uint32).reshape(10, 20)
    np.testing.assert_array_equal(numbers, any_bits(6)[7:17, 3:23, 5])


def test_the_pages_of_a_tiff_come_through(tmp_path: Path) -> None:
    pages = [np.random.default_rng(n).integers(0, 2**16, (48, 64, n), np.uint16) for n in (3, 1, 4)]
    specs = [part(dict.fromkeys(names, "uint16")) for names in ("RGB", "Y", "RGBA")]
    source = write_parts(tmp_path / "a.tif", *zip(specs, pages, strict=True))
    assert len(specs_of(source)) == 3
    assert channel_bits(converted(source)) == channel_bits(source)


def test_further_channels_of_a_tiff_come_through(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 2**16, (48, 64, 6), np.uint16)
    source = write_parts(tmp_path / "a.tif", (part(dict.fromkeys("RGBAxy", "uint16")), pixels))
    assert channel_bits(converted(source)) == channel_bits(source)
    result = converted(source, "grade", out=tmp_path / "night")
    np.testing.assert_array_equal(read_image(result)[..., 3:], pixels[..., 3:])


def test_a_uint_channel_can_be_looked_up(tmp_path: Path) -> None:
    source = write_parts(tmp_path / "a.exr", (part(MIXED), any_bits(6)))
    matte = channel_of(read_frame(source), "id")
    np.testing.assert_allclose(matte, any_bits(6)[..., 5] / (2**32 - 1), atol=1e-6)
