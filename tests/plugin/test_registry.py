"""Plugins: found by entry point and by folder, loaded or left out, and never half."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daynight.errors import PluginError
from daynight.plugin.loading import ALLOW_VARIABLE, PATH_VARIABLE
from daynight.plugin.registry import Registry

STEP = '''
"""Turns the picture upside down."""
from daynight import Frame, hookimpl
from daynight.plugin.step import Step

class Flip(Step):
    """Turn the picture upside down."""
    name = "{name}"
    def apply(self, frame: Frame) -> Frame:
        return frame.with_image(frame.image[::-1])

@hookimpl
def daynight_steps():
    return [Flip]
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plugin files, on the path and allowed."""
    path = tmp_path / "plugins"
    path.mkdir()
    monkeypatch.setenv(PATH_VARIABLE, str(path))
    monkeypatch.delenv(ALLOW_VARIABLE)
    return path


def loaded(*, strict: bool = False) -> tuple[Registry, list[str]]:
    told: list[str] = []
    return Registry.load(warn=told.append, strict=strict), told


def test_first_party_plugins_come_by_entry_points() -> None:
    registry, told = loaded()
    assert not told
    assert set(registry.steps) == {
        *("crop", "tile", "stylize", "reassemble", "color_match", "grade"),
        *("scene", "lights", "steady", "mask", "night"),
    }
    assert all(
        each.plugin.first_party and each.plugin.origin.startswith("daynight ") for each in registry.plugins
    )
    assert all(each.summary for each in registry.plugins), "each says in a line what it is"


def test_a_file_in_a_folder_is_a_plugin(folder: Path) -> None:
    (folder / "flip.py").write_text(STEP.format(name="flip"))
    (folder / "_private.py").write_text("raise RuntimeError")
    registry, told = loaded()
    assert not told
    assert "flip" in registry.steps
    (plugin,) = [each for each in registry.plugins if not each.plugin.first_party]
    assert plugin.plugin.origin == str(folder / "flip.py")
    assert plugin.summary == "Turns the picture upside down."


@pytest.mark.parametrize(
    ("allowed", "there"), [("", False), ("other", False), ("other,flip", True), ("flip", True)]
)
def test_the_allow_list(folder: Path, monkeypatch: pytest.MonkeyPatch, allowed: str, there: bool) -> None:
    (folder / "flip.py").write_text(STEP.format(name="flip"))
    monkeypatch.setenv(ALLOW_VARIABLE, allowed)
    registry, told = loaded()
    assert ("flip" in registry.steps) == there
    assert "grade" in registry.steps
    assert [line for line in told if "there is no plugin 'other'" in line] == told


BROKEN = {
    "raises": ("raise RuntimeError('no\\nlicence')", "RuntimeError: no licence"),
    "no Python": ("def", "SyntaxError"),
    "unknown hook": (
        "from daynight import hookimpl\n@hookimpl\ndef daynight_stepz(): return []",
        "unknown hook 'daynight_stepz'",
    ),
    "not a step": (
        "from daynight import hookimpl\n@hookimpl\ndef daynight_steps(): return [int]",
        "plugin bad: step <class 'int'> is not a step",
    ),
    "not a look": (
        "from daynight import hookimpl\n@hookimpl\ndef daynight_looks(): return ['x']",
        "plugin bad: look 'x' is not a look",
    ),
    "name taken": (STEP.format(name="grade"), "plugin bad: step 'grade' is registered twice"),
    "hook raises": (
        "from daynight import hookimpl\n@hookimpl\ndef daynight_models(): raise KeyError('x')",
        "KeyError",
    ),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_named_and_left_out_whole(folder: Path, text: str, message: str) -> None:
    (folder / "bad.py").write_text(text)
    (folder / "flip.py").write_text(STEP.format(name="flip"))
    before = {"grade"}
    registry, told = loaded()
    assert len(told) == 1
    assert message in told[0]
    assert "left out" in told[0]
    assert "\n" not in told[0]
    assert before <= set(registry.steps)
    assert "flip" in registry.steps, "the others are loaded"
    with pytest.raises(PluginError, match=r"^plugin bad: "):
        loaded(strict=True)


def test_an_error_leaves_the_registry_unchanged(folder: Path) -> None:
    text = STEP.format(name="flip") + "\n@hookimpl\ndef daynight_looks(): return [3]\n"
    (folder / "half.py").write_text(text)
    registry, told = loaded()
    assert told
    assert "flip" not in registry.steps
    assert "half" not in [each.plugin.name for each in registry.plugins]


def test_a_name_taken_twice_is_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "more"
    other.mkdir()
    for place in (folder, other):
        (place / "flip.py").write_text(STEP.format(name="flip"))
    monkeypatch.setenv(PATH_VARIABLE, os.pathsep.join([str(folder), str(other)]))
    _, told = loaded()
    assert told == [
        f"plugin flip: {other / 'flip.py'} has the name of one from {folder / 'flip.py'}; "
        "rename one of them; it is left out"
    ]


def test_folders_that_are_not_there_or_relative_are_told_and_never_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.py").write_text(STEP.format(name="here"))
    monkeypatch.delenv(ALLOW_VARIABLE)
    monkeypatch.setenv(PATH_VARIABLE, os.pathsep.join([".", "", str(tmp_path / "absent")]))
    registry, told = loaded()
    assert "here" not in registry.steps
    assert "is relative, and the current directory is never searched" in told[0]
    assert "absent: is not a folder" in told[1]
    assert len(told) == 2


LOOK = 'summary = "darker"\n[[step]]\nuse = "grade"\nexposure = -1\n'


def test_a_look_file_in_a_folder_is_a_look(folder: Path) -> None:
    (folder / "dim.toml").write_text(LOOK)
    (folder / "_draft.toml").write_text("nonsense")
    registry, told = loaded()
    assert not told
    look = registry.looks["dim"]
    assert (look.summary, [step.name for step in look.steps]) == ("darker", ["grade"])
    assert look.origin == str(folder / "dim.toml")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("dim.toml", "sumary = 'x'", "dim.toml: unknown key 'sumary'; did you mean 'summary'?"),
        ("dim.toml", "[[step]\n", "dim.toml: is not TOML"),
        ("night.toml", LOOK, "night.toml: look 'night' is registered twice; rename one of them"),
    ],
    ids=["misspelled", "not TOML", "a name that is taken"],
)
def test_a_broken_look_file_is_named_and_left_out(folder: Path, name: str, text: str, message: str) -> None:
    (folder / name).write_text(text)
    (folder / "good.toml").write_text(LOOK)
    registry, (line,) = loaded()
    assert message in line
    assert line.endswith("; it is left out")
    assert "Error" not in line, "its own fault, not that of a plugin's code"
    assert "good" in registry.looks
    assert registry.looks["night"].model == "night"
    with pytest.raises(PluginError, match=str(folder / name)):
        loaded(strict=True)


@pytest.mark.parametrize(("allowed", "there"), [("", False), ("other", False), ("dim", True)])
def test_the_allow_list_holds_for_look_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, allowed: str, there: bool
) -> None:
    (folder / "dim.toml").write_text(LOOK)
    (folder / "other.toml").write_text(LOOK)
    monkeypatch.setenv(ALLOW_VARIABLE, allowed)
    assert ("dim" in loaded()[0].looks) is there
