"""Pixel types and compressions asked for: what each format gives, and to which level values go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import (
    as_uint8,
    channel_bits,
    converted,
    part,
    picture,
    read_image,
    run_convert,
    save,
    specs_of,
    write_image,
    write_parts,
)

from daynight.errors import UsageError
from daynight.plates import read_frame
from daynight.plates.formats import FORMATS
from daynight.plates.quantise import quantise

DEPTHS = ["8", "10", "12", "16", "half", "float"]
HELD = [(ext, depth) for ext, each in FORMATS.items() for depth in each.depths]
NOT_HELD = [
    (ext, depth)
    for ext, each in FORMATS.items()
    if each.depths
    for depth in DEPTHS
    if (ext, depth) not in HELD
]


def half_plate(path: Path, value: float | None = None) -> Path:
    pixels = picture() if value is None else np.full((48, 64, 3), value, np.float32)
    return write_image(path, pixels.astype(np.float16))


def only_warns_of(warnings: list[str], *allowed: str) -> None:
    assert [line for line in warnings if not any(each in line for each in allowed)] == []


@pytest.mark.parametrize(("ext", "depth"), HELD)
@pytest.mark.parametrize("source_ext", ["exr", "png"])
def test_a_format_gives_the_depth_asked_for(tmp_path: Path, ext: str, depth: str, source_ext: str) -> None:
    source = tmp_path / f"a.{source_ext}"
    write_image(source, picture() if source_ext == "exr" else as_uint8(picture()))
    _, warnings = run_convert(source, ext=ext, depth=depth)
    only_warns_of(warnings, "no name of the color space")
    (spec,) = specs_of(tmp_path / "out" / f"a{ext}")
    bits = {"8": 8, "10": 10, "12": 12, "16": 16}.get(depth)
    assert str(spec.format) == {"8": "uint8", "half": "half", "float": "float"}.get(depth, "uint16")
    if bits:
        assert spec.get_int_attribute("oiio:BitsPerSample", spec.format.size() * 8) == bits


@pytest.mark.parametrize(("ext", "depth"), NOT_HELD)
def test_a_depth_that_a_format_does_not_hold_is_refused_before_any_frame(
    tmp_path: Path, ext: str, depth: str
) -> None:
    source = half_plate(tmp_path / "a.exr")
    with pytest.raises(UsageError, match=rf"^`depth={depth}`: {ext[1:]} does not hold it; it holds: \w+"):
        run_convert(source, ext=ext, depth=depth)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("ext", "compression", "fault"),
    [
        ("exr", "lzw", "openexr has no such compression"),
        ("exr", "dwaa:much", "is not a level of dwaa"),
        ("exr", ":45", "has no such compression"),
        ("png", "zip", "png has no such compression"),
        ("jpg", "dwaa", "jpeg has no such compression"),
        ("tif", "dwaa:45", "tiff has no such compression"),
        ("dpx", "zip", "dpx has no such compression"),
        ("jpg", "jpeg:0", "quality|level"),
        ("jpg", "jpeg:101", "quality|level"),
        ("png", "png:99", "level"),
    ],
)
def test_a_compression_that_a_format_has_not_is_refused_before_any_frame(
    tmp_path: Path, ext: str, compression: str, fault: str
) -> None:
    source = half_plate(tmp_path / "a.exr")
    with pytest.raises(UsageError, match=rf"^`compression={compression}`: .*({fault})"):
        run_convert(source, ext=ext, compression=compression)
    assert not (tmp_path / "out").exists()


def test_the_command_line_refuses_them_too(tmp_path: Path, daynight: object) -> None:
    half_plate(tmp_path / "a.exr")
    for option in (["--depth", "10"], ["--compression", "lzw"]):
        result = daynight("convert", tmp_path, "--to", "passthrough", "--out", tmp_path / "o", *option)
        assert result.exit_code == 2
        assert len(result.stderr.strip().splitlines()) == 1
        assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    "name", ["none", "rle", "zip", "zips", "piz", "pxr24", "b44", "b44a", "dwaa", "dwab"]
)
def test_exr_compressions_are_written_as_asked(tmp_path: Path, name: str) -> None:
    result = converted(half_plate(tmp_path / "a.exr"), compression=name)
    assert specs_of(result)[0]["compression"] == name


@pytest.mark.parametrize("name", ["none", "lzw", "zip", "packbits"])
def test_tiff_compressions_are_written_as_asked(tmp_path: Path, name: str) -> None:
    result = converted(write_image(tmp_path / "a.tif", as_uint8(picture())), compression=name)
    assert specs_of(result)[0]["compression"] == name
    np.testing.assert_array_equal(read_image(result), as_uint8(picture()))


def test_levels_of_compressions_count(tmp_path: Path) -> None:
    source = half_plate(tmp_path / "a.exr")

    def size(compression: str, ext: str) -> int:
        run_convert(source, ext=ext, compression=compression, overwrite=True)
        return (tmp_path / "out" / f"a.{ext}").stat().st_size

    assert size("jpeg:60", "jpg") < size("jpeg:95", "jpg")
    assert size("dwaa:400", "exr") < size("dwaa:5", "exr")
    assert size("png:9", "png") <= size("png:1", "png")
    result = converted(source, compression="dwaa:82", out=tmp_path / "dwaa")
    assert specs_of(result)[0]["openexr:dwaCompressionLevel"] == 82


def test_another_compression_does_not_keep_the_old_ones_level(tmp_path: Path) -> None:
    spec = part(dict.fromkeys("RGB", "half"), compression="dwaa:300")
    source = write_parts(tmp_path / "a.exr", (spec, picture()))
    assert specs_of(converted(source, compression="zips"))[0]["compression"] == "zips"
    first = converted(source, compression="dwab:45", out=tmp_path / "o")
    assert specs_of(first)[0]["openexr:dwaCompressionLevel"] == 45


class TestRounding:
    """Light goes to the nearest level."""

    @pytest.mark.parametrize(
        ("depth", "ext"), [("10", "dpx"), ("12", "dpx"), ("16", "dpx"), ("16", "tif"), ("16", "png")]
    )
    def test_a_ramp_is_half_a_code_off_at_most(self, tmp_path: Path, depth: str, ext: str) -> None:
        ramp = np.linspace(0, 1, 64 * 256, dtype=np.float32).reshape(64, 256, 1)
        source = write_image(tmp_path / "a.exr", np.repeat(ramp, 3, axis=2))
        run_convert(source, ext=ext, depth=depth, colorspace="sRGB", out_colorspace="sRGB")
        bits = int(depth)
        codes = read_image(tmp_path / "out" / f"a.{ext}") >> (16 - bits)
        off = codes[..., 0] - ramp[..., 0].astype(float) * (2**bits - 1)
        assert np.abs(off).max() <= 0.5 + 0.5 * 2.0 ** (bits - 16)  # and what float32 itself is off

    @pytest.mark.parametrize("bits", [8, 10, 12, 16])
    def test_levels_are_what_integers_are_read_as(self, bits: int) -> None:
        codes = np.arange(2**bits)
        kind = "uint8" if bits == 8 else "uint16"
        held = 8 if bits == 8 else 16
        levels = quantise((codes / (2**bits - 1)).astype(np.float32), kind, bits=0 if bits == held else bits)
        np.testing.assert_array_equal(levels >> (held - bits), codes)

    def test_beyond_the_levels_is_clipped(self) -> None:
        values = np.array([-1, -0.0, 1.5, np.inf, -np.inf, np.nan, 1e30], np.float32)
        with np.errstate(invalid="ignore"):
            assert quantise(values, "uint8").tolist() == [0, 0, 255, 255, 0, 0, 255]
            assert quantise(values, "uint16", bits=10).tolist() == [0, 0, 65535, 65535, 0, 0, 65535]


class TestHalf:
    """Floats as half: bright light is the brightest half; NaN and infinity are what they were."""

    VALUES = np.array([1e6, -1e6, np.inf, -np.inf, np.nan, 65504, 65519, 65520, 1e-9, 0.1], np.float32)

    def test_what_half_can_not_hold(self, tmp_path: Path) -> None:
        pixels = np.zeros((10, 10, 3), np.float32)
        pixels[0] = self.VALUES[:, np.newaxis]
        source = write_image(tmp_path / "a.exr", pixels)
        run_convert(source, depth="half")
        row = read_image(tmp_path / "out" / "a.exr")[0, :, 0]
        assert row.dtype == np.float16
        largest = 65504
        expected = [largest, -largest, np.inf, -np.inf, np.nan, largest, largest, largest, 0, np.float16(0.1)]
        np.testing.assert_array_equal(row, np.array(expected, np.float16))

    def test_a_look_keeps_infinite_light_too(self, tmp_path: Path) -> None:
        pixels = np.full((10, 10, 3), 0.5, np.float32)
        pixels[0] = self.VALUES[:, np.newaxis]
        summary, _ = run_convert(write_image(tmp_path / "a.exr", pixels), "grade")
        assert summary.nonfinite == 3
        result = read_image(tmp_path / "out" / "a.exr")
        np.testing.assert_array_equal(result[0, 2:5], pixels[0, 2:5])
        assert np.isfinite(np.delete(result.reshape(-1, 3), [2, 3, 4], axis=0)).all()


class TestDither:
    """Eight bits: noise of half a level, so that gradients don't band."""

    def levels(self, tmp_path: Path, value: float, number: int = 1001, out: str = "out") -> np.ndarray:
        path = tmp_path / "sh" / f"sh.{number}.exr"
        write_image(path, np.full((256, 256, 3), value / 255, np.float32))
        asked = {"ext": "png", "depth": "8", "colorspace": "sRGB", "out_colorspace": "sRGB"}
        run_convert(path.parent, out=tmp_path / out, **asked)
        return read_image(tmp_path / out / f"sh.{number}.png").astype(float)

    @pytest.mark.parametrize("value", [100.3, 0.25, 12.5, 254.8])
    def test_the_mean_of_a_flat_field_is_kept(self, tmp_path: Path, value: float) -> None:
        levels = self.levels(tmp_path, value)
        np.testing.assert_allclose(levels.mean(axis=(0, 1)), value, atol=0.02)
        assert np.abs(levels - value).max() < 1.0

    @pytest.mark.parametrize("value", [0, 1, 100, 254, 255])
    def test_what_stands_on_a_level_stays(self, tmp_path: Path, value: int) -> None:
        assert (self.levels(tmp_path, value) == value).all()

    def test_a_run_gives_the_same_pixels_again(self, tmp_path: Path) -> None:
        first = self.levels(tmp_path, 100.3)
        np.testing.assert_array_equal(first, self.levels(tmp_path, 100.3, out="again"))

    def test_frames_and_channels_have_noise_of_their_own(self, tmp_path: Path) -> None:
        first, second = self.levels(tmp_path, 100.5), self.levels(tmp_path, 100.5, number=1002)
        assert 0.4 < (first == second).mean() < 0.6
        assert 0.4 < (first[..., 0] == first[..., 1]).mean() < 0.6

    def test_noise_does_not_repeat_from_tile_to_tile(self, tmp_path: Path) -> None:
        path = write_image(tmp_path / "a.exr", np.full((256, 512, 3), 100.5 / 255, np.float32))
        run_convert(path, ext="png", depth="8", colorspace="sRGB", out_colorspace="sRGB")
        levels = read_image(tmp_path / "out" / "a.png")
        assert (levels[:, :256] == levels[:, 256:]).mean() < 0.6

    def test_a_look_is_dithered_too(self, tmp_path: Path) -> None:
        source = write_image(tmp_path / "a.png", np.full((64, 64, 3), 97, np.uint8))
        levels = read_image(converted(source, "grade"))
        assert all(len(np.unique(levels[..., channel])) == 2 for channel in range(3))

    def test_alpha_is_not_dithered(self, tmp_path: Path) -> None:
        pixels = np.full((64, 64, 4), 0.5, np.float32)
        run_convert(write_image(tmp_path / "a.exr", pixels, "RGBA"), "grade", ext="png", depth="8")
        assert len(np.unique(read_image(tmp_path / "out" / "a.png")[..., 3])) == 1

    @pytest.mark.parametrize("number", [-5, 0])
    def test_frames_before_the_first_are_dithered(self, tmp_path: Path, number: int) -> None:
        frame = read_frame(write_image(tmp_path / "a.exr", picture()), number)
        save(frame, tmp_path / "b.png", untouched=False, depth="8")
        assert read_image(tmp_path / "b.png").dtype == np.uint8


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_a_tiff_of_integers_becomes_one_of_floats(tmp_path: Path, kind: str) -> None:
    whitest = np.iinfo(kind).max
    source = write_image(tmp_path / "a.tif", np.rint(picture() * whitest).astype(kind))
    run_convert(source, depth="float", out_colorspace="sRGB")
    result = read_image(tmp_path / "out" / "a.tif")
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, read_image(source) / whitest, atol=1e-6)


