"""The tables of figures: each is one object, and nothing else names it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from daynight.evaluation.flicker import Steadiness  # noqa: E402
from daynight.evaluation.measures import (  # noqa: E402
    FLICKER_TABLE,
    KID_SHARE,
    MEASURES,
    TABLE,
    Instruments,
    Measure,
    Sample,
    flicker_figures,
    mean_of,
)
from daynight.evaluation.report import as_json, flicker_table, versions_table  # noqa: E402
from daynight.evaluation.results import Evaluation, Figure, FlickerRow, VersionRow  # noqa: E402

DOCS = Path(__file__).parents[2] / "docs" / "evaluation.md"


def row(name: str, role: str, **figures: Figure) -> VersionRow:
    return VersionRow(name, role, 4, (1.0,), figures)


def evaluation(*rows: VersionRow, flicker: tuple[FlickerRow, ...] = ()) -> Evaluation:
    return Evaluation("night", "night", rows, flicker, None, (), {}, ())


@pytest.mark.parametrize("column", [*TABLE, *FLICKER_TABLE], ids=lambda each: each.heading or each.name)
def test_each_column_is_documented(column):
    assert f"| {column.heading.format(target='night')}" in DOCS.read_text() or not column.heading


def test_names_are_unique():
    for table in (TABLE, FLICKER_TABLE):
        assert len({each.name for each in table}) == len(table)


def test_a_column_without_figures_is_left_out_and_null_in_json():
    shown = evaluation(
        row("the plates", "baseline", kid=Figure(0.5, 0.1)), row("real", "real", kid=Figure(None, 0.2))
    )
    table = versions_table(shown)
    assert table.headings == ("version", "pictures", "KID")
    assert table.rows == (("the plates", "4", "0.500 ± 0.100"), ("real", "4", "± 0.200"))
    first, second = as_json(shown)["rows"]
    assert (first["kid"], first["kid_error"], first["fid"]) == (0.5, 0.1, None)
    assert (second["kid"], second["kid_error"]) == (None, 0.2)
    json.dumps(as_json(shown))


def test_the_share_is_of_the_smallest_baseline():
    rows = [
        row("the plates", "baseline", kid=Figure(4.0)),
        row("night", "look", kid=Figure(1.0)),
        row("grade", "baseline", kid=Figure(2.0)),
        row("unmeasured", "baseline"),
    ]
    shares = [each.figures.get("kid_share") for each in KID_SHARE.add(rows)]
    assert shares == [Figure(2.0), Figure(0.5), Figure(1.0), None]
    rows[2] = row("grade", "baseline", kid=Figure(-0.1))  # the unbiased distance may fall below 0
    assert KID_SHARE.add(rows) == rows


def test_a_mean_is_of_what_could_be_measured():
    assert mean_of([1.0, float("nan"), 3.0]) == Figure(2.0)
    assert mean_of([float("nan")]) == mean_of([]) == Figure(None)


def test_per_picture_figures_are_taken_at_the_plates_size():
    plate = np.random.default_rng(0).random((16, 24, 3)).astype(np.float32)
    doubled = plate.repeat(2, axis=0).repeat(2, axis=1)
    sample = Sample(doubled, plate, False, Instruments("night", None, None, None, lambda *_: None))
    by_name: dict[str, Measure] = {each.name: each for each in MEASURES}
    assert by_name["difference"].observe(sample) == pytest.approx(0, abs=1e-6)
    assert by_name["gradient_correlation"].observe(sample) == pytest.approx(1)
    assert np.isnan(by_name["seam"].observe(sample))


def test_flicker_figures_are_relative_to_the_plates():
    plates = Steadiness(0.01, 0.2, 0.5, 0.0, held=0.01, swing=float("nan"))
    shot = Steadiness(0.02, 0.1, 0.25, 0.3, held=0.008, swing=float("nan"))
    figures = {name: figure.value for name, figure in flicker_figures(shot, plates).items()}
    assert figures == pytest.approx(
        {
            "ratio": 4,
            "unmatched": 2,
            "held": 2.5,
            "swing": None,
            "pumping": 0.3,
            "difference": 0.02,
            "deviation": 0.1,
            "level": 0.25,
        }
    )
    still = Steadiness(0.0, 0.2, 0.5, 0.0, held=0.0, swing=0.0)
    assert flicker_figures(shot, still)["ratio"] == Figure(None)
    row_ = FlickerRow("sh", 3, "night", "look", flicker_figures(shot, plates))
    table = flicker_table(evaluation(flicker=(row_,)))
    assert table.headings == (
        "sequence",
        "frames",
        "version",
        "flicker",
        "levels not matched",
        "over light held",
        "pumping",
    )
    assert table.rows == (("sh", "3", "night", "4.00", "2.00", "2.50", "30.00%"),)
    assert table.highlighted == (True,)
