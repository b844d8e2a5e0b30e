"""``daynight evaluate``, run for real on tiny pictures."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from onnx_models import convolutions
from pictures import as_uint8, part, picture, write_image, write_parts

torch = pytest.importorskip("torch")

from daynight.cli import main  # noqa: E402
from daynight.colour.encoding import LUMINANCE  # noqa: E402
from daynight.evaluation.classify import strong_error  # noqa: E402


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plates, photographs of night, a moving shot, and a classifier trained for a few steps."""
    from safetensors.torch import save_file

    from daynight.evaluation.classifier import train_classifier

    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("evaluate")
    for number in range(4):
        bright = picture(64, 96, seed=number) * np.float32(0.5) + np.float32(0.5)
        write_image(root / f"plates/<p>_{number:04d}.png", as_uint8(bright))
        write_image(root / f"real/n_{number:04d}.png", as_uint8(bright * np.float32(0.2)))
    wide = picture(64, 120)
    for number in range(3):
        frame = np.ascontiguousarray(wide[:, 2 * number : 2 * number + 96])
        write_image(root / f"shots/sh/f.{1001 + number}.png", as_uint8(frame))
    classifier = train_classifier(root / "plates", root / "real", steps=40, seed=1)
    save_file(classifier.state_dict(), root / "classifier.safetensors")
    return root


def evaluated(place: Path, out: Path, *more: object, to: str = "night") -> Result:
    arguments = [place / "plates", "--to", to, "--classifier", place / "classifier.safetensors", "--out", out]
    arguments += ["--device", "cpu", "--jobs", "1", *more]
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)], catch_exceptions=False)


