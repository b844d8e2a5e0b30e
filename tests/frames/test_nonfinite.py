"""NaN and infinite light in a plate: counted, told, and kept, zeroed or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from pictures import converted, part, picture, read_image, run_convert, write_image, write_parts

from daynight.engine.events import Event, FrameDone
from daynight.errors import PlateError
from daynight.frames.nonfinite import handle_nonfinite
from daynight.plates import read_frame

BAD = {(0, 0): (np.nan, 0.5, 0.5), (5, 7): (0.5, np.inf, 0.25), (20, 31): (-np.inf, np.nan, np.inf)}
"""Pixels of the broken plate; with four channels (40, 60) has an alpha of NaN and (41, 60) of infinity."""

GAMUTS: dict[str, dict[str, object]] = {"Rec. 709": {}, "ACEScg": {"colorInteropID": "lin_ap1_scene"}}
LOOKS = ["night", "grade"]


@pytest.fixture(autouse=True)
def _no_config_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)


def broken(alpha: bool = False) -> NDArray[np.float32]:
    light = picture()
    if alpha:
        light = np.concatenate([light * 0.5, np.full((48, 64, 1), 0.5, np.float32)], axis=2)
        light[40, 60, 3] = np.nan
        light[41, 60, 3] = np.inf
    for place, values in BAD.items():
        light[place][:3] = values
    return light.astype(np.float16).astype(np.float32)


def written(path: Path, light: NDArray[np.float32], **tags: object) -> Path:
    names = "RGBA"[: light.shape[2]]
    return write_parts(path, (part(dict.fromkeys(names, "half"), **tags), light))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("alpha", [False, True], ids=["rgb", "premultiplied"])
@pytest.mark.parametrize("tags", GAMUTS.values(), ids=GAMUTS)
def test_kept_pixels_come_through_exactly_and_their_neighbours_are_finite(
    tmp_path: Path, look: str, alpha: bool, tags: dict[str, object]
) -> None:
    light = broken(alpha)
    plate = written(tmp_path / "a.exr", light, **tags)
    done: list[Event] = []
    summary, told = run_convert(plate, look, observe=done.append)
    assert told == []
    bad = ~np.isfinite(light).all(axis=2)
    assert bad.sum() == (5 if alpha else 3)
    assert summary.nonfinite == bad.sum()
    assert isinstance(done[-1], FrameDone)
    assert done[-1].nonfinite == bad.sum()
    assert f"{bad.sum()} pixels with NaN or infinity" in str(summary)
    result, before = read_image(tmp_path / "out/a.exr"), read_image(plate)
    np.testing.assert_array_equal(result[bad], before[bad])
    assert np.isfinite(result[~bad]).all()
    assert np.abs(result[~bad][:, :3].astype(float) - before[~bad][:, :3]).mean() > 0.01, "the look applies"


@pytest.mark.parametrize("look", LOOKS)
def test_a_broken_pixel_does_not_show_in_the_rest_of_the_frame(tmp_path: Path, look: str) -> None:
    """One NaN must change no more than a black pixel in its place would."""
    light = broken()
    light[5, 7], light[20, 31] = 0.5, 0.5
    clean = light.copy()
    clean[0, 0] = (0, 0.5, 0.5)
    kept = read_image(converted(written(tmp_path / "a.exr", light), look)).astype(float)
    black = read_image(converted(written(tmp_path / "b.exr", clean), look)).astype(float)
    np.testing.assert_allclose(kept.reshape(-1, 3)[1:], black.reshape(-1, 3)[1:], rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("tags", GAMUTS.values(), ids=GAMUTS)
def test_zero_puts_0_for_each_such_value_alone(tmp_path: Path, tags: dict[str, object]) -> None:
    light = broken(alpha=True)
    summary, _ = run_convert(written(tmp_path / "a.exr", light, **tags), nonfinite="zero")
    assert summary.nonfinite == 5
    expected = np.where(np.isfinite(light), light, 0)
    np.testing.assert_array_equal(read_image(tmp_path / "out/a.exr"), expected)
    summary, _ = run_convert(tmp_path / "a.exr", "night", nonfinite="zero", out=tmp_path / "night")
    assert np.isfinite(read_image(tmp_path / "night/a.exr")).all()


def test_error_fails_the_frame_alone_with_the_count(daynight: Callable[..., Result], tmp_path: Path) -> None:
    written(tmp_path / "sh/a.1001.exr", picture())
    plate = written(tmp_path / "sh/a.1002.exr", broken())
    options = ("--to", "grade", "--out", tmp_path / "out", "--nonfinite", "error")
    result = daynight("convert", tmp_path / "sh", *options)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {plate}: 3 pixels hold NaN or infinity; ")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.1001.exr"]


def test_the_count_stands_in_the_summary_and_in_json(daynight: Callable[..., Result], tmp_path: Path) -> None:
    written(tmp_path / "sh/a.1001.exr", broken())
    written(tmp_path / "sh/a.1002.exr", picture())
    options = ("convert", tmp_path / "sh", "--to", "grade", "--overwrite", "--out", tmp_path / "out")
    assert ", 3 pixels with NaN or infinity →" in daynight(*options).stdout
    lines = daynight(*options, "--progress", "json").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    frames = [event for event in events if event["event"] == "frame"]
    assert [event["nonfinite"] for event in frames] == [3, 0]
    assert events[-1]["nonfinite"] == 3


@pytest.mark.parametrize(("ext", "kind"), [("png", np.uint8), ("tif", np.uint16), ("dpx", np.uint16)])
def test_integers_have_none(tmp_path: Path, ext: str, kind: type) -> None:
    pixels = np.full((16, 16, 3), np.iinfo(kind).max, kind)
    tags = {"dpx__Transfer": "Printing density"} if ext == "dpx" else {}
    summary, _ = run_convert(write_image(tmp_path / f"a.{ext}", pixels, **tags), "grade")
    assert (summary.done, summary.nonfinite) == (1, 0)


def test_nan_in_a_channel_that_is_no_picture_is_not_counted_and_stays(tmp_path: Path) -> None:
    channels = dict.fromkeys("RGB", "half") | {"Z": "float"}
    values = np.concatenate([picture(), np.full((48, 64, 1), np.nan, np.float32)], axis=2)
    plate = write_parts(tmp_path / "a.exr", (part(channels), values))
    summary, _ = run_convert(plate, "grade", nonfinite="error")
    assert (summary.done, summary.nonfinite) == (1, 0)
    assert np.isnan(read_image(tmp_path / "out/a.exr")[..., 3]).all()


def test_light_above_white_beside_nan_is_told_when_integers_cannot_hold_it(tmp_path: Path) -> None:
    light = picture()
    light[0, 0] = np.nan
    light[9, 9] = 20
    _, told = run_convert(written(tmp_path / "a.exr", light), ext="png")
    assert any("no light above white" in line for line in told)
    assert any("NaN" in line for line in told)


def test_kept_pixels_come_through_a_mask_strength_and_protected_lights(tmp_path: Path) -> None:
    light = broken()
    plate = written(tmp_path / "a.exr", light)
    mask = write_image(tmp_path / "m.png", np.full((48, 64, 1), 128, np.uint8))
    options = {"mask": mask, "strength": 0.5, "protect_lights": True}
    result, before = read_image(converted(plate, "grade", **options)), read_image(plate)
    bad = ~np.isfinite(light).all(axis=2)
    np.testing.assert_array_equal(result[bad], before[bad])
    assert np.isfinite(result[~bad]).all()


def test_maps_beside_a_broken_picture_are_finite(tmp_path: Path) -> None:
    result = read_image(converted(written(tmp_path / "a.exr", broken()), "night", aovs=True))
    assert np.isfinite(result[..., 3:]).all()


def test_a_report_of_broken_frames_is_written(tmp_path: Path) -> None:
    written(tmp_path / "a.exr", broken(alpha=True), colorInteropID="lin_ap1_scene")
    summary, _ = run_convert(tmp_path / "a.exr", "grade", report=tmp_path / "r.html")
    assert summary.done == 1
    assert "NaN or infinity" in (tmp_path / "r.html").read_text()


def test_a_clean_plate_is_the_same_frame(tmp_path: Path) -> None:
    plate = read_frame(written(tmp_path / "a.exr", picture()))
    assert handle_nonfinite(plate, "error") is plate
    with pytest.raises(PlateError, match="3 pixels hold NaN"):
        handle_nonfinite(read_frame(written(tmp_path / "b.exr", broken())), "error")
