"""The command line as a whole: start-up, help, and errors in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from daynight.cli import COMMANDS, _own_command

Daynight = Callable[..., Result]

HEAVY = {"numpy", "pydantic", "cv2", "OpenImageIO", "onnxruntime", "rich", "fileseq", "torch"}
MADE_OF_FIELDS = {"convert": {"pydantic"}}
"""What a command needs to make its options from the fields of a value."""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    allowed = HEAVY - MADE_OF_FIELDS.get(arguments[0], set())
    code = (
        "import sys\n"
        "from daynight.cli import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        f"print('heavy:', sorted({allowed!r} & sys.modules.keys()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert result.stdout.rstrip().endswith("heavy: []")


def test_a_command_is_imported_only_when_called() -> None:
    code = (
        "import sys\n"
        "from daynight.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(sorted(name for name in sys.modules if name.startswith('daynight.cli.')))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.rstrip().endswith("['daynight.cli.flags']")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says_of_itself(name: str) -> None:
    assert COMMANDS[name] == _own_command(name).get_short_help_str(100)


def test_a_command_that_is_not_there(daynight: Daynight) -> None:
    result = daynight("convet")
    assert result.exit_code == 2
    assert "No such command 'convet'; did you mean 'convert'?" in result.stderr


def test_an_error_is_one_line_and_an_exit_code(daynight: Daynight) -> None:
    result = daynight("convert", "absent", "--to", "passthrough")
    assert result.exit_code == 2
    assert (
        result.stderr
        == "error: absent: is not there; give a folder, an image or a pattern like sh010.%04d.exr\n"
    )
    assert not result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(daynight: Daynight, shell: str) -> None:
    result = daynight("completion", shell)
    assert result.exit_code == 0
    assert f"_DAYNIGHT_COMPLETE={shell}_complete" in result.stdout


COMMAND = """
import click
from daynight import hookimpl
@click.command("{name}")
def hello():
    "Say hello."
@hookimpl
def daynight_commands():
    return [hello{more}]
"""


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("convert", "", "plugin bad: command 'convert' is registered twice"),
        ("hello", ", 3", "plugin bad: command 3 is not a click command"),
    ],
)
def test_a_plugins_command_that_does_not_fit_is_left_out_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, more: str, message: str
) -> None:
    (tmp_path / "bad.py").write_text(COMMAND.format(name=name, more=more))
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("DAYNIGHT_PLUGIN_PATH", str(tmp_path))
    monkeypatch.setenv("DAYNIGHT_PLUGINS", "bad,leaves,typo")
    code = "from daynight.cli import main; main(['--help'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert message in result.stderr
    assert "plugin leaves: is broken (SystemExit: 3)" in result.stderr
    assert "there is no plugin 'typo'" in result.stderr
    assert "hello" not in result.stdout
    assert result.stderr.count("warning: ") == 3