@pytest.mark.parametrize(("ext", "kind"), [("tif", "uint8"), ("dpx", "uint16"), ("png", "uint16")])
def test_integers_of_one_depth_become_those_of_another(tmp_path: Path, ext: str, kind: str) -> None:
    whitest = np.iinfo(kind).max
    source = write_image(tmp_path / f"a.{ext}", np.rint(picture() * whitest).astype(kind))
    for depth in ("8", "16"):
        result = converted(source, depth=depth, out=tmp_path / depth)
        levels = read_image(result)
        assert levels.dtype == f"uint{depth}"
        off = levels / np.iinfo(levels.dtype).max - read_image(source) / whitest
        assert np.abs(off).max() <= (1.0 if depth == "8" and kind == "uint16" else 0.5) / (
            2 ** int(depth) - 1
        )


def test_float_exr_as_half_rounds_to_the_nearest(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.exr", picture() * 40)
    result = converted(source, depth="half")
    np.testing.assert_array_equal(read_image(result), (picture() * 40).astype(np.float16))
    back = converted(result, depth="float", out=tmp_path / "back")
    np.testing.assert_array_equal(read_image(back), (picture() * 40).astype(np.float16).astype(np.float32))
    assert {kind for _, _, kind in channel_bits(back)} == {"float"}
