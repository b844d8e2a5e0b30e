"""What a format can't hold: said once, by name; with --strict a fault of the frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from pictures import as_uint8, part, picture, read_image, run_convert, specs_of, write_image, write_parts

DROPPED: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "alpha": ({}, {"ext": "jpg"}, "jpg holds no alpha: the picture is written over black"),
    "extra channels": ({"more": "Zid"}, {"ext": "png"}, "png holds no extra channels: Z, d, i are left out"),
    "windows": (
        {"display": (0, 0, 100, 80)},
        {"ext": "png"},
        "png holds no data window: black fills the display window, and overscan is cut off",
    ),
    "light": ({"bright": 4}, {"ext": "png"}, "png holds no light above white: it is clipped"),
    "maps": (
        {},
        {"ext": "png", "to": "night", "aovs": True, "settings": ["night.lamps_on=false"]},
        "png holds no AOVs: night.sky, night.ambient, night.practicals, night.emission are left out",
    ),
}


def lossy(path: Path, *, more: str = "", bright: float = 1, display: object = None) -> Path:
    names = "RGBA" + more
    pixels = np.resize(picture(), (48, 64, len(names))) * np.float32(0.9)
    pixels[..., 3] = 1
    pixels[..., :3] *= bright
    spec = part(dict.fromkeys(names, "half"), display=display)  # type: ignore[arg-type]
    return write_parts(path, (spec, pixels))


@pytest.fixture(params=DROPPED)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, object], str]:
    """A shot of three frames with one loss, what is asked, and the words that name it."""
    what, asked, words = DROPPED[request.param]
    for number in (1, 2, 3):
        lossy(tmp_path / "sh" / f"sh.{number:04}.exr", **what)  # type: ignore[arg-type]
    return tmp_path / "sh", {"out": tmp_path / "out", **asked}, words


def test_a_loss_is_named_once_for_a_shot(case: tuple[Path, dict[str, object], str]) -> None:
    source, asked, words = case
    summary, warnings = run_convert(source, **asked)  # type: ignore[arg-type]
    assert (summary.done, summary.failed) == (3, [])
    assert warnings == [f"sh.####.exr: {words}"]


def test_strict_makes_a_fault_of_it_and_writes_nothing(case: tuple[Path, dict[str, object], str]) -> None:
    source, asked, words = case
    summary, warnings = run_convert(source, strict=True, **asked)  # type: ignore[arg-type]
    assert (summary.done, len(summary.failed), warnings) == (0, 3, [])
    assert str(summary.failed[0].fault) == (
        f"{source / 'sh.0001.exr'}: {words}; choose a format that holds it, or leave `strict` out"
    )
    assert not list(asked["out"].rglob("*.png"))  # type: ignore[attr-defined]
    assert not list(asked["out"].rglob("*.jpg"))  # type: ignore[attr-defined]


def test_strict_ends_with_1_on_the_command_line(tmp_path: Path, daynight: Callable[..., Result]) -> None:
    source = lossy(tmp_path / "a.exr")
    options = ["--to", "passthrough", "--out", tmp_path / "out", "--ext", "jpg"]
    result = daynight("convert", source, *options, "--strict")
    assert result.exit_code == 1
    assert "a.exr: jpg holds no alpha: the picture is written over black; choose a format" in result.stderr
    assert not (tmp_path / "out" / "a.jpg").exists()
    result = daynight("convert", source, *options)
    assert result.exit_code == 0
    assert "warning: a.exr: jpg holds no alpha" in result.stderr


@pytest.mark.parametrize("ext", ["exr", "tif", "png", "dpx", "tga"])
def test_a_format_that_holds_all_of_it_is_not_warned_of(tmp_path: Path, ext: str) -> None:
    summary, warnings = run_convert(lossy(tmp_path / "a.exr"), ext=ext, strict=ext != "tif")
    assert (summary.done, [line for line in warnings if "color space" not in line]) == (1, [])


def test_all_losses_are_named_together(tmp_path: Path) -> None:
    source = lossy(tmp_path / "a.exr", more="Z", bright=4, display=(0, 0, 100, 80))
    summary, _ = run_convert(source, ext="jpg", strict=True)
    fault = summary.failed[0].fault
    assert fault is not None
    for words in ("no alpha", "no extra channels: Z are", "no data window", "no light above white"):
        assert words in fault.fault


def test_light_above_white_is_named_where_there_is_nan_too(tmp_path: Path) -> None:
    pixels = picture() * 4
    pixels[0, 0] = np.nan
    _, warnings = run_convert(write_image(tmp_path / "a.exr", pixels), ext="png")
    assert "a.exr: png holds no light above white: it is clipped" in warnings
    assert len(warnings) == 2
    assert "NaN" in "".join(warnings)


def test_further_channels_of_a_tiff_are_named_when_it_becomes_an_exr(tmp_path: Path) -> None:
    """An EXR could hold them: what does not come along must be said all the same."""
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 5), np.uint8)
    source = write_parts(tmp_path / "a.tif", (part(dict.fromkeys("RGBAx", "uint8")), pixels))
    _, warnings = run_convert(source, ext="exr")
    there = read_image(tmp_path / "out" / "a.exr").shape[2]
    assert there == 5 or any("extra channels: " in line for line in warnings)


@pytest.mark.parametrize("ext", ["png", "tif"])
def test_windows_that_come_along_are_not_warned_of(tmp_path: Path, ext: str) -> None:
    """PNG and TIFF hold a place of their own, and give it back."""
    source = write_image(tmp_path / f"a.{ext}", as_uint8(picture()))
    spec = part(dict.fromkeys("RGB", "uint8"), at=(10, 5), display=(0, 0, 100, 80))
    write_parts(source, (spec, as_uint8(picture())))
    summary, warnings = run_convert(source)
    assert (summary.done, warnings) == (1, [])
    np.testing.assert_array_equal(read_image(tmp_path / "out" / f"a.{ext}"), as_uint8(picture()))


def test_half_that_is_too_small_for_its_light_is_named(tmp_path: Path) -> None:
    _, warnings = run_convert(write_image(tmp_path / "a.exr", picture() * 1e6), depth="half")
    assert len(warnings) == 1
    assert "65504" in warnings[0]


def test_light_below_black_is_named_in_formats_without_sign(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.exr", picture() * 0.9 - 0.2)
    for ext in ("png", "hdr"):
        _, warnings = run_convert(source, ext=ext)
        assert warnings == [f"a.exr: {ext} holds no light below black: it is clipped"]
    assert run_convert(source, depth="float", overwrite=True)[1] == []


@pytest.mark.parametrize(("ext", "named"), [("tif", False), ("png", False), ("exr", True)])
def test_how_a_picture_lies_comes_along_or_is_named(tmp_path: Path, ext: str, named: bool) -> None:
    source = write_image(tmp_path / "a.jpg", as_uint8(picture()), Orientation=6)
    _, warnings = run_convert(source, ext=ext)
    assert warnings == (["a.jpg: exr holds no orientation: the picture appears as stored"] if named else [])
    if not named:
        assert specs_of(tmp_path / f"out/a.{ext}")[0].get_int_attribute("Orientation") == 6


def test_pixels_that_are_not_square_are_named(tmp_path: Path) -> None:
    source = write_image(tmp_path / "a.exr", picture(), PixelAspectRatio=2.0)
    _, warnings = run_convert(source, ext="hdr")
    assert warnings == ["a.exr: hdr holds no pixel aspect ratio: the picture appears squeezed"]


@pytest.mark.parametrize("compression", ["pxr24", "b44", "dwaa:45"])
def test_a_lossy_compression_that_is_asked_for_names_what_it_changes(
    tmp_path: Path, compression: str
) -> None:
    channels = {**dict.fromkeys("RGBA", "half"), "id": "float"}
    source = write_parts(tmp_path / "a.exr", (part(channels), np.ones((48, 64, 5), np.float32)))
    _, warnings = run_convert(source, compression=compression)
    assert warnings == [f"a.exr: exr holds no exact alpha, id under {compression.partition(':')[0]}"]
    assert run_convert(source, compression="zips", overwrite=True)[1] == []
