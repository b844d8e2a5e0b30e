"""``daynight dataset``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from pictures import read_image, write_image

from daynight.cli import dataset as module

Daynight = Callable[..., Result]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for name, value in (("a_0001", 255), ("a_0002", 128), ("b_0001", 51)):
        write_image(folder / f"{name}.png", np.full((8, 12, 3), value, np.uint8))
    return folder


@pytest.fixture
def broken(photos: Path) -> Path:
    path = photos / "broken.png"
    path.write_bytes(b"no image")
    return path


def test_split(daynight: Daynight, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = daynight("dataset", "split", photos, out)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"3 photographs, the brightest 1.000: 1 day, 1 night, 1 undecided → {out}\n"
    assert not result.stderr
    assert (out / "day/a_0001.png").samefile(photos / "a_0001.png")


def test_split_with_thresholds_and_labels(daynight: Daynight, photos: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label\na_0001.png,day\na_0002.png,night\nb_0001.png,night\n")
    result = daynight(
        "dataset", "split", photos, tmp_path / "out", "--day", 0.5, "--night", 0.3, "--labels", labels
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        "labelled: 3",
        "undecided: 0.0%",
        "right: 66.7% of the 3 decided",
        "label  day  night  undecided",
        "day      1      0          0",
        "night    1      1          0",
    ]


def test_a_score_where_nothing_is_decided_or_all_labelled(
    daynight: Daynight, photos: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label\na_0002.png,night\nabsent.png,day\n")
    result = daynight("dataset", "split", photos, tmp_path / "out", "--labels", labels)
    assert result.stdout.splitlines()[1:4] == [
        "labelled: 1; 2 without a label are left out; 1 labels without a readable photograph",
        "undecided: 100.0%",
        "right: none of the 0 decided",
    ]


def test_labels_of_photographs_that_cannot_be_read(
    daynight: Daynight, broken: Path, photos: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label\nbroken.png,day\n")
    result = daynight("dataset", "split", photos, tmp_path / "out", "--labels", labels)
    assert result.exit_code == 1
    assert "labelled: 0; 3 without a label" in result.stdout
    labels.write_text("path,label\n" + "a" * 200_000 + ",day\n")
    refused = daynight("dataset", "split", photos, tmp_path / "other", "--labels", labels)
    assert refused.exit_code == 2
    assert f"error: --labels {labels}: is not CSV (field larger than" in refused.stderr


@pytest.mark.parametrize(
    "arguments", [["split", "photos", "out"], ["stats", "photos"], ["crop", "photos", "out", "--size", "4"]]
)
def test_a_broken_file_is_named_and_the_exit_code_is_1(
    daynight: Daynight, broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = daynight("dataset", *arguments)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {broken}: is not a readable .png image")
    assert result.stdout


REFUSED = {
    "thresholds": (
        ["split", "photos", "out", "--night", "0.7"],
        "--night 0.7 --day 0.6: don't fit; set 0 <= night <= day <= 1",
    ),
    "absent": (["split", "absent", "out"], "absent: is not there; give a folder of photographs"),
    "into itself": (["split", "photos", "photos/out"], "photos/out: and photos lie in one another"),
    "the same crop": (["crop", "photos", "out", "--count", "2"], "--count 2: asks for the same crop again"),
    "a format": (["crop", "photos", "out", "--ext", "exr"], "depth=8: exr does not hold it"),
    "stats of nothing": (["stats", "photos", "absent"], "absent: is not there"),
}


@pytest.mark.parametrize(("arguments", "fault"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_one_line(
    daynight: Daynight,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    fault: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = daynight("dataset", *arguments)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {fault}")
    assert not result.stdout
    assert not (tmp_path / "out").exists()


def test_stats_as_a_table(daynight: Daynight, photos: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_image(other / "plain.exr", np.ones((20, 10, 3), np.float32))
    result = daynight("dataset", "stats", photos, other)
    assert result.exit_code == 0, result.output
    rows = [line.split("  ") for line in result.stdout.splitlines()]
    table = {row[0]: [cell.strip() for cell in row[1:] if cell.strip()] for row in rows}
    assert table[""] == [str(photos), str(other)]
    assert table["images"] == ["3", "1"]
    assert table["unreadable"] == ["0", "0"]
    assert table["width min/median/max"] == ["12 / 12 / 12", "10 / 10 / 10"]
    assert table["height min/median/max"] == ["8 / 8 / 8", "20 / 20 / 20"]
    assert table["format png uint8"] == ["3", "0"]
    assert table["format openexr float"] == ["0", "1"]
    assert table["brightness median"] == ["0.502", "1.000"]
    assert table["near-duplicates (8x8 mean hash)"] == ["2", "0"]
    assert table["source a"] == ["2", "0"]
    assert table["source (no prefix)"] == ["0", "1"]
    assert len({len(line) for line in result.stdout.splitlines()}) == 1


def test_stats_name_the_largest_sources_and_count_the_others(daynight: Daynight, tmp_path: Path) -> None:
    for number in range(14):
        write_image(tmp_path / f"photos/s{number:02d}_0001.png", np.zeros((4, 4, 3), np.uint8))
    write_image(tmp_path / "photos/s13_0002.png", np.zeros((4, 4, 3), np.uint8))
    lines = daynight("dataset", "stats", tmp_path / "photos").stdout.splitlines()
    assert lines[-1].split() == ["2", "other", "sources", "2"]
    assert lines[-13].split() == ["source", "s13", "2"]


def test_stats_as_json(daynight: Daynight, photos: Path, broken: Path) -> None:
    result = daynight("dataset", "stats", photos, "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)["folders"]
    assert found["folder"] == str(photos)
    assert found["images"] == 3
    assert found["width"] == {"min": 12, "median": 12, "max": 12}
    assert found["formats"] == {"png uint8": 3}
    assert found["brightness"]["max"] == 1.0
    assert found["near_duplicates"] == 2
    assert found["sources"] == {"a": 2, "b": 1}
    (fault,) = found["unreadable"]
    assert str(broken) in fault


def test_stats_of_a_folder_with_nothing_readable(daynight: Daynight, broken: Path, photos: Path) -> None:
    for path in photos.glob("?_*.png"):
        path.unlink()
    result = daynight("dataset", "stats", photos)
    assert result.exit_code == 1
    assert "width min/median/max" in result.stdout
    assert json.loads(daynight("dataset", "stats", photos, "--json").stdout)["folders"][0]["width"] == {}


def test_crop(daynight: Daynight, photos: Path, tmp_path: Path) -> None:
    write_image(photos / "small.png", np.zeros((3, 12, 3), np.uint8))
    out = tmp_path / "out"
    result = daynight("dataset", "crop", photos, out, "--size", 4, "--aspect", "3:2", "--ext", "jpg")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"3 crops, 1 too small → {out}\n"
    assert result.stderr.startswith("warning: small.png: 12x3 pixels would have to be enlarged")
    assert read_image(out / "a_0001.jpg").shape == (4, 6, 3)


@pytest.mark.parametrize("aspect", ["1", "1:0", "a:b", "1:2:3", "nan:1", "-1:1", ""])
def test_an_aspect_that_is_none(daynight: Daynight, photos: Path, tmp_path: Path, aspect: str) -> None:
    result = daynight("dataset", "crop", photos, tmp_path / "out", "--aspect", aspect)
    assert result.exit_code == 2
    assert "is not an aspect" in result.stderr


def test_progress_now_and_then(
    daynight: Daynight, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_EVERY", 1)
    assert daynight("dataset", "split", photos, tmp_path / "out").stderr == "1 of 3 files\n2 of 3 files\n"
