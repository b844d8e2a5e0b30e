"""Every format but EXR: what it holds comes back bit for bit, and as what it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import as_uint8, converted, part, picture, read_image, specs_of, write_image, write_parts

from daynight.plates import read_frame

ALL_8 = np.arange(256, dtype=np.uint8)
ALL_16 = np.arange(65536, dtype=np.uint16)


def plate(kind: str, channels: int) -> np.ndarray:
    """All values that the type has, or much light; in another order in each channel."""
    values = {
        "uint8": np.resize(ALL_8, 48 * 64),
        "uint16": ALL_16,
        "float32": (picture(256, 256) * 3)[..., 0].ravel(),
    }[kind]
    height = 256 if len(values) == 65536 else 48
    return np.stack([np.roll(values, 97 * n).reshape(height, -1) for n in range(channels)], axis=2)


@pytest.mark.parametrize(
    ("ext", "kind", "names"),
    [
        ("tif", "uint8", "Y"),
        ("tif", "uint8", "RGB"),
        ("tif", "uint8", "RGBA"),
        ("tif", "uint16", "Y"),
        ("tif", "uint16", "RGB"),
        ("tif", "uint16", "RGBA"),
        ("tif", "float32", "RGB"),
        ("tif", "float32", "RGBA"),
        ("tiff", "uint16", "RGB"),
        ("png", "uint8", "Y"),
        ("png", "uint8", "YA"),
        ("png", "uint8", "RGB"),
        ("png", "uint8", "RGBA"),
        ("png", "uint16", "Y"),
        ("png", "uint16", "RGB"),
        ("png", "uint16", "RGBA"),
        ("bmp", "uint8", "RGB"),
        ("bmp", "uint8", "RGBA"),
        ("tga", "uint8", "RGB"),
        ("tga", "uint8", "RGBA"),
        ("dpx", "uint8", "RGB"),
        ("dpx", "uint8", "RGBA"),
        ("dpx", "uint16", "RGB"),
        ("dpx", "uint16", "RGBA"),
    ],
    ids=str,
)
def test_a_plate_comes_back_bit_identical(tmp_path: Path, ext: str, kind: str, names: str) -> None:
    source = write_image(tmp_path / f"a.{ext}", plate(kind, len(names)), names)
    result = converted(source)
    before, after = read_image(source), read_image(result)
    assert before.dtype == after.dtype == np.dtype(kind)
    np.testing.assert_array_equal(after, before)
    assert specs_of(result)[0].channelnames == specs_of(source)[0].channelnames


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"compression": "none"}, id="none"),
        pytest.param({"compression": "lzw"}, id="lzw"),
        pytest.param({"compression": "zip"}, id="zip"),
        pytest.param({"compression": "packbits"}, id="packbits"),
        pytest.param({"planarconfig": "separate"}, id="planes"),
        pytest.param({"tile": 16}, id="tiled"),
        pytest.param({"oiio:UnassociatedAlpha": 1}, id="straight-alpha"),
        pytest.param({"tiff:bigtiff": 1}, id="big"),
        pytest.param({"Orientation": 6}, id="turned"),
    ],
)
@pytest.mark.parametrize("kind", ["uint8", "uint16", "half", "float"])
def test_a_tiff_keeps_its_layout(tmp_path: Path, kind: str, how: dict[str, object]) -> None:
    spec = part(dict.fromkeys("RGBA", kind), tile=how.get("tile", 0))  # type: ignore[arg-type]
    for name in set(how) - {"tile"}:
        spec.attribute(name, how[name])
    source = write_parts(tmp_path / "a.tif", (spec, picture()[..., [0, 1, 2, 0]]))
    result = converted(source)
    np.testing.assert_array_equal(read_image(result), read_image(source))
    before, after = specs_of(source)[0], specs_of(result)[0]
    assert str(after.format) == str(before.format)
    assert after.tile_width == before.tile_width
    for name in ("compression", "planarconfig", "oiio:UnassociatedAlpha", "Orientation"):
        assert after.getattribute(name) == before.getattribute(name)


@pytest.mark.parametrize("look", ["passthrough", "identity"])
@pytest.mark.parametrize("bits", [10, 12])
def test_every_code_of_a_film_scan_comes_back(tmp_path: Path, bits: int, look: str) -> None:
    """Through no step, and through a grade that does nothing: to light and back."""
    codes = np.resize(np.arange(2**bits, dtype=np.uint16), (64, 64))
    spread = np.stack([(codes << (16 - bits)) | (codes >> (2 * bits - 16))] * 3, axis=2).astype(np.uint16)
    source = write_image(tmp_path / "a.dpx", spread, oiio__BitsPerSample=bits)
    np.testing.assert_array_equal(read_image(source) >> (16 - bits), spread >> (16 - bits))
    result = converted(source) if look == "passthrough" else converted(source, "grade", settings=IDENTITY)
    assert specs_of(result)[0]["oiio:BitsPerSample"] == bits
    assert len(np.unique(read_image(result))) == 2**bits
    np.testing.assert_array_equal(read_image(result), read_image(source))


IDENTITY = ["grade.exposure=0", "grade.saturation=1", "grade.tint=[1, 1, 1]"]


@pytest.mark.parametrize(("ext", "kind"), [("png", "uint16"), ("tif", "uint16"), ("dpx", "uint16")])
def test_every_code_of_16_bits_goes_to_light_and_back(tmp_path: Path, ext: str, kind: str) -> None:
    source = write_image(tmp_path / f"a.{ext}", plate(kind, 3))
    result = converted(source, "grade", settings=IDENTITY)
    np.testing.assert_array_equal(read_image(result), read_image(source))


@pytest.mark.parametrize("ext", ["png", "tif", "bmp", "tga", "dpx"])
def test_every_level_of_8_bits_goes_to_light_and_back(tmp_path: Path, ext: str) -> None:
    """Dither moves nothing that stands on a level."""
    source = write_image(tmp_path / f"a.{ext}", plate("uint8", 3))
    result = converted(source, "grade", settings=IDENTITY)
    np.testing.assert_array_equal(read_image(result), read_image(source))


@pytest.mark.parametrize("packing", ["Packed", "Filled, method A", "Filled, method B"])
@pytest.mark.parametrize("bits", [10, 12])
def test_a_dpx_keeps_codes_and_packing(tmp_path: Path, bits: int, packing: str) -> None:
    pixels = plate("uint16", 3)
    source = write_image(tmp_path / "a.dpx", pixels, oiio__BitsPerSample=bits, dpx__Packing=packing)
    result = converted(source)
    np.testing.assert_array_equal(read_image(result), read_image(source))
    for name in ("dpx:Packing", "oiio:BitsPerSample", "dpx:ImageDescriptor"):
        assert specs_of(result)[0][name] == specs_of(source)[0][name]


def test_light_of_an_hdr_comes_back(tmp_path: Path) -> None:
    """RGBE shares an exponent among channels: what it holds once it holds again."""
    light = picture() * np.float32(2.0) ** np.random.default_rng(0).integers(-8, 9, (48, 64, 1))
    source = write_image(tmp_path / "a.hdr", light.astype(np.float32))
    np.testing.assert_array_equal(read_image(converted(source)), read_image(source))


def test_a_jpeg_is_written_again_at_a_quality_that_shows_nothing(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.jpg", as_uint8(picture()), compression="jpeg:95")
    before, after = read_image(source).astype(int), read_image(converted(source)).astype(int)
    assert np.abs(after - before).mean() < 1
    assert np.abs(after - before).max() < 16


@pytest.mark.parametrize("ext", ["png", "tif", "tga", "dpx"])
def test_alpha_of_a_look_is_the_plates(tmp_path: Path, ext: str) -> None:
    source = write_image(tmp_path / f"a.{ext}", plate("uint8", 4), "RGBA")
    result = converted(source, "grade")
    np.testing.assert_array_equal(read_image(result)[..., 3], read_image(source)[..., 3])
    assert not np.array_equal(read_image(result)[..., :3], read_image(source)[..., :3])
    kept = [
        spec.getattribute("oiio:UnassociatedAlpha") for spec in (specs_of(source)[0], specs_of(result)[0])
    ]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("ext", ["PNG", "Exr", "TIF"])
def test_endings_may_be_capitals(tmp_path: Path, ext: str) -> None:
    pixels = picture() if ext == "Exr" else as_uint8(picture())
    source = write_image(tmp_path / f"a.{ext.lower()}", pixels).rename(tmp_path / f"b.{ext}")
    np.testing.assert_array_equal(read_image(converted(source)), pixels)


def test_a_grey_plate_gets_colour_where_a_look_gives_it(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.exr", picture()[..., :1], "Y")
    result = converted(source, "grade")
    assert specs_of(result)[0].channelnames == ("R", "G", "B")
    assert len(read_frame(result).file.rgb) == 3  # type: ignore[union-attr]
    red, _, blue = np.moveaxis(read_image(result), 2, 0)
    assert blue.mean() > red.mean()
