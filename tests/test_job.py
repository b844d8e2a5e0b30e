"""What is asked for, as one value: checked, layered, written and read, and typed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

import daynight
from daynight import Job
from daynight.errors import UsageError
from daynight.job import GROUPS, OPTIONS
from daynight.job_file import layered, read_options, to_toml

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "out of range": ({"strength": 2}, "`strength=2`: must be 1 or less; "),
    "not a number": ({"strength": float("nan")}, "`strength=nan`: must be "),
    "too few cores": ({"jobs": 0}, "`jobs=0`: must be 1 or more; "),
    "not a choice": ({"nonfinite": "drop"}, "`nonfinite=drop`: must be 'keep', 'zero' or 'error'; "),
    "of another type": ({"max_pixels": "many"}, "`max_pixels=many`: must be a valid integer"),
    "an unset variable": ({"colorspace": ""}, "`colorspace=`: is empty; is a variable not set?"),
    "misspelled": ({"strenght": 1}, "option 'strenght': is unknown; did you mean 'strength'?"),
    "a setting of no form": (
        {"settings": ["exposure=1"]},
        "`settings`: 'exposure' is not an option of a step; write step.option",
    ),
    "a setting without a value": (
        {"settings": "grade.exposure"},
        "`settings`: 'grade.exposure' is not a setting; write step.option=value",
    ),
    "a setting of no step": (
        {"settings": {"exposure": 1}},
        "`settings`: 'exposure' is not an option of a step; write step.option",
    ),
    "settings that are a number": (
        {"settings": 5},
        "`settings`: 5 is not a setting; write step.option=value",
    ),
    "two looks": ({"chain": "a.toml"}, "job: has both `to` and `chain`; give one of them"),
}


@pytest.mark.parametrize(("values", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_refused_in_one_line_that_names_its_field(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as error:
        Job("shots", "night", **values)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5,), "`sources=5`: must be a valid string"),
        ((["a", ""],), "`sources=['a', '']`: is empty; is a variable not set?"),
        (("a", 5), "`to=5`: must be a valid string"),
        ((), "`sources`: is missing; give at least one"),
    ],
)
def test_an_argument_without_keyword_is_refused_by_its_field(
    arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(UsageError) as error:
        Job(*arguments)
    assert str(error.value).startswith(message)


def test_a_conversion_of_nothing_is_refused() -> None:
    """A pattern of a script that matched nothing would else end as a success of 0 frames."""
    with pytest.raises(UsageError, match="`sources`: names nothing; give at least one"):
        daynight.convert([], "grade")


def test_every_option_says_its_group_and_what_it_does_in_one_line() -> None:
    fields = [field.name for field in dataclasses.fields(Job)]
    assert list(OPTIONS) == fields
    for name, option in OPTIONS.items():
        assert option.group in GROUPS, name
        assert option.help.endswith("."), name
        assert len(option.help) < 100, name


def test_a_job_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Job("shots", "night").strength = 0.5  # type: ignore[misc]


def test_settings_are_read_as_toml_and_as_text_where_they_are_not() -> None:
    job = Job(
        "shots", "night", settings=["grade.tint=[1, 2, 3]", "grade.exposure=-2", "match.reference=a.png"]
    )
    assert job.settings == {"grade.tint": [1, 2, 3], "grade.exposure": -2, "match.reference": "a.png"}
    assert Job("shots", "night", settings="grade.exposure=-2").settings == {"grade.exposure": -2}


@pytest.mark.parametrize("key", ["grade.exposure", '"grade.exposure"'])
def test_a_job_file_may_write_settings_as_tables(tmp_path: Path, key: str) -> None:
    path = tmp_path / "shot.toml"
    path.write_text(f"[look.settings]\n{key} = -2\n")
    assert layered(read_options(path)).settings == {"grade.exposure": -2}


def test_a_job_file_reads_back_what_was_written(tmp_path: Path) -> None:
    job = Job(
        [tmp_path / "shots/a", "/elsewhere/b.%04d.exr"],
        "night",
        strength=0.5,
        settings={"stylize.strength": 0.25},
        mask="diffuse.R",
        model="models/mine.onnx",
        out=tmp_path / "out",
        depth="half",
        frames="1-9x2",
        on_missing="hold",
    )
    path = tmp_path / "shot.toml"
    path.write_text(to_toml(job, tmp_path))
    assert '"shots/a"' in path.read_text(), "below the file's folder: relative, so that the folder can move"
    again = layered(read_options(path))
    expected = dataclasses.replace(
        job,
        sources=[str(tmp_path / "shots/a"), "/elsewhere/b.%04d.exr"],
        model=str(Path("models/mine.onnx").absolute()),
        out=str(tmp_path / "out"),
    )
    assert again.changed() == expected.changed()


def test_a_later_layer_takes_precedence_and_settings_are_merged() -> None:
    studio = {"to": "night", "strength": 0.8, "settings": {"grade.exposure": -1, "grade.saturation": 0.5}}
    shot = {"sources": "a", "settings": {"grade.exposure": -2}}
    job = layered(studio, shot, {"strength": 0.3, "settings": ("grade.tint=[1, 1, 2]",)})
    assert (job.to, job.strength, job.paths) == ("night", 0.3, (Path("a"),))
    assert job.settings == {"grade.exposure": -2, "grade.saturation": 0.5, "grade.tint": [1, 1, 2]}
    assert layered(studio, {"chain": "dusk.toml"}).to is None, "a chain takes the place of a studio's look"


FILES = {
    "not there": (None, "can't be read"),
    "not TOML": ("look = [", "is not TOML"),
    "unknown table": ("[lok]\nto = 'night'", "unknown table [lok]; did you mean 'look'?"),
    "unknown option": ("[look]\ntoo = 'night'", "unknown option 'too' in [look]; did you mean 'to'?"),
    "not a table": ("look = 5", "look is not a table; write [look]"),
    "a value out of range": ("[look]\nstrength = 2", "strength=2 must be 1 or less; see docs/jobs.md"),
    "a source that is not a path": ("[plates]\nsources = 5", "sources=5 must be a valid string"),
    "settings that are not": ("[look]\nsettings = 5", "settings 5 is not a setting; write step.option=value"),
    "two looks": ("[look]\nto = 'a'\nchain = 'b'", "job has both `to` and `chain`; give one of them"),
    "option of another table": ("[look]\nframes = '1'", "unknown option 'frames' in [look]"),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_a_job_file_that_is_wrong_is_refused_by_name(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "shot.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=r"shot\.toml: ") as error:
        read_options(path)
    assert message in str(error.value)


def test_the_digest_is_of_what_decides_the_pixels() -> None:
    job = Job("shots", "night", strength=0.5)
    for same in (
        {"frames": "1-9"},
        {"out": "x"},
        {"jobs": 2},
        {"device": "cpu"},
        {"overwrite": True},
        {"sources": "b"},
    ):
        assert dataclasses.replace(job, **same).digest == job.digest, same
    for other in (
        {"strength": 0.4},
        {"to": "day"},
        {"depth": "half"},
        {"settings": {"a.b": 1}},
        {"nonfinite": "zero"},
    ):
        assert dataclasses.replace(job, **other).digest != job.digest, other
    assert Job("a", "night", settings={"a.b": 1}).digest == Job("b", "night", settings=["a.b=1"]).digest


TYPED = """
from daynight import convert
convert("shots", "night", strength=0.5, depth="half", settings={"grade.exposure": -1})
convert("shots", "night", strenght=0.5)
convert("shots", "night", depth="14")
convert("shots", "night", strength="half")
"""


def test_a_type_checker_sees_a_wrong_keyword(tmp_path: Path) -> None:
    api = pytest.importorskip("mypy.api", reason="mypy is not installed (extra lint)")
    (tmp_path / "script.py").write_text(TYPED)
    out, _, _ = api.run(["--strict", "--no-incremental", str(tmp_path / "script.py")])
    lines = [line.partition("script.py:")[2] for line in out.splitlines() if "script.py:" in line]
    assert [line.partition(":")[0] for line in lines if "error" in line] == ["4", "5", "6"]
    assert "strenght" in lines[0]
