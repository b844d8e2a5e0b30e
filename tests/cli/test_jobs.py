"""Job files and a studio's defaults on the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from pictures import read_image

Daynight = Callable[..., Result]
MakeShot = Callable[..., Path]


def test_a_job_file_gives_what_its_options_give(
    daynight: Daynight, make_shot: MakeShot, tmp_path: Path
) -> None:
    folder, file = make_shot("sh"), tmp_path / "shot.toml"
    options = (
        "--to",
        "grade",
        "--set",
        "grade.exposure=-1",
        "--strength",
        "0.5",
        "--frames",
        "1001-1002",
    )
    first = daynight("convert", folder, *options, "--out", tmp_path / "a", "--save-job", file)
    assert first.exit_code == 0, first.stderr
    assert tomllib.loads(file.read_text()) == {
        "look": {"to": "grade", "settings": {"grade.exposure": -1}, "strength": 0.5},
        "plates": {"sources": ["sh"], "frames": "1001-1002"},
        "results": {"out": "a"},
    }
    again = daynight("convert", "--job", file, "--out", tmp_path / "b")
    assert again.exit_code == 0, again.stderr
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["sh.1001.png", "sh.1002.png"]
    for name in names:
        np.testing.assert_array_equal(read_image(tmp_path / "a" / name), read_image(tmp_path / "b" / name))


def test_the_command_line_beats_the_job_file_and_that_the_studio(
    daynight: Daynight, make_shot: MakeShot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, saved = make_shot("sh"), tmp_path / "saved.toml"
    studio, shot = tmp_path / "studio.toml", tmp_path / "shot.toml"
    studio.write_text('[look]\nto = "passthrough"\n[results]\next = "tif"\ndepth = "16"\n[run]\njobs = 1\n')
    shot.write_text('[results]\next = "exr"\ndepth = "half"\n')
    monkeypatch.setenv("DAYNIGHT_CONFIG", str(studio))
    result = daynight("convert", folder, "--job", shot, "--depth", "float", "--dry-run", "--save-job", saved)
    assert result.exit_code == 0, result.stderr
    values = tomllib.loads(saved.read_text())
    assert values["look"] == {"to": "passthrough"}
    assert values["results"] == {"ext": "exr", "depth": "float"}
    assert values["run"] == {"jobs": 1}
    other = tmp_path / "other.toml"
    other.write_text('[look]\nto = "grade"\n')
    result = daynight("convert", folder, "--config", other, "--dry-run")
    assert result.stdout.startswith("chain: grade\n"), "--config takes the place of $DAYNIGHT_CONFIG"


def test_the_working_directory_is_not_searched(
    daynight: Daynight, make_shot: MakeShot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_shot("sh")
    for name in ("daynight.toml", "config.toml", ".daynight.toml"):
        (tmp_path / name).write_text('[look]\nto = "passthrough"\n')
    monkeypatch.chdir(tmp_path)
    assert "Give one of" in daynight("convert", folder).stderr


WRONG = {
    "no such file": (("--job", "absent.toml"), "absent.toml: can't be read"),
    "not a job": (("--job", "FILE"), "unknown table [nonsense]"),
    "not a name": (("--save-job", "job.json"), "--save-job job.json: is not the name of a job file"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_job_file_is_one_line(
    daynight: Daynight, make_shot: MakeShot, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    (tmp_path / "shot.toml").write_text("[nonsense]\n")
    asked = [str(tmp_path / "shot.toml") if each == "FILE" else each for each in options]
    result = daynight("convert", make_shot("sh"), "--to", "passthrough", *asked)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


def test_help_has_a_section_for_each_group(daynight: Daynight) -> None:
    text = daynight("convert", "--help").stdout
    positions = [
        text.index(f"\n{title}:\n") for title in ("Look", "Plates", "Results", "Run", "This command")
    ]
    assert positions == sorted(positions)
    assert (
        positions[0] < text.index("  --strength ") < positions[1] < text.index("  --frames ") < positions[2]
    )