def test_everything(place: Path, tmp_path: Path) -> None:
    result = evaluated(
        place, tmp_path, "--real", place / "real", "--sequences", place / "shots", "--back", "day"
    )
    assert result.exit_code == 0, result.output
    for words in (
        "reads as night",
        "of best baseline",
        "sh/f.####.png",
        "cycle error: 0.",
        "seam: not measured",
        "set --inception to measure them",
    ):
        assert words in result.stdout
    figures = json.loads((tmp_path / "report.json").read_text())
    rows = {row["name"]: row for row in figures["rows"]}
    assert list(rows) == ["the plates", "night", "histogram match", "grade", "real night"]
    assert [rows[name]["reads"] for name in ("the plates", "real night")] == [0, 1]
    assert rows["the plates"]["gradient_correlation"] is None
    assert rows["grade"]["gradient_correlation"] > 0.9
    assert rows["night"]["brightness"] < rows["the plates"]["brightness"]
    least = min(rows[name]["kid"] for name in ("the plates", "histogram match", "grade"))
    assert rows["night"]["kid_share"] is None or rows["night"]["kid_share"] == pytest.approx(
        rows["night"]["kid"] / least
    )
    assert rows["real night"]["kid"] is None
    assert rows["real night"]["kid_error"] > 0
    ratios = {row["name"]: row["ratio"] for row in figures["flicker"]}
    assert ratios["the plates"] == 1
    assert set(ratios) == set(rows) - {"real night"}
    assert len(figures["protocol"]["classifier_sha256"]) == 64
    assert figures["protocol"]["formats"] == [".png"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count('class="wipe"') == 4
    assert page.count("<polyline") == 5
    assert "<p>" not in re.sub(r"<p>no sequence", "", page), "names are escaped"
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_results_that_are_there_without_photographs_as_json(place: Path, tmp_path: Path) -> None:
    for number in range(3):
        write_image(tmp_path / f"done/<p>_{number:04d}.png", as_uint8(picture(64, 96, seed=number) / 8))
    result = evaluated(place, tmp_path / "out", "--converted", tmp_path / "done", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert [(row["name"], row["pictures"]) for row in figures["rows"]] == [
        ("the plates", 3),
        ("night", 3),
        ("grade", 3),
    ]
    assert "1 of 4 plates have no result and are left out" in figures["notes"]
    assert any("no real photographs were given" in note for note in figures["notes"])
    assert not (tmp_path / "out/pictures/look").exists()


def test_a_classifier_that_errs_on_photographs_is_doubted(place: Path, tmp_path: Path) -> None:
    swapped = tmp_path / "swapped"
    swapped.mkdir()
    for name, side in (
        ("plates", "real"),
        ("real", "plates"),
        ("classifier.safetensors", "classifier.safetensors"),
    ):
        (swapped / name).symlink_to(place / side)
    more = ("--target", "night", "--json", "--real", swapped / "real")
    result = evaluated(swapped, tmp_path / "out", *more, to="grade")
    notes = json.loads(result.stdout)["notes"]
    assert "doubt: the classifier reads 100% of the plates as night; train another" in notes
    assert "doubt: the classifier misses 100% of the photographs of night; train another" in notes


def test_the_other_way_round(place: Path, tmp_path: Path) -> None:
    result = evaluated(place, tmp_path, "--json", "--limit", 2, to="day")
    figures = json.loads(result.stdout)
    assert figures["target"] == "day"
    assert [row["name"] for row in figures["rows"]] == ["the plates", "day", "three stops more"]
    assert figures["rows"][0]["reads"] == 1
    assert (
        json.loads(evaluated(place, tmp_path, "--json", "--target", "night", to="day").stdout)["target"]
        == "night"
    )


def test_a_baseline_may_be_the_look_and_strong_is_taken_when_asked_for(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daynight.evaluation.measures.strong_error", partial(strong_error, steps=2))
    result = evaluated(place, tmp_path, "--json", "--strong", "--real", place / "real", to="grade")
    rows = {row["name"]: row for row in json.loads(result.stdout)["rows"]}
    assert {name: row["role"] for name, row in rows.items()} == {
        "the plates": "baseline",
        "grade": "look",
        "histogram match": "baseline",
        "real night": "real",
    }
    assert all(0 <= rows[name]["strong_error"] <= 1 for name in rows if name != "real night")


def test_tiles_have_a_seam_figure(place: Path, tmp_path: Path) -> None:
    model = convolutions(tmp_path / "generator.onnx", size_multiple="2", radius="8", exact_tiling="True")
    result = evaluated(place, tmp_path, "--json", "--model", model, "--set", "tile.size=32")
    rows = {row["name"]: row for row in json.loads(result.stdout)["rows"]}
    assert 0.5 < rows["the plates"]["seam"] < 1.5
    assert rows["night"]["seam"] > 0
    assert "tile" in json.loads(result.stdout)["protocol"]["chain"]
    lying = part(dict.fromkeys("RGB", "uint8"), size=(64, 96), Orientation=6)
    write_parts(tmp_path / "plates/a.tif", (lying, picture(96, 64)))
    (tmp_path / "classifier.safetensors").symlink_to(place / "classifier.safetensors")
    turned = evaluated(tmp_path, tmp_path / "out", "--json", "--model", model, "--set", "tile.size=32")
    assert [row["seam"] for row in json.loads(turned.stdout)["rows"]] == [None] * 3


def test_what_is_not_there(place: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "alone/a.png", as_uint8(picture()))
    out = tmp_path / "out"

    def refused(*more: object, to: str = "night", out: Path = out) -> str:
        result = evaluated(place, out, *more, to=to)
        assert result.exit_code == 2
        assert not out.exists()
        return result.stderr

    assert "look 'nigt': is unknown" in refused(to="nigt")
    assert "look 'dya': is unknown" in refused("--back", "dya")
    assert "absent: is not there" in refused("--sequences", place / "absent")
    assert "--strong: needs real photographs to compare with; add --real" in refused("--strong")
    both = ("--sequences", place / "shots", "--converted", place / "real")
    assert "--sequences: would be converted by the look" in refused(*both)
    assert "plates/report: lies in " in refused(out=place / "plates/report")
    assert "holds no sequence" in refused("--sequences", tmp_path / "alone")


def test_pictures_on_their_side_are_measured_upright(place: Path, tmp_path: Path) -> None:
    """The same plates lying, told so by their files, beside results that lie and results that stand."""
    standing = [np.ascontiguousarray(picture(64, 96, seed=number)) for number in range(4)]
    for number, upright in enumerate(standing):
        lying = np.ascontiguousarray(np.rot90(upright))  # to be turned by 90 degrees clockwise
        spec = part(dict.fromkeys("RGB", "uint8"), size=(64, 96), Orientation=6)
        write_parts(tmp_path / f"plates/p_{number}.tif", (spec, lying))
        write_parts(tmp_path / f"lying/p_{number}.tif", (spec, lying / 2))
        write_image(tmp_path / f"upright/p_{number}.tif", as_uint8(upright / 2))
    (tmp_path / "classifier.safetensors").symlink_to(place / "classifier.safetensors")
    for results in ("lying", "upright"):
        shown = evaluated(tmp_path, tmp_path / "out", "--json", "--converted", tmp_path / results)
        figures = json.loads(shown.stdout)
        row = next(row for row in figures["rows"] if row["name"] == "night")
        assert row["gradient_correlation"] > 0.99
        assert not any("scaled" in note for note in figures["notes"])
        assert figures["protocol"]["converted"] == str(tmp_path / results)
        assert figures["protocol"]["chain"] is None
        mean = np.mean([upright.mean(axis=(0, 1)) @ LUMINANCE for upright in standing])
        assert row["brightness"] == pytest.approx(mean / 2, abs=2e-3)


def test_results_of_another_size_are_told_of(place: Path, tmp_path: Path) -> None:
    for number in range(4):
        write_image(tmp_path / f"done/<p>_{number:04d}.png", as_uint8(picture(32, 48, seed=number)))
    result = evaluated(place, tmp_path / "out", "--converted", tmp_path / "done", "--json")
    assert "night: 4 pictures were scaled to the size of their plates" in json.loads(result.stdout)["notes"]


def test_what_a_look_does_not_say_is_told_of(place: Path, tmp_path: Path) -> None:
    model = convolutions(tmp_path / "generator.onnx", size_multiple="2", radius="8", exact_tiling="True")
    for to, target, told in (("night", "night", True), ("day", "day", False)):
        result = evaluated(place, tmp_path / to, "--json", "--limit", 2, "--model", model, to=to)
        figures = json.loads(result.stdout)
        assert figures["target"] == target
        assert any("does not state" in note for note in figures["notes"]) is told
    few = evaluated(
        place, tmp_path / "few", "--json", "--limit", 2, "--real", place / "real", to="passthrough"
    )
    assert "fewer than 4 plates or photographs: no distance was measured" in json.loads(few.stdout)["notes"]
