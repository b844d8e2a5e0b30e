"""Plates from and to disk."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest
from pictures import SHARED, as_uint8, needs_shared, picture, read_image, save, write_image

from daynight.errors import PlateError
from daynight.frame import Window
from daynight.images import read_frame, writing

LEVELS = {"uint8": 255, "uint16": 65535}


def plate(kind: str, channels: int = 3) -> np.ndarray:
    image = np.concatenate([picture(), picture(seed=3)[..., :1]], axis=2)[..., :channels]
    return np.rint(image * LEVELS[kind]).astype(kind) if kind in LEVELS else (image * 3).astype(kind)


@pytest.mark.parametrize(
    ("ext", "kind"),
    [
        ("png", "uint8"),
        ("png", "uint16"),
        ("tif", "uint8"),
        ("tif", "uint16"),
        ("tif", "float32"),
        ("dpx", "uint16"),
        ("bmp", "uint8"),
        ("tga", "uint8"),
        ("exr", "float16"),
        ("exr", "float32"),
    ],
)
def test_a_plate_comes_back_bit_identical(tmp_path: Path, ext: str, kind: str) -> None:
    source = write_image(tmp_path / f"a.{ext}", plate(kind))
    frame = read_frame(source, 7)
    assert frame.number == 7
    assert frame.encoding == ("display" if kind in LEVELS else "scene-linear")
    save(frame, tmp_path / f"b.{ext}")
    before, after = read_image(source), read_image(tmp_path / f"b.{ext}")
    assert before.dtype == after.dtype
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_exr_keeps_alpha_extra_channels_windows_and_attributes(tmp_path: Path, kind: str) -> None:
    channels = np.concatenate([plate(kind, 4), plate(kind, 2) * 900], axis=2)
    path = tmp_path / "a.exr"
    spec = oiio.ImageSpec(64, 48, 6, oiio.HALF if kind == "float16" else oiio.FLOAT)
    spec.channelnames = ("R", "G", "B", "A", "Z", "mask")
    spec.alpha_channel = 3
    spec.x, spec.y, spec.full_x, spec.full_y, spec.full_width, spec.full_height = -8, 4, 0, 0, 100, 80
    spec.attribute("compression", "piz")
    spec.attribute("camera", "A001")
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    assert out.write_image(channels)
    assert out.close()

    frame = read_frame(path)
    assert frame.data_window == Window(-8, 4, 64, 48)
    assert frame.display_window == Window(0, 0, 100, 80)
    assert frame.metadata["camera"] == "A001"
    save(frame, tmp_path / "b.exr")
    np.testing.assert_array_equal(read_image(path), read_image(tmp_path / "b.exr"))
    result = oiio.ImageInput.open(str(tmp_path / "b.exr")).spec()
    assert result.channelnames == ("R", "G", "B", "A", "Z", "mask")
    assert (result.x, result.y, result.full_width, result.full_height) == (-8, 4, 100, 80)
    assert (result["compression"], result["camera"]) == ("piz", "A001")


def test_unassociated_alpha_of_a_png_is_left_as_it_is(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.png", plate("uint8", 4), "RGBA", oiio__UnassociatedAlpha=1)
    frame = read_frame(source)
    assert not frame.premultiplied
    save(frame, tmp_path / "b.png")
    np.testing.assert_array_equal(read_image(source), read_image(tmp_path / "b.png"))


def test_a_grey_plate_is_read_as_three_channels_and_may_stay_grey(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.png", plate("uint8", 1), "Y")
    frame = read_frame(source)
    assert frame.pixels.shape == (1, 48, 64, 3)
    save(frame, tmp_path / "grey.png")
    save(frame, tmp_path / "colour.png", untouched=False)
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), read_image(source))
    assert read_image(tmp_path / "colour.png").shape[2] == 3


def test_another_format_gets_the_same_light(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.png", plate("uint8"))
    save(read_frame(source), tmp_path / "b.exr")
    linear = read_image(tmp_path / "b.exr")
    assert linear.dtype == np.float16
    assert linear[0, 0].astype(float) == pytest.approx((read_image(source)[0, 0] / 255) ** 2.2, abs=0.02)
    save(read_frame(tmp_path / "b.exr"), tmp_path / "c.png")
    back = read_image(tmp_path / "c.png")
    assert back.dtype == np.uint16
    assert np.abs(back / 257.0 - read_image(source)).max() <= 0.6


def test_what_is_brighter_than_white_is_clipped_in_an_integer_file_and_nothing_else_moves(
    tmp_path: Path,
) -> None:
    light = np.full((4, 4, 3), 0.9, np.float32)
    light[0] = 20
    save(read_frame(write_image(tmp_path / "a.exr", light)), tmp_path / "b.png")
    levels = read_image(tmp_path / "b.png")
    assert (levels[0] == 65535).all()
    assert levels[1, 0, 0] == pytest.approx(0.9547 * 65535, rel=1e-3)


def _cut_short(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


@pytest.mark.parametrize(
    ("ext", "kind"), [("png", "uint8"), ("jpg", "uint8"), ("exr", "float16"), ("tif", "uint8")]
)
def test_a_file_that_ends_early_is_refused(tmp_path: Path, ext: str, kind: str) -> None:
    random = np.random.default_rng(0).random((64, 64, 3))
    pixels = as_uint8(random) if kind == "uint8" else random.astype(kind)
    broken = _cut_short(write_image(tmp_path / f"a.{ext}", pixels))
    with pytest.raises(PlateError, match=rf"a\.{ext}: .*; ") as error:
        read_frame(broken)
    assert "\n" not in str(error.value)


def test_what_is_no_image_of_its_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.exr").write_text("not an image")
    with pytest.raises(PlateError, match=r"text\.exr: is no readable \.exr image"):
        read_frame(tmp_path / "text.exr")
    write_image(tmp_path / "a.png", plate("uint8")).rename(tmp_path / "png.exr")
    with pytest.raises(PlateError, match=r"png\.exr: is no readable \.exr image"):
        read_frame(tmp_path / "png.exr")
    with pytest.raises(PlateError, match="is not there"):
        read_frame(tmp_path / "absent.png")


def test_a_failed_write_leaves_nothing_behind_and_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = read_frame(write_image(tmp_path / "a.png", plate("uint8")))
    target = tmp_path / "out" / "b.png"
    save(frame, target)
    before = target.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(PlateError, match="No space left on device"):
        save(frame, target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["b.png"]


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    frame = read_frame(write_image(tmp_path / "a.png", plate("uint8")))
    (tmp_path / "out").write_text("")
    with pytest.raises(PlateError, match=re.escape("can't be written")):
        save(frame, tmp_path / "out" / "b.png")


def rgba(path: Path, pixel: list[float], *, straight: bool) -> Path:
    kind = np.float32 if path.suffix == ".exr" else np.uint8
    values = np.float32(pixel) if kind is np.float32 else np.rint(np.float32(pixel) * 255)
    pixels = np.broadcast_to(values, (4, 4, 4)).astype(kind)
    return write_image(path, pixels, "RGBA", **({"oiio__UnassociatedAlpha": 1} if straight else {}))


@pytest.mark.parametrize("ext", ["png", "tga"])
def test_premultiplied_light_becomes_straight_pixels(tmp_path: Path, ext: str) -> None:
    """0.5 0.25 0.1 over alpha 0.5 is the light 1 0.5 0.2, shown as 1 0.735 0.485."""
    source = rgba(tmp_path / "a.exr", [0.5, 0.25, 0.1, 0.5], straight=False)
    save(read_frame(source), tmp_path / f"b.{ext}")
    back = read_image(tmp_path / f"b.{ext}")[0, 0]
    np.testing.assert_allclose(back / np.iinfo(back.dtype).max, [1, 0.7354, 0.4845, 0.5], atol=0.004)


def test_straight_pixels_become_premultiplied_light(tmp_path: Path) -> None:
    source = rgba(tmp_path / "a.png", [1, 1, 0.5, 0.5], straight=True)
    save(read_frame(source), tmp_path / "b.exr")
    back = read_image(tmp_path / "b.exr")[0, 0].astype(float)
    np.testing.assert_allclose(back, [0.502, 0.502, 0.108, 0.502], atol=2e-3)


def test_premultiplied_pixels_become_premultiplied_light(tmp_path: Path) -> None:
    """Shown 0.5 0.25 0.1 over alpha 0.5: it is the straight pixel that is decoded, not the product."""
    pixels = np.broadcast_to(np.uint8([128, 64, 26, 128]), (4, 4, 4))
    frame = read_frame(write_image(tmp_path / "a.tif", np.ascontiguousarray(pixels), "RGBA"))
    assert frame.premultiplied
    save(frame, tmp_path / "b.exr")
    back = read_image(tmp_path / "b.exr")[0, 0].astype(float)
    np.testing.assert_allclose(back, [0.502, 0.107, 0.0168, 0.502], atol=2e-3)


def test_a_format_without_alpha_gets_the_picture_over_black(tmp_path: Path) -> None:
    source = rgba(tmp_path / "a.exr", [0.18, 0.18, 0.18, 0.5], straight=False)
    save(read_frame(source), tmp_path / "b.jpg")
    assert read_image(tmp_path / "b.jpg")[0, 0] == pytest.approx([118] * 3, abs=2)


def test_a_format_without_windows_gets_the_whole_display_window(tmp_path: Path) -> None:
    frame = read_frame(write_image(tmp_path / "a.exr", plate("float16")))
    moved = dataclasses.replace(frame, display_window=Window(-10, 5, 60, 60))
    save(moved, tmp_path / "moved.exr")
    save(read_frame(tmp_path / "moved.exr"), tmp_path / "b.png")
    filled = read_image(tmp_path / "b.png")
    save(frame, tmp_path / "c.png")
    pixels = read_image(tmp_path / "c.png")
    assert filled.shape[:2] == (60, 60)
    np.testing.assert_array_equal(filled[:43, 10:], pixels[5:, :50])
    assert not filled[43:].any()
    assert not filled[:, :10].any()


@pytest.mark.parametrize("names", [("beauty.R", "beauty.G", "beauty.B"), ("diffuse", "specular", "Z")])
def test_a_file_whose_picture_is_not_plain_is_refused_by_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    source = _mixed(tmp_path / "a.exr", (oiio.HALF,) * 3, names)
    with pytest.raises(PlateError, match=r"has no channels R, G, B \(but "):
        read_frame(source)


def _mixed(path: Path, kinds: tuple[object, ...], names: tuple[str, ...]) -> Path:
    """Write an EXR whose channels have types of their own."""
    spec = oiio.ImageSpec(8, 8, len(kinds), oiio.FLOAT)
    spec.channelnames, spec.channelformats = names, kinds
    out = oiio.ImageOutput.create(str(path))
    assert out.open(str(path), spec), out.geterror()
    values = np.random.default_rng(0).random((8, 8, len(kinds)), np.float32).astype(np.float16)
    assert out.write_image(values.astype(np.float32))
    assert out.close()
    return path


def test_channels_of_half_and_float_keep_their_types(tmp_path: Path) -> None:
    kinds = (oiio.HALF, oiio.HALF, oiio.HALF, oiio.FLOAT)
    source = _mixed(tmp_path / "a.exr", kinds, ("R", "G", "B", "Z"))
    save(read_frame(source), tmp_path / "b.exr")
    result = oiio.ImageInput.open(str(tmp_path / "b.exr")).spec()
    types = dict(zip(result.channelnames, map(str, result.channelformats), strict=True))
    assert types == {"R": "half", "G": "half", "B": "half", "Z": "float"}
    np.testing.assert_array_equal(read_image(source), read_image(tmp_path / "b.exr"))


@pytest.mark.parametrize("ext", ["png", "jpg", "exr"])
def test_a_full_disk_leaves_no_file(tmp_path: Path, ext: str) -> None:
    """A disk that is really full: a small file system in memory, where this process may mount one."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1300k", "none", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        noise = np.random.default_rng(0).integers(0, 255, (800, 800, 3), np.uint8)
        frame = read_frame(write_image(tmp_path / "a.png", noise))
        with pytest.raises(PlateError, match=rf"b\.{ext}: can't be written \(No space left on device\)"):
            save(frame, small / f"b.{ext}")
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_png_or_jpeg_without_its_end_gets_no_final_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = read_frame(write_image(tmp_path / "a.png", plate("uint8")))
    whole = writing._write

    def cut(path: Path, *rest: object) -> None:
        whole(path, *rest)
        os.truncate(path, path.stat().st_size - 20)

    monkeypatch.setattr(writing, "_write", cut)
    for ext in ("png", "jpg"):
        with pytest.raises(PlateError, match="No space left on device"):
            save(frame, tmp_path / f"out/b.{ext}")
    assert not list((tmp_path / "out").iterdir())


@needs_shared
@pytest.mark.parametrize(
    "name", ["CandleGlass.exr", "MtTamWest.exr", "GoldenGate_tiled.exr", "windows/t08.exr"]
)
def test_real_plates_come_back_bit_identical(tmp_path: Path, name: str) -> None:
    source = SHARED / "plates" / name
    save(read_frame(source), tmp_path / "b.exr")
    np.testing.assert_array_equal(read_image(source), read_image(tmp_path / "b.exr"))
