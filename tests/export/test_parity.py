"""How a file is compared with its network: known differences, their units, and what is beyond tolerance."""

import math

import numpy as np
import pytest

from daynight.export.parity import KEY, Parity, compare
from daynight.plugin.exporter import Output, Tolerance

ABOUT = {"precision": "fp32", "real": False, "versions": {"torch": "2"}}
LEVELS = Output("picture", "levels", Tolerance(1.0, 0.5), scale=127.5)


def picture(height=2, width=2):
    return np.zeros((1, 3, height, width), np.float32)


def off_by(*values):
    """Return a file whose first pixels are wrong by these values."""

    def run(pictures):
        wrong = pictures.copy()
        wrong.reshape(-1)[: len(values)] += np.array(values, np.float32)
        return [wrong]

    return run


def network(pictures):
    return [pictures]


def test_the_largest_and_the_mean_difference_are_in_the_units_of_the_output():
    report = compare(network, off_by(0.04, -0.08), [picture(), picture(4, 6)], [LEVELS], **ABOUT)
    difference = report.differences["picture"]
    assert difference.largest == pytest.approx(0.08 * 127.5)
    assert difference.mean == pytest.approx((0.12 / 12 + 0.12 / 72) / 2 * 127.5)
    assert (report.pictures, report.sizes) == (2, ("2x2", "6x4"))


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        pytest.param((0.007,), None, id="within"),
        pytest.param((0.009,), "its picture would differ from the network's by 1.1 levels", id="one-pixel"),
        pytest.param((0.007,) * 12, "0.89 on average (0.5 allowed)", id="mean"),
        pytest.param((math.nan,), "by nan levels", id="nan"),
        pytest.param((math.inf,), "by inf levels", id="infinite"),
    ],
)
def test_a_difference_beyond_its_tolerance_is_a_fault(values, fault):
    report = compare(network, off_by(*values), [picture()], [LEVELS], **ABOUT)
    assert report.fault is None if fault is None else fault in report.fault


def test_nan_in_one_picture_of_many_is_a_fault():
    samples = [picture(2, 4), picture(), picture()]
    file = lambda each: off_by(math.nan if each.shape[3] == 4 else 0.0)(each)  # noqa: E731
    report = compare(network, file, samples, [LEVELS], **ABOUT)
    assert "nan" in report.fault


def test_a_file_with_another_number_of_outputs_is_not_compared():
    with pytest.raises(ValueError, match="zip"):
        compare(network, lambda each: [each, each], [picture()], [LEVELS], **ABOUT)


def test_a_report_survives_the_metadata_of_a_file():
    report = compare(network, off_by(0.001), [picture()], [LEVELS], **ABOUT)
    assert Parity.from_metadata({KEY: report.model_dump_json()}) == report
    assert Parity.from_metadata({}) is None
    assert Parity.from_metadata({KEY: "{"}) is None
    first, second = report.lines()
    assert first == "parity: fp32, on 1 synthetic pictures (2x2), torch 2"
    assert second == "  picture: 0.13 levels at most (1 allowed), 0.011 on average (0.5 allowed)"
