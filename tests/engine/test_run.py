"""Whole conversions, by the public function."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx_models import affine, convolutions, maps
from pictures import SHARED, as_uint8, convert, needs_shared, picture, read_image, write_image

from daynight import Frame
from daynight.engine.events import FrameDone, Started
from daynight.errors import UsageError

MakeShot = Callable[..., Path]

FAULTY = '''
"""A step that fails on one frame."""
from daynight import Frame, hookimpl
from daynight.plugin.step import Step

class Faulty(Step):
    """Fail on frame 2."""
    name = "faulty"
    def apply(self, frame: Frame) -> Frame:
        if frame.number == 2:
            raise ZeroDivisionError("by\\nzero")
        return frame

@hookimpl
def daynight_steps():
    return [Faulty]
'''


def test_a_grade_is_what_it_says_in_every_frame(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("shots/sh010")
    summary = convert(tmp_path / "shots", "grade", settings=["grade.exposure=-1", "grade.saturation=1"])
    assert (summary.done, summary.failed) == (3, [])
    for path in sorted(folder.iterdir()):
        before = read_image(path) / 255.0
        after = read_image(tmp_path / "shots_grade/sh010" / path.name) / 255.0
        light = np.where(before <= 0.04045, before / 12.92, ((before + 0.055) / 1.055) ** 2.4)
        light = light * [0.72, 0.9, 1.25] / 2
        expected = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
        difference = (np.minimum(expected, 1) - after) * 255
        assert np.abs(difference).max() <= 1.01, "8 bits are dithered by half a level either way"
        assert abs(difference.mean()) <= 0.02


@pytest.mark.parametrize(
    ("ext", "kind"), [("png", "uint8"), ("exr", "float16"), ("tif", "uint16"), ("dpx", "uint16")]
)
def test_passthrough_is_bit_identical(tmp_path: Path, ext: str, kind: str) -> None:
    scale = {"uint8": 255, "uint16": 65535, "float16": 12}[kind]
    for number in (1, 2):
        write_image(tmp_path / f"in/a.{number:04d}.{ext}", (picture(seed=number) * scale).astype(kind))
    convert(tmp_path / "in", "passthrough", out=tmp_path / "out")
    for number in (1, 2):
        name = f"a.{number:04d}.{ext}"
        np.testing.assert_array_equal(read_image(tmp_path / "in" / name), read_image(tmp_path / "out" / name))


def test_a_foreign_model_of_pictures_goes_in_tiles(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh")
    model = convolutions(tmp_path / "a.onnx")
    whole = convert(folder, "night", model=model, out=tmp_path / "whole", device="cpu")
    tiled = convert(
        folder, "night", model=model, out=tmp_path / "tiled", settings=["tile.size=32"], device="cpu"
    )
    assert whole.done == tiled.done == 3
    for path in (tmp_path / "whole").iterdir():
        a, b = read_image(path).astype(int), read_image(tmp_path / "tiled" / path.name).astype(int)
        assert np.abs(a - b).max() <= 1
        assert a.std() > 1


def test_a_foreign_model_of_fixed_size_and_facts_told(make_shot: MakeShot, tmp_path: Path) -> None:
    folder, told = make_shot("sh", (1, 2)), []
    model = affine(tmp_path / "a.onnx", 1, 0.1, shape=(1, 3, 32, 32))
    options = {"model": model, "settings": ["model.value_range=0..1"], "out": tmp_path / "o", "device": "cpu"}
    convert(folder, "night", **options, warn=told.append)
    before, after = read_image(folder / "sh.0001.png") / 255.0, read_image(tmp_path / "o/sh.0001.png") / 255.0
    np.testing.assert_allclose(after, np.minimum(before + 0.1, 1), atol=1.01 / 255)
    assert len(told) == 1, "one warning for the shot, not one a frame"
    assert "not exact in tiles" in told[0]


def test_a_foreign_model_of_maps(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", (1, 2))
    model = maps(tmp_path / "m.onnx", (-3, -3, -3), (0, 0, 0))
    convert(folder, "night", model=model, out=tmp_path / "out", device="cpu")
    before, after = read_image(folder / "sh.0001.png"), read_image(tmp_path / "out/sh.0001.png")
    assert after.mean() < before.mean() / 2


BAD = {
    "ends early": (lambda path: path.write_bytes(path.read_bytes()[:600]), "can't be decoded"),
    "empty": (lambda path: path.write_bytes(b""), "is not a readable .png image"),
    "text": (lambda path: path.write_text("oops"), "is not a readable .png image"),
}


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD)
def test_a_bad_frame_is_named_and_the_others_are_done(
    make_shot: MakeShot, tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    folder = make_shot("sh", tuple(range(1, 8)))
    spoil(folder / "sh.0004.png")
    summary = convert(folder, "grade", out=tmp_path / "out")
    (failed,) = summary.failed
    assert "sh.0004.png: " in str(failed.fault)
    assert message in str(failed.fault)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"sh.{number:04d}.png" for number in (1, 2, 3, 5, 6, 7)
    ]


def test_a_change_of_size_is_a_new_take_said_once(make_shot: MakeShot, tmp_path: Path) -> None:
    folder, warnings = make_shot("sh", tuple(range(1, 8))), []
    for number in (3, 4, 6):
        write_image(folder / f"sh.{number:04d}.png", as_uint8(picture(24, 32)))
    summary = convert(folder, "passthrough", out=tmp_path / "out", warn=warnings.append)
    assert (summary.done, summary.failed) == (7, [])
    assert read_image(tmp_path / "out/sh.0004.png").shape == (24, 32, 3)
    assert warnings == [
        "sh.####.png: sh.0003.png is 32x24 after 64x48: each change of size in this shot begins a new take"
    ]


def test_a_strict_run_refuses_a_change_of_size_however_often_it_is_started(
    make_shot: MakeShot, tmp_path: Path
) -> None:
    folder = make_shot("sh", tuple(range(1, 6)))
    write_image(folder / "sh.0003.png", as_uint8(picture(24, 32)))
    for _ in range(2):
        summary = convert(folder, "passthrough", out=tmp_path / "out", strict=True)
        assert [event.job.number for event in summary.failed] == [3]
        assert "is 32x24 in a shot of 64x48" in str(summary.failed[0].fault)
    assert not (tmp_path / "out/sh.0003.png").exists()


def test_a_gap_is_one_line_however_many_frames_it_has(make_shot: MakeShot, tmp_path: Path) -> None:
    folder, events = make_shot("sh", (1, 2, 3, 900, 903)), []
    pattern = folder / "sh.####.png"
    summary = convert(pattern, "passthrough", out=tmp_path / "out", observe=events.append)
    (gap,) = summary.missing
    assert (summary.done, summary.failed, summary.complete) == (5, [], False)
    assert gap.ranges == "4-899, 901-902"
    assert str(gap.fault) == (
        f"{folder}/sh.####.png: frames 4-899, 901-902 are missing; "
        "render them, or set `on_missing` to skip, hold or black"
    )
    assert "898 missing" in str(summary)
    assert gap in events


def test_a_run_that_stops_at_the_first_failure_stops_at_a_gap(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", (1, 2, 4))
    summary = convert(folder, "passthrough", out=tmp_path / "out", on_error="stop")
    assert (summary.done, summary.not_reached) == (0, 3)


def test_failed_frames_keep_none_of_their_pixels(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", tuple(range(1, 6)))
    (tmp_path / "crop.toml").write_text('[[step]]\nuse = "crop"\nwidth = 9999\n')
    summary = convert(folder, chain=tmp_path / "crop.toml", out=tmp_path / "out")
    assert len(summary.failed) == 5
    gc.collect()
    frames = [each for each in gc.get_objects() if type(each) is Frame and each.source]
    assert not [each for each in frames if each.source.is_relative_to(tmp_path)]
    assert all("apply" in event.trace for event in summary.failed)


def test_stop_ends_the_run_and_finishes_what_is_under_way(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", tuple(range(1, 31)))
    (folder / "sh.0003.png").write_text("oops")
    summary = convert(folder, "passthrough", out=tmp_path / "out", on_error="stop")
    assert len(summary.failed) == 1
    assert summary.not_reached >= 20
    assert summary.done == len(list((tmp_path / "out").iterdir())) == 29 - summary.not_reached


def test_gaps_held_and_black(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", (1, 2, 4))
    convert(folder, "passthrough", out=tmp_path / "hold", on_missing="hold")
    np.testing.assert_array_equal(
        read_image(tmp_path / "hold/sh.0003.png"), read_image(folder / "sh.0002.png")
    )
    convert(folder, "grade", out=tmp_path / "black", on_missing="black")
    assert read_image(tmp_path / "black/sh.0003.png").shape == (48, 64, 3)
    assert read_image(tmp_path / "black/sh.0003.png").max() == 0
    skipped = convert(folder, "passthrough", out=tmp_path / "skip", on_missing="skip")
    assert (skipped.done, skipped.skipped, skipped.failed) == (3, 1, [])


def test_a_run_started_again_does_only_what_is_left(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh")
    convert(folder, "passthrough", out=tmp_path / "out")
    (tmp_path / "out/sh.1002.png").unlink()
    kept = (tmp_path / "out/sh.1001.png").stat().st_mtime_ns
    summary = convert(folder, "passthrough", out=tmp_path / "out")
    assert (summary.done, summary.finished) == (1, 2)
    assert (tmp_path / "out/sh.1001.png").stat().st_mtime_ns == kept


def test_events_come_in_order_on_the_calling_thread(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", tuple(range(1, 10)))
    events, threads = [], set()

    def observe(event: object) -> None:
        events.append(event)
        threads.add(threading.current_thread())

    convert(folder, "grade", out=tmp_path / "out", observe=observe)
    assert isinstance(events[0], Started)
    assert [event.job.number for event in events[1:] if isinstance(event, FrameDone)] == list(range(1, 10))
    assert set(events[1].seconds) == {"read", "compute", "write"}
    assert threads == {threading.main_thread()}


def test_a_fault_in_a_plugins_step_is_that_frames_fault(
    make_shot: MakeShot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/faulty.py").write_text(FAULTY)
    (tmp_path / "faulty.toml").write_text('[[step]]\nuse = "faulty"\n')
    monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(tmp_path / "plugins"))
    monkeypatch.setenv("DAYNIGHT_PLUGINS", "faulty")
    summary = convert(make_shot("sh", (1, 2, 3)), chain=tmp_path / "faulty.toml", out=tmp_path / "out")
    (failed,) = summary.failed
    message = "sh.0002.png: can't be converted (ZeroDivisionError: by zero); see the traceback: `debug`"
    assert str(failed.fault).endswith(message)
    assert failed.trace.rstrip().endswith("ZeroDivisionError: by\nzero")
    assert summary.done == 2


def test_a_look_without_a_model_takes_no_model(make_shot: MakeShot, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="look grade runs no model"):
        convert(make_shot(), "grade", model=affine(tmp_path / "a.onnx"))


@needs_shared
def test_a_shot_whose_data_windows_move_is_one_shot(tmp_path: Path) -> None:
    summary = convert(SHARED / "plates/beachball/singlepart.%04d.exr", "grade", out=tmp_path, on_error="stop")
    assert (summary.done, summary.failed) == (2, [])


def test_a_summary_lists_every_fault_once(make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", (1, 2, 4))
    (folder / "sh.0002.png").write_text("oops")
    summary = convert(folder, "grade", out=tmp_path / "out")
    gap, broken = map(str, summary.faults)
    assert "frame 3" in gap
    assert "sh.0002.png" in broken
    assert not summary.complete
