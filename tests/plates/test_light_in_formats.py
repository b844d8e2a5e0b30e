"""The same light in another format: encoded, clipped, alpha multiplied in or not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from pictures import as_uint8, picture, read_image, save, write_image

from daynight.frames.frame import Window
from daynight.plates import read_frame


def test_another_format_gets_the_same_light(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.png", as_uint8(picture()))
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
    frame = read_frame(write_image(tmp_path / "a.exr", (picture() * 3).astype(np.float16)))
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
