"""What is read of a plate: its pixels as float32, its encoding, its alpha."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import as_uint8, part, picture, read_image, save, write_image, write_parts

from daynight.errors import PlateError
from daynight.plates import read_frame


@pytest.mark.parametrize(
    ("ext", "kind", "encoding"),
    [
        ("png", "uint8", "display"),
        ("tif", "uint16", "display"),
        ("dpx", "uint16", "display"),
        ("tif", "float32", "scene-linear"),
        ("exr", "float16", "scene-linear"),
        ("hdr", "float32", "scene-linear"),
    ],
)
def test_integers_are_taken_as_display_encoded_and_floats_as_light(
    tmp_path: Path, ext: str, kind: str, encoding: str
) -> None:
    whitest = np.iinfo(kind).max if kind.startswith("u") else 1
    values = np.rint(picture() * whitest) if whitest > 1 else picture()
    source = write_image(tmp_path / f"a.{ext}", values.astype(kind))
    frame = read_frame(source, 7)
    assert (frame.number, frame.encoding, frame.source) == (7, encoding, source)
    assert frame.high_range == (encoding == "scene-linear")
    assert frame.pixels.dtype == np.float32
    assert frame.pixels.shape == (1, 48, 64, 3)
    np.testing.assert_allclose(frame.image, read_image(source).astype(np.float64) / whitest, atol=1e-7)


def test_unassociated_alpha_of_a_png_is_left_as_it_is(tmp_path: Path) -> None:
    pixels = as_uint8(picture()[..., [0, 1, 2, 0]])
    source = write_image(tmp_path / "a.png", pixels, "RGBA", oiio__UnassociatedAlpha=1)
    frame = read_frame(source)
    assert not frame.premultiplied
    save(frame, tmp_path / "b.png")
    np.testing.assert_array_equal(read_image(source), read_image(tmp_path / "b.png"))


def test_a_grey_plate_is_read_as_three_channels_and_may_stay_grey(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.png", as_uint8(picture()[..., :1]), "Y")
    frame = read_frame(source)
    assert frame.pixels.shape == (1, 48, 64, 3)
    save(frame, tmp_path / "grey.png")
    save(frame, tmp_path / "colour.png", untouched=False)
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), read_image(source))
    assert read_image(tmp_path / "colour.png").shape[2] == 3


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


_LEAVES_SETTINGS = """
import sys
from pathlib import Path
import OpenImageIO as oiio

folder = Path(sys.argv[1])
names = ("try_all_readers", "threads", "exr_threads")
before = [oiio.get_int_attribute(name) for name in names]
from daynight.plates import output_spec, read_frame, write_frame

frame = read_frame(folder / "a.png")
write_frame(frame, output_spec(frame, folder / "b.png"))
assert [oiio.get_int_attribute(name) for name in names] == before, names
"""


def test_settings_of_the_whole_process_stay_as_the_host_has_them(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", as_uint8(picture()))
    ended = subprocess.run(
        [sys.executable, "-c", _LEAVES_SETTINGS, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "b.png").is_file()


def test_an_ending_that_no_format_has_is_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", as_uint8(picture())).rename(tmp_path / "a.mov")
    with pytest.raises(PlateError, match=r"a\.mov: is not a readable \.mov image"):
        read_frame(tmp_path / "a.mov")


def test_what_is_no_image_of_its_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.exr").write_text("not an image")
    with pytest.raises(PlateError, match=r"text\.exr: is not a readable \.exr image"):
        read_frame(tmp_path / "text.exr")
    write_image(tmp_path / "a.png", as_uint8(picture())).rename(tmp_path / "png.exr")
    with pytest.raises(PlateError, match=r"png\.exr: is not a readable \.exr image"):
        read_frame(tmp_path / "png.exr")
    with pytest.raises(PlateError, match="is not there"):
        read_frame(tmp_path / "absent.png")


@pytest.mark.parametrize("names", [("beauty.R", "beauty.G", "beauty.B"), ("diffuse", "specular", "Z")])
def test_a_file_whose_picture_is_not_plain_is_refused_by_name(tmp_path: Path, names: tuple[str, ...]) -> None:
    source = write_parts(tmp_path / "a.exr", (part(dict.fromkeys(names, "half")), picture()))
    with pytest.raises(PlateError, match=r"has no channels R, G, B \(but "):
        read_frame(source)
