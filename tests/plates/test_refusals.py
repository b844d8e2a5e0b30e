"""Plates that are refused: in one line, before anything is decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from click.testing import Result
from pictures import as_uint8, part, picture, run_convert, write_image, write_parts

from daynight.errors import PlateError
from daynight.plates import Limits, read_frame


def refusal(path: Path, **how: object) -> str:
    """Return the one line in which a plate is refused."""
    with pytest.raises(PlateError) as error:
        read_frame(path, **how)
    line = str(error.value)
    assert "\n" not in line
    assert line == f"{path}: {error.value.fault}; {error.value.remedy}"
    assert error.value.remedy
    return line.removeprefix(f"{path}: ")


def deep(path: Path) -> Path:
    spec = part(dict.fromkeys(("R", "G", "B", "A", "Z"), "float"), size=(8, 8))
    spec.deep = True
    data = oiio.DeepData()
    data.init(64, 5, [oiio.FLOAT] * 5, list(spec.channelnames))
    for pixel in range(64):
        data.set_samples(pixel, pixel % 3)
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    assert out.write_deep_image(data), out.geterror()
    assert out.close()
    return path


def texture(path: Path) -> Path:
    pixels = oiio.ImageBuf(picture())
    how = oiio.ImageSpec()
    assert oiio.ImageBufAlgo.make_texture(oiio.MakeTxTexture, pixels, str(path), how), oiio.geterror()
    return path


def test_deep_images(tmp_path: Path) -> None:
    assert refusal(deep(tmp_path / "a.exr")) == "is a deep image; flatten it first"


@pytest.mark.parametrize("ext", ["exr", "tif"])
def test_textures_with_mip_levels(tmp_path: Path, ext: str) -> None:
    line = refusal(texture(tmp_path / f"a.{ext}"))
    assert line == "is a texture with MIP levels; give the image that it was made from"


NAMES = ("exr", "png", "tif", "jpg", "dpx", "hdr", "bmp", "cin")


@pytest.mark.parametrize(
    ("written", "named"),
    [
        (written, named)
        for written in ("png", "tif", "jpg", "dpx", "exr")
        for named in NAMES
        if written != named
    ],
)
def test_what_is_named_as_another_format(tmp_path: Path, written: str, named: str) -> None:
    pixels = picture() if written == "exr" else as_uint8(picture())
    path = write_image(tmp_path / f"a.{written}", pixels).rename(tmp_path / f"b.{named}")
    line = refusal(path)
    assert line.startswith(f"is not a readable .{named} image (")
    assert line.endswith("; check its content and extension")


def test_uint_pictures(tmp_path: Path) -> None:
    numbers = np.zeros((48, 64, 3), np.uint32)
    source = write_parts(tmp_path / "a.exr", (part(dict.fromkeys("RGB", "uint")), numbers))
    assert refusal(source) == "its picture has uint pixels; store them as half, float, 8 or 16 bits"


def test_uint_pictures_beside_other_channels(tmp_path: Path) -> None:
    channels = {**dict.fromkeys("RGB", "uint"), "Z": "float"}
    source = write_parts(tmp_path / "a.exr", (part(channels), np.zeros((48, 64, 4), np.uint32)))
    assert refusal(source).startswith("its picture has uint pixels; ")


def test_uint_alpha_is_an_extra_channel(tmp_path: Path) -> None:
    """Its bits read as floats would be coverage of next to nothing."""
    channels = {**dict.fromkeys("RGB", "half"), "A": "uint"}
    source = write_parts(tmp_path / "a.exr", (part(channels), np.ones((48, 64, 4), np.uint32)))
    frame = read_frame(source)
    assert frame.alpha is None
    assert frame.file is not None
    assert frame.file.extra_channels == ["A"]


class TestLimits:
    """What a header may claim."""

    def big(self, path: Path, parts: int = 1) -> Path:
        specs = [part(dict.fromkeys("RGBA", "float"), name=f"p{index}") for index in range(parts)]
        return write_parts(path, *((spec, np.zeros((48, 64, 4), np.float32)) for spec in specs))

    @pytest.mark.parametrize(
        ("limits", "line"),
        [
            (Limits(pixels=3071), "3072 pixels, and 3071 are allowed; raise `max_pixels` if that is right"),
            (Limits(channels=3), "4 channels, and 3 are allowed; raise `max_channels` if that is right"),
        ],
    )
    def test_it_names_claim_limit_and_option(self, tmp_path: Path, limits: Limits, line: str) -> None:
        assert refusal(self.big(tmp_path / "a.exr"), limits=limits) == f"claims {line}"

    def test_megabytes_are_those_of_all_parts(self, tmp_path: Path) -> None:
        source = self.big(tmp_path / "a.exr", parts=30)  # 30 of 48 KiB each: 1.4 MB
        assert refusal(source, limits=Limits(megabytes=1)).startswith("claims ")
        assert read_frame(source, limits=Limits(megabytes=2)).width == 64

    def test_channels_are_those_of_all_parts(self, tmp_path: Path) -> None:
        source = self.big(tmp_path / "a.exr", parts=3)
        line = refusal(source, limits=Limits(channels=11))
        assert line.startswith("claims 12 channels")
        assert read_frame(source, limits=Limits(channels=12)).width == 64

    def test_what_is_just_allowed_is_read(self, tmp_path: Path) -> None:
        source = self.big(tmp_path / "a.exr")
        assert read_frame(source, limits=Limits(pixels=3072, channels=4, megabytes=1)).height == 48

    def test_a_hostile_header_is_refused_before_decoding(self, tmp_path: Path) -> None:
        """The file is a few kilobytes and says that it has 100000 x 100000 pixels."""
        source = write_image(tmp_path / "a.exr", picture().astype(np.float16), compression="zip")
        content = source.read_bytes()
        for name in (b"dataWindow\0box2i\0", b"displayWindow\0box2i\0"):
            place = content.index(name) + len(name) + 4
            content = content[:place] + struct.pack("<4i", 0, 0, 99999, 99999) + content[place + 16 :]
        source.write_bytes(content)
        line = refusal(source)
        assert "10000000000 pixels" in line or "is not a readable" in line

    def test_a_huge_display_window_is_no_way_around_them(self, tmp_path: Path) -> None:
        """A format without windows fills it: black of a size that a header claims."""
        spec = part(dict.fromkeys("RGB", "half"), display=(0, 0, 400, 300))
        source = write_parts(tmp_path / "a.exr", (spec, picture() * 0.5))
        summary, _ = run_convert(source, ext="png", max_pixels=100_000)
        assert len(summary.failed) == 1
        assert "120000 pixels" in str(summary.failed[0].fault)
        assert "`max_pixels`" in str(summary.failed[0].fault)

    @pytest.mark.parametrize(
        ("option", "words"),
        [
            (("--max-pixels", 3071), "claims 3072 pixels, and 3071 are allowed; raise --max-pixels"),
            (("--max-channels", 3), "claims 4 channels, and 3 are allowed; raise --max-channels"),
        ],
    )
    def test_by_the_command_line(
        self, tmp_path: Path, daynight: Callable[..., Result], option: tuple[str, int], words: str
    ) -> None:
        source = self.big(tmp_path / "a.exr")
        result = daynight("convert", source, "--to", "passthrough", "--out", tmp_path / "out", *option)
        assert result.exit_code == 1
        assert f"{source}: {words}" in result.stderr
        assert not (tmp_path / "out" / "a.exr").exists()


@pytest.mark.parametrize("make", [deep, texture], ids=["deep", "texture"])
def test_a_refused_frame_writes_no_file_and_ends_with_1(
    tmp_path: Path, daynight: Callable[..., Result], make: Callable[[Path], Path]
) -> None:
    result = daynight("convert", make(tmp_path / "a.exr"), "--to", "night", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.count("a.exr: is a ") == 1
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out" / "a.exr").exists()


@pytest.mark.parametrize("content", [b"", b"v/1\x01", b"\x89PNG\r\n\x1a\n", bytes(4096)])
@pytest.mark.parametrize("ext", ["exr", "png", "tif", "jpg", "dpx", "cin", "hdr", "bmp", "tga"])
def test_what_is_no_image_at_all(tmp_path: Path, ext: str, content: bytes) -> None:
    path = tmp_path / f"a.{ext}"
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("ext", ["exr", "png", "tif", "dpx", "tga", "bmp", "hdr", "jpg"])
def test_what_ends_early(tmp_path: Path, ext: str, keep: float) -> None:
    noise = np.random.default_rng(0).random((64, 64, 3), np.float32)
    path = write_image(tmp_path / f"a.{ext}", noise if ext in ("exr", "hdr") else as_uint8(noise))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    refusal(path)


@pytest.mark.parametrize("compression", ["zip", "zips", "piz", "dwaa"])
def test_an_exr_whose_middle_is_broken(tmp_path: Path, compression: str) -> None:
    """(What does not compress is stored as it is, and has nothing that would tell.)"""
    smooth = np.broadcast_to(np.linspace(0, 1, 128)[:, np.newaxis], (128, 128, 3)).astype(np.float16)
    path = write_image(tmp_path / "a.exr", smooth, compression=compression)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize(
    ("channels", "line"),
    [
        (("Z",), "has no channels R, G, B (but Z); "),
        (("depth.V",), "has no channels R, G, B (but depth.V); "),
        (("Y", "RY", "BY"), "has no channels R, G, B (but BY, RY, Y); "),
    ],
    ids=["depth", "depth in a layer", "luminance and chroma"],
)
def test_channels_that_are_no_picture(tmp_path: Path, channels: tuple[str, ...], line: str) -> None:
    pixels = np.ones((48, 64, len(channels)), np.float32)
    source = write_parts(tmp_path / "a.exr", (part(dict.fromkeys(channels, "half")), pixels))
    fault = refusal(source)
    assert sorted(fault.split("(but ")[1].split(")")[0].split(", ")) == sorted(channels)
    assert fault.startswith(line.split(" (", maxsplit=1)[0])


def test_pictures_made_for_print(tmp_path: Path) -> None:
    source = tmp_path / "a.tif"
    spec = oiio.ImageSpec(8, 8, 4, oiio.UINT8)
    spec.channelnames = ("C", "M", "Y", "K")
    spec.attribute("tiff:ColorSpace", "CMYK")
    spec.attribute("oiio:ColorSpace", "CMYK")
    write_parts(source, (spec, np.full((8, 8, 4), 90, np.uint8)))
    assert refusal(source) == "is a CMYK image; convert it to RGB first"


def test_signed_integers(tmp_path: Path) -> None:
    spec = oiio.ImageSpec(8, 8, 3, oiio.INT16)
    source = write_parts(tmp_path / "a.tif", (spec, np.full((8, 8, 3), 0.5, np.float32)))
    assert refusal(source) == "has pixels of type int16; store them as half, float, 8 or 16 bits"
