"""Figures of labelled photographs: worked out by hand on painted layers, and once by the bundled look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from pictures import EXAMPLES

torch = pytest.importorskip("torch")

from daynight.cli import main  # noqa: E402
from daynight.errors import UsageError  # noqa: E402
from daynight.evaluation.labelled import GROUPS, LabelledRow, _Sums  # noqa: E402
from daynight.training.methods.scene.labels import LABELS, UNLABELLED  # noqa: E402

Array = NDArray[np.float32]
HEIGHT, WIDTH, SKYLINE = 40, 60, 20


class Painted:
    """A look whose layers are given; ambient light goes with the plate's exposure."""

    def __init__(self, **layers: Array) -> None:
        self.layers_ = layers

    def layers(self, picture: Array) -> Mapping[str, Array]:
        ambient = picture * np.float32(0.1)
        groups = {GROUPS[0]: ambient, **{f"night.{name}": each for name, each in self.layers_.items()}}
        return {"": sum(groups[name] for name in GROUPS if name in groups), **groups}


def labels() -> NDArray[np.uint8]:
    """Sky over a building on the left and trees on the right; a column at the right is not known."""
    made = np.full((HEIGHT, WIDTH), LABELS["sky"], np.uint8)
    made[SKYLINE:, : WIDTH // 2] = LABELS["building"]
    made[SKYLINE:, WIDTH // 2 :] = LABELS["vegetation"]
    made[:, -4:] = UNLABELLED
    return made


def plate() -> Array:
    light = np.random.default_rng(0).uniform(0.1, 0.4, (HEIGHT, WIDTH, 3)).astype(np.float32)
    light[:SKYLINE] = (0.2, 0.4, 0.8)
    return light


def black() -> Array:
    return np.zeros((HEIGHT, WIDTH, 3), np.float32)


def row(**layers: Array) -> LabelledRow:
    sums = _Sums()
    groups = {"practicals": black(), "emission": black(), "sky": np.zeros((HEIGHT, WIDTH), np.float32)}
    sums.add(plate(), labels(), Painted(**{**groups, **layers}))  # type: ignore[arg-type]
    return sums.row("set", 1)


def test_the_sky_s_overlap_counts_known_pixels_alone() -> None:
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[: SKYLINE // 2] = 0.6
    matte[-4:, :28] = 0.9
    known = WIDTH - 4
    assert row(sky=matte).sky_iou == pytest.approx(SKYLINE // 2 * known / (SKYLINE * known + 4 * 28))


def test_lamps_count_by_what_they_are_on() -> None:
    emission = black()
    emission[SKYLINE + 4 : SKYLINE + 8, 4:10] = 1  # 24 on the building
    emission[SKYLINE + 4 : SKYLINE + 8, 40:42] = 1  # 8 on trees
    emission[30:, -4:] = 1  # not known
    emission[36:, 0:4] = 0.1  # too dark
    figures = row(emission=emission)
    assert figures.false_lamps == pytest.approx(8 / 32)
    assert figures.lit_building == pytest.approx(24 / 32)


def test_colours_are_of_unlit_ground_and_of_the_sky() -> None:
    lit = black()
    lit[SKYLINE:, 30:45] = (0.9, 0.3, 0.0)
    plain, warm = row(), row(practicals=lit)
    assert abs(plain.ground) < 0.05
    assert warm.ground == pytest.approx(plain.ground, abs=0.05), "what lamps light does not count"
    assert plain.sky < -0.5


def test_structure_is_that_outside_sky_and_emission() -> None:
    emission = black()
    emission[SKYLINE:, ::3] = 2
    assert row(emission=emission).structure == pytest.approx(row().structure)
    assert row().structure > 0.95
    noise = np.random.default_rng(1).uniform(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    assert row(practicals=noise).structure < 0.5


def test_the_spread_is_in_stops_over_the_groups_that_shine() -> None:
    assert row().spread == pytest.approx(4), "ambient light alone, which goes with the plate"
    steady = np.full((HEIGHT, WIDTH, 3), 0.2, np.float32)
    assert row(practicals=steady).spread == pytest.approx(2)


def test_what_is_not_there_is_not_a_number() -> None:
    figures = row()
    assert np.isnan([figures.false_lamps, figures.lit_building]).all()


def test_a_look_without_groups_is_refused() -> None:
    with pytest.raises(UsageError, match="has no light groups"):
        _Sums().add(plate(), labels(), Painted())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames of the city, labelled roughly, the second held back."""
    root = tmp_path_factory.mktemp("labelled")
    for folder in ("images", "labels"):
        (root / folder).mkdir()
    for number in (1001, 1008):
        picture = cv2.imread(str(EXAMPLES / f"shots/city/city.{number}.jpg"))
        assert picture is not None
        picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        marked = np.full(picture.shape[:2], 1, np.uint8)
        marked[: len(marked) // 10, : len(marked) // 2] = 6
        cv2.imwrite(str(root / f"images/city_{number}.png"), picture)
        cv2.imwrite(str(root / f"labels/city_{number}.png"), marked)
    table = '[[set]]\nimages = "images"\nlabels = "labels"\nclasses = { 1 = "building", 6 = "sky" }\n'
    (root / "table.toml").write_text(table + 'without = ["city_1008"]\n')
    (root / "all.toml").write_text(table)
    return root


def evaluated(street: Path, *more: str, table: str = "table.toml", to: str = "night") -> Result:
    arguments = ["evaluate", "labels", str(street), str(street / table), "--to", to, "--device", "cpu"]
    return CliRunner().invoke(main, [*arguments, *more])


def test_a_look_is_measured_on_what_is_held_back(street: Path) -> None:
    done = evaluated(street, "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert (figures["name"], figures["pictures"]) == ("images", 1)
    assert figures["lit_building"] > 0.9
    assert figures["spread"] < 0.25
    assert figures["sky"] < 0
    assert figures["ground"] is None, "nothing is labelled ground"
    shown = evaluated(street)
    assert "sky IoU" in shown.stdout
    assert "–" in shown.stdout


@pytest.mark.parametrize(
    ("table", "to", "says"),
    [
        ("all.toml", "night", "holds no labelled picture back"),
        ("none.toml", "night", "can't be read"),
        ("table.toml", "grade", "has no light groups"),
        ("table.toml", "nihgt", "night"),
    ],
)
def test_wrong_input_is_refused_in_a_line(street: Path, table: str, to: str, says: str) -> None:
    done = evaluated(street, table=table, to=to)
    assert done.exit_code == 2
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("Error")] or [done.stderr]
    assert says in line
