"""Data and display windows, pixel aspect: kept as they are, filled where a format has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import channel_bits, converted, part, picture, read_image, run_convert, specs_of, write_parts

WINDOWS = {
    "same": ((0, 0), (0, 0, 64, 48)),
    "same-elsewhere": ((10, 20), (10, 20, 64, 48)),
    "negative-origin": ((-30, -40), (-30, -40, 64, 48)),
    "smaller-data": ((20, 10), (0, 0, 100, 80)),
    "overscan": ((-8, -6), (0, 0, 48, 36)),
    "overscan-on-one-side": ((0, 0), (0, 0, 50, 48)),
    "partly-outside": ((-20, 10), (0, 0, 64, 48)),
    "wholly-outside": ((100, 100), (0, 0, 64, 48)),
    "display-elsewhere": ((-5, 7), (-50, -60, 200, 100)),
}
windows = pytest.mark.parametrize(("at", "display"), WINDOWS.values(), ids=WINDOWS)
looks = pytest.mark.parametrize("look", ["passthrough", "grade"])


def window(path: Path) -> tuple[int, ...]:
    (spec,) = specs_of(path)
    return (
        *(spec.x, spec.y, spec.width, spec.height),
        *(spec.full_x, spec.full_y, spec.full_width, spec.full_height),
    )


def plate(path: Path, at: tuple[int, int], display: tuple[int, int, int, int], **how: object) -> Path:
    spec = part(dict.fromkeys("RGBA", "half"), at=at, display=display, **how)
    return write_parts(path, (spec, np.insert(picture() * 0.9, 3, 1, axis=2)))


@looks
@windows
def test_an_exr_keeps_its_windows(
    tmp_path: Path, at: tuple[int, int], display: tuple[int, int, int, int], look: str
) -> None:
    source = plate(tmp_path / "a.exr", at, display, PixelAspectRatio=2.0)
    result = converted(source, look)
    assert window(result) == window(source) == (*at, 64, 48, *display)
    assert specs_of(result)[0]["PixelAspectRatio"] == 2.0
    if look == "passthrough":
        assert channel_bits(result) == channel_bits(source)


@windows
def test_tiles_keep_their_windows(
    tmp_path: Path, at: tuple[int, int], display: tuple[int, int, int, int]
) -> None:
    source = plate(tmp_path / "a.exr", at, display, tile=16)
    result = converted(source)
    assert window(result) == (*at, 64, 48, *display)
    assert channel_bits(result) == channel_bits(source)


@windows
@pytest.mark.parametrize("ext", ["png", "dpx", "jpg"])
def test_a_format_without_windows_gets_the_display_window(
    tmp_path: Path, at: tuple[int, int], display: tuple[int, int, int, int], ext: str
) -> None:
    source = plate(tmp_path / "a.exr", at, display)
    run_convert(source, ext=ext)
    x, y, width, height = display
    filled = read_image(tmp_path / "out" / f"a.{ext}")[..., :3].astype(float)
    filled /= np.iinfo(read_image(tmp_path / "out" / f"a.{ext}").dtype).max
    assert filled.shape[:2] == (height, width)
    light = read_image(source)[..., :3].astype(float)
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    expected = np.zeros((height, width, 3))
    for row in range(height):
        for column in range(width):
            inside = (row + y - at[1], column + x - at[0])
            if 0 <= inside[0] < 48 and 0 <= inside[1] < 64:
                expected[row, column] = shown[inside]
    off = np.abs(filled - expected)
    assert off.mean() < (0.02 if ext == "jpg" else 1e-4)
    assert ext == "jpg" or off.max() < 1e-3


@pytest.mark.parametrize(("crop", "expected"), [((0, 0, 64, 48), (0, 0)), ((5, 9, 20, 30), (5, 9))])
@windows
def test_a_crop_keeps_its_place(
    tmp_path: Path,
    at: tuple[int, int],
    display: tuple[int, int, int, int],
    crop: tuple[int, int, int, int],
    expected: tuple[int, int],
) -> None:
    source = plate(tmp_path / "a.exr", at, display)
    chain = tmp_path / "crop.toml"
    x, y, width, height = crop
    chain.write_text(f'[[step]]\nuse = "crop"\nx = {x}\ny = {y}\nwidth = {width}\nheight = {height}\n')
    result = converted(source, None, chain=chain)
    assert window(result) == (at[0] + expected[0], at[1] + expected[1], width, height, *display)
    np.testing.assert_array_equal(
        read_image(result)[..., 3], read_image(source)[y : y + height, x : x + width, 3]
    )


def test_a_small_part_of_a_large_display_is_not_much_work(tmp_path: Path) -> None:
    """A data window of 64 x 48 in a display window of 16K stays as small as it is."""
    source = plate(tmp_path / "a.exr", (8000, 4000), (0, 0, 16384, 8192))
    result = converted(source, "grade")
    assert window(result) == (8000, 4000, 64, 48, 0, 0, 16384, 8192)
    assert result.stat().st_size < 100_000
