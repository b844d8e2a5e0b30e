"""``daynight convert``, run for real."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import Result
from pictures import as_uint8, picture, read_image, write_image

from daynight import convert

Daynight = Callable[..., Result]
Process = Callable[..., subprocess.CompletedProcess[str]]
MakeShot = Callable[..., Path]


def test_a_folder_by_the_installed_command(
    daynight_process: Process, make_shot: MakeShot, tmp_path: Path
) -> None:
    make_shot("shots/sh010")
    make_shot("shots/sh020", (1, 2))
    result = daynight_process("convert", tmp_path / "shots", "--to", "grade")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("5 frames in ")
    assert result.stdout.endswith(f"→ {tmp_path / 'shots_grade'}\n")
    assert result.stdout.count("\n") == 1
    assert len(list((tmp_path / "shots_grade").rglob("*.png"))) == 5


def test_a_bundled_look_names_its_device(daynight: Daynight, make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh")
    result = daynight("convert", folder, "--to", "night", "--device", "cpu", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stderr == "device: cpu (requested)\n"
    assert read_image(tmp_path / "out/sh.1001.png").mean() < read_image(folder / "sh.1001.png").mean()


def test_failed_frames_are_listed_and_the_exit_code_is_1(
    daynight: Daynight, make_shot: MakeShot, tmp_path: Path
) -> None:
    folder = make_shot("sh", (1, 2, 4, 5))
    (folder / "sh.0002.png").write_text("oops")
    result = daynight("convert", folder, "--to", "passthrough", "--out", tmp_path / "out")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"error: {folder / 'sh.####.png'}: frame 3 is missing; ")
    assert lines[0].endswith("or set --on-missing to skip, hold or black")
    assert lines[1].startswith(f"error: {folder / 'sh.0002.png'}: is not a readable .png image")
    assert "3 frames in" in result.stdout
    assert "1 failed, 1 missing" in result.stdout


WRONG = {
    "no look": ((), "Give one of '--to LOOK' and '--chain FILE'"),
    "unknown look": (("--to", "nigth"), "look 'nigth': is unknown; did you mean 'night'?"),
    "range of two readings": (("--to", "night", "--frames", "1-9:2"), "tools differ on 1-9:2"),
    "unknown option": (("--to", "grade", "--set", "grade.exposre=1"), "did you mean 'exposure'?"),
    "unknown format": (("--to", "passthrough", "--ext", "webm"), "--ext webm: can't be written"),
    "over the plates": (("--to", "passthrough", "--out", "SHOT"), "is a plate and would be overwritten"),
    "chain not there": (("--chain", "absent.toml"), "absent.toml: can't be read"),
    "model not there": (("--to", "night", "--model", "absent.onnx"), "absent.onnx: can't be read"),
    "look and chain": (
        ("--to", "night", "--chain", "a.toml"),
        "job: has both --to and --chain; give one of them",
    ),
    "empty path": (("--to", "night", "--out", ""), "the path is empty"),
    "report over a plate": (("--to", "passthrough", "--report", "SHOT"), "is not the name of a page"),
    "model fact without a model": (("--to", "grade", "--set", "model.radius=3"), "has no model"),
    "report nowhere": (("--to", "passthrough", "--report", "absent/r.html"), "its folder does not exist"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_what_is_asked_wrongly_converts_nothing(
    daynight: Daynight, make_shot: MakeShot, options: tuple[str, ...], message: str
) -> None:
    folder = make_shot("shots/sh")
    before = sorted(folder.parent.rglob("*"))
    result = daynight("convert", folder, *(str(folder) if option == "SHOT" else option for option in options))
    assert result.exit_code == 2
    assert message in result.stderr
    assert sorted(folder.parent.rglob("*")) == before


def test_a_dry_run_says_what_would_be_done(daynight: Daynight, make_shot: MakeShot, tmp_path: Path) -> None:
    make_shot("shots/sh", (1, 2, 4))
    result = daynight("convert", tmp_path / "shots", "--to", "grade", "--dry-run", "--ext", "exr")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "chain: grade",
        "color config: ocio://cg-config-v2.2.0_aces-v1.3_ocio-v2.4",
        "sh/sh.####.png: 3 frames, 1 missing (3)",
        f"would write to {tmp_path / 'shots_grade'}",
        "3 frames to do",
    ]
    assert not (tmp_path / "shots_grade").exists()


def test_json_lines_for_farms(daynight: Daynight, make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", (1, 3))
    options = ("--to", "grade", "--out", tmp_path / "out", "--progress", "json")
    result = daynight("convert", folder, *options)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[0] == {"event": "started", "frames": 2, "device": None}
    assert (events[1]["event"], events[1]["shot"], events[1]["frames"]) == ("missing", "sh.####.png", "2")
    assert "set --on-missing to skip" in events[1]["fault"]
    assert [(event["number"], event["fault"]) for event in events[2:-1]] == [(1, None), (3, None)]
    assert events[2]["target"] == str(tmp_path / "out/sh.0001.png")
    assert set(events[2]["seconds"]) == {"read", "compute", "write"}
    assert (events[-1]["event"], events[-1]["done"], events[-1]["missing"]) == ("finished", 2, 1)


def test_the_bar_shows_shot_frame_and_count(daynight: Daynight, make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh")
    result = daynight(
        "convert", folder, "--to", "passthrough", "--out", tmp_path / "out", "--progress", "bar"
    )
    assert result.exit_code == 0
    assert "sh.####.png 1003" in result.stderr
    assert "3/3" in result.stderr


def test_debug_shows_the_traceback(daynight_process: Process, make_shot: MakeShot, tmp_path: Path) -> None:
    folder = make_shot("sh", (1, 2))
    (folder / "sh.0002.png").write_text("oops")
    options = ("--to", "passthrough", "--out", tmp_path / "out")
    assert "Traceback" not in daynight_process("convert", folder, *options).stderr
    assert "Traceback" in daynight_process("convert", folder, *options, "--debug").stderr
    absent = daynight_process("convert", tmp_path / "absent", *options, "--debug")
    assert absent.returncode == 2
    assert "Traceback" in absent.stderr


def test_strict_plugins(daynight: Daynight, make_shot: MakeShot, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/bad.py").write_text("raise RuntimeError('no licence')")
    monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(tmp_path / "plugins"))
    monkeypatch.setenv("DAYNIGHT_PLUGINS", "bad")
    folder = make_shot("sh")
    lax = daynight("convert", folder, "--to", "passthrough", "--out", tmp_path / "a")
    assert lax.exit_code == 0
    assert lax.stderr.startswith("warning: plugin bad: is broken (RuntimeError: no licence)")
    strict = daynight("convert", folder, "--to", "passthrough", "--out", tmp_path / "b", "--strict-plugins")
    assert strict.exit_code == 2
    assert strict.stderr.startswith("error: plugin bad: is broken (RuntimeError: no licence)")


@pytest.fixture
def _heeded_interrupts() -> Iterator[None]:
    """A shell's background job ignores SIGINT, and so would its children: heed it while they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeded_interrupts")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_whole_frames_only(
    make_shot: MakeShot, tmp_path: Path, sign: signal.Signals
) -> None:
    folder = make_shot("sh", tuple(range(1, 400)))
    out = tmp_path / "out"
    command = [
        Path(sys.executable).with_name("daynight"),
        "convert",
        folder,
        "--to",
        "night",
        "--device",
        "cpu",
    ]
    with subprocess.Popen(
        [*map(str, command), "--out", str(out), "--progress", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for _ in range(6):  # started, and a few frames
            process.stdout.readline()
        process.send_signal(sign)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.startswith("interrupted: ")
    names = sorted(path.name for path in out.iterdir() if path.suffix != ".json")
    assert 4 < len(names) < 399
    assert not [name for name in names if name.startswith(".")]
    assert {read_image(out / name).shape for name in names} == {(48, 64, 3)}


def test_an_empty_source_is_refused(daynight: Daynight) -> None:
    result = daynight("convert", "", "--to", "passthrough")
    assert result.exit_code == 2
    assert "the path is empty" in result.stderr


def test_names_that_look_like_markup_come_through_the_bar(daynight: Daynight, tmp_path: Path) -> None:
    write_image(tmp_path / "in/sh[red].png", as_uint8(picture()))
    write_image(tmp_path / "in/a[b].png", as_uint8(picture()))
    result = daynight("convert", tmp_path / "in", "--to", "passthrough", "--progress", "bar")
    assert result.exit_code == 0
    assert "sh[red].png" in result.stderr


def test_a_folder_that_cannot_be_read_is_listed_and_the_others_are_done(
    make_shot: MakeShot, tmp_path: Path, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    make_shot("shots/sh")
    locked = make_shot("shots/locked")
    locked.chmod(0)
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    with as_nobody():
        summary = convert(tmp_path / "shots", "passthrough", out=out)
    locked.chmod(0o755)
    assert summary.done == 3
    assert [fault.subject for fault in summary.unread] == [str(locked)]
