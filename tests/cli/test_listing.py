"""The commands that list and show: looks, plugins, models, networks, doctor."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from onnx_models import affine
from pictures import EXAMPLES

import daynight as package

Daynight = Callable[..., Result]


def test_looks(daynight: Daynight) -> None:
    lines = daynight("looks").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        *("blue-hour", "day", "day-for-night", "grade"),
        *("moonlight", "night", "night-p0", "passthrough"),
    ]
    assert all(len(line.split(maxsplit=1)[1]) > 10 for line in lines)


def test_plugins_list_and_show(daynight: Daynight) -> None:
    assert (
        "grade        Grade by hand: exposure, saturation, tint.  [daynight "
        in daynight("plugins", "list").stdout
    )
    shown = daynight("plugins", "show", "color_match").stdout
    assert "color_match.strength  0 changes nothing, 1 matches fully  (default 1.0)" in shown
    wrong = daynight("plugins", "show", "colour_match")
    assert wrong.exit_code == 2
    assert "did you mean 'color_match'?" in wrong.stderr


def test_models(daynight: Daynight) -> None:
    assert "day       relights a night plate as day  [day.onnx]" in daynight("models").stdout


def test_show_takes_a_registered_name(daynight: Daynight) -> None:
    shown = daynight("show", "night").stdout
    assert "direction: day-to-night" in shown
    assert "kind: lights" in shown
    for heading in ("## Data", "## Licence", "## Training", "## Figures", "## Limits"):
        assert heading in shown


def test_show_takes_a_file(daynight: Daynight, tmp_path: Path) -> None:
    path = affine(tmp_path / "a.onnx", shape=(1, 3, 16, 32), facts={"name": "mine", "card": "# Mine"})
    shown = daynight("show", path).stdout
    assert "input: x, 1 × 3 × 16 × 32, float\n" in shown
    assert f"sha256: {hashlib.sha256(path.read_bytes()).hexdigest()}\n" in shown
    assert "name: mine\n" in shown
    assert shown.endswith("\n# Mine\n")


def test_show_says_in_one_line_that_there_is_no_such_model(daynight: Daynight) -> None:
    result = daynight("show", "nihgt")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "error: nihgt: can't be read (No such file or directory); give a file, or a "
    )
    assert result.stderr.count("\n") == 1


def test_doctor(daynight: Daynight) -> None:
    result = daynight("doctor")
    assert result.exit_code == 0
    assert f"daynight {package.__version__}, Python 3." in result.stdout
    for line in ("OpenImageIO ", "onnxruntime ", "providers built in: ", "cuda: "):
        assert line in result.stdout
    assert "problem" not in result.stdout


def test_a_broken_onnxruntime_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime/__init__.py").touch()  # what is left where one of two wheels was uninstalled

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "daynight", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    told = run("doctor")
    assert told.returncode == 0, told.stderr
    assert "onnxruntime\n  problem: can't be loaded (cannot import name 'InferenceSession'" in told.stdout
    assert "fix: uninstall every onnxruntime wheel" in told.stdout
    refused = run("convert", EXAMPLES / "shots", "--to", "night", "--out", tmp_path / "out")
    assert refused.returncode == 2
    assert "error: onnxruntime: can't be loaded" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_networks_are_listed_and_their_sizes_shown(daynight: Daynight) -> None:
    listed = daynight("networks", "list").stdout
    assert [line.split()[0] for line in listed.splitlines()] == [
        *("p0", "cyclegan", "attention", "relight"),
        *("scene", "lights"),
    ]
    wrong = daynight("networks", "show", "cyclgan")
    assert wrong.exit_code == 2
    assert "network 'cyclgan': is unknown; did you mean 'cyclegan'?" in wrong.stderr
    pytest.importorskip("torch")
    shown = daynight("networks", "show", "p0").stdout
    assert "1,813,987 parameters" in shown
    assert "167,649 parameters" in shown
    assert "radius 103 px; exact in tiles" in shown
