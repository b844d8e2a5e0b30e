"""A stranger's plugin: built as a wheel, installed in an environment of its own, and used by every hook.

Each ``test_hook_NAME`` shows one hook at work; ``tests/test_docs.py`` holds that every hook has one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pictures import as_uint8, picture, read_image, write_image

SOURCE = Path(__file__).parent / "third_party"

PRESET = """
[run]
steps = 2
[data]
size = 16
framing = "square"
[method]
name = "cycle-gan"
network = "flat"
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that holds the plugin's wheel, and sees this one's packages."""
    base = tmp_path_factory.mktemp("third-party")
    source = base / "source"
    subprocess.run(["cp", "-r", str(SOURCE), str(source)], check=True)
    wheel = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(base),
        str(source),
    ]
    subprocess.run(wheel, check=True, capture_output=True, text=True)
    venv.create(base / "venv", with_pip=False)
    python = base / "venv/bin/python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(
        subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    )
    (built,) = base.glob("daynight_posterize-1.2.3-*.whl")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
        str(built),
    ]
    subprocess.run(install, check=True, capture_output=True, text=True)
    # What daynight needs, and daynight itself: site.addsitedir also runs an editable install's own file.
    (site / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    return python


@pytest.fixture
def run(environment: Path, tmp_path: Path) -> Run:
    """Run daynight in that environment, with all plugins allowed."""

    def daynight(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("DAYNIGHT_")}
        return subprocess.run(
            [
                str(environment),
                "-c",
                "from daynight.cli import main; main(prog_name='daynight')",
                *map(str, arguments),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**kept, **variables},
            check=False,
        )

    return daynight


def test_its_origin_is_shown(run: Run) -> None:
    summary = "Posterize the frame: a stranger's plugin that uses every hook."
    assert f"posterize    {summary}  [daynight-posterize 1.2.3]" in run("plugins", "list").stdout


def test_the_allow_list_keeps_it_out(run: Run) -> None:
    assert "poster" not in run("looks", DAYNIGHT_PLUGINS="").stdout
    assert "poster" in run("looks", DAYNIGHT_PLUGINS="posterize").stdout


def test_hook_daynight_steps(run: Run) -> None:
    shown = run("plugins", "show", "posterize").stdout
    assert "posterize: Leave a few levels of each channel." in shown
    assert "posterize.levels  levels of each channel  (default 4)" in shown


def test_hook_daynight_looks(run: Run, tmp_path: Path) -> None:
    write_image(tmp_path / "in/a.0001.png", as_uint8(picture()))
    result = run("convert", "in", "--to", "poster", "--set", "posterize.levels=3")
    assert result.returncode == 0, result.stderr
    assert set(np.unique(read_image(tmp_path / "in_poster/a.0001.png"))) == {0, 127, 128, 255}


def test_hook_daynight_models(run: Run) -> None:
    assert re.search(r"^poster +no model at all  \[poster\.onnx\]$", run("models").stdout, re.MULTILINE)


def test_hook_daynight_networks(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    assert "flat         one layer\n" in run("networks", "list").stdout
    shown = run("networks", "show", "flat").stdout
    assert "generator                      84 parameters" in shown
    assert "discriminator one              13 parameters" in shown
    write_image(tmp_path / "sides/a.png", as_uint8(picture()))
    settings = ["network=flat", "generator.width=5", "size=16", "framing=square", "steps=2"]
    options = [part for setting in settings for part in ("--set", setting)]
    trained = run("train", "sides", "sides", "--out", "run", "--preset", "p0", *options)
    assert "unexpected keyword argument 'score'" in trained.stderr  # the preset's, of other networks
    (tmp_path / "flat.toml").write_text(PRESET)
    trained = run("train", "sides", "sides", "--out", "run", "--preset", "flat.toml")
    assert trained.stdout.endswith("run: 2 steps done\n"), trained.stderr


def test_hook_daynight_exporters(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    write_image(tmp_path / "sides/a.png", as_uint8(picture()))
    (tmp_path / "flat.toml").write_text(PRESET)
    assert run("train", "sides", "sides", "--out", "run", "--preset", "flat.toml").returncode == 0
    result = run("export", "run", "--to", "text", "--direction", "night", "--out", "name.txt")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "name.txt").read_text() == "night: flat\n"


def test_hook_daynight_commands(run: Run) -> None:
    assert "levels" in run("--help").stdout
    assert run("levels", "3").stdout == "0 128 255\n"
