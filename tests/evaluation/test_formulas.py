"""Figures of pictures, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pictures import picture

from daynight.evaluation import formulas
from daynight.frames.tiling import cut, join, plan_tiles


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda p: p, 1.0, id="same"),
        pytest.param(lambda p: 0.2 * p + 0.1, 1.0, id="darker"),
        pytest.param(lambda p: 1 - p, -1.0, id="negative"),
        pytest.param(lambda p: np.random.default_rng(1).random(p.shape), 0.0, id="nothing-left"),
    ],
)
def test_gradient_correlation(change, expected):
    plate = np.random.default_rng(0).random((80, 100))
    assert formulas.gradient_correlation(plate, change(plate)) == pytest.approx(expected, abs=0.03)


def test_gradient_correlation_by_hand():
    plate = np.array([[0, 1], [2, 4]], np.float32)  # down: 2 3, across: 1 2; less their mean: 0 1 -1 0
    result = np.array([[0, 2], [1, 1]], np.float32)  # down: 1 -1, across: 2 0; less their mean: ½ -1½ 1½ -½
    assert formulas.gradient_correlation(plate, result) == pytest.approx(-3 / np.sqrt(2 * 5))
    assert np.isnan(formulas.gradient_correlation(plate, np.ones_like(plate)))


def slow_contrast_ssim(plate: np.ndarray, result: np.ndarray) -> float:
    """The formula of the docstring, window by window."""
    offsets = np.arange(-5, 6)
    line = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2

    def mean_around(values: np.ndarray) -> np.ndarray:
        wide = np.pad(values, 5, mode="reflect")
        height, width = values.shape
        return np.array(
            [[(window * wide[y : y + 11, x : x + 11]).sum() for x in range(width)] for y in range(height)]
        )

    def normalised(values: np.ndarray) -> np.ndarray:
        mean = mean_around(values)
        return (values - mean) / (np.sqrt(mean_around(values**2) - mean**2) + 1 / 255)

    n, m = normalised(plate), normalised(result)
    covariance = mean_around(n * m) - mean_around(n) * mean_around(m)
    variances = mean_around(n * n) - mean_around(n) ** 2 + mean_around(m * m) - mean_around(m) ** 2
    return float(((2 * covariance + 0.03**2) / (variances + 0.03**2)).mean())


def test_contrast_ssim_is_its_formula():
    random = np.random.default_rng(0)
    plate = random.random((14, 17))
    result = (0.6 * plate + 0.4 * random.random(plate.shape)) / 3
    assert formulas.contrast_ssim(plate, result) == pytest.approx(slow_contrast_ssim(plate, result), abs=1e-6)


def test_contrast_ssim_sees_structure_alone():
    plate = np.random.default_rng(0).random((60, 80)).astype(np.float32)
    assert formulas.contrast_ssim(plate, plate) == pytest.approx(1)
    assert formulas.contrast_ssim(plate, plate * 0.3 + 0.05) == pytest.approx(1, abs=0.01)
    assert formulas.contrast_ssim(plate, 1 - plate) == pytest.approx(-1, abs=0.01)
    assert formulas.contrast_ssim(plate, plate[::-1, ::-1]) == pytest.approx(0, abs=0.05)


def test_kid_by_hand():
    x, y = np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 1], [0, 0]])
    # k(x1, x2) = k(y1, y2) = 1; k(x, y1) = (1/2 + 1)^3 = 27/8 and k(x, y2) = 1 for both x
    assert formulas.mmd2(x, y) == pytest.approx(1 + 1 - 2 * (27 / 8 + 1) / 2)


def test_kid_has_no_bias_and_its_error_is_the_spread_of_new_sets():
    random = np.random.default_rng(0)

    def drawn(mean: float) -> np.ndarray:
        return random.normal(mean, 1, (40, 6))

    alike = [formulas.mmd2(drawn(0), drawn(0)) for _ in range(300)]
    assert abs(np.mean(alike)) < 3 * np.std(alike) / np.sqrt(300)
    apart = [(drawn(0), drawn(1)) for _ in range(60)]
    spread = np.std([formulas.mmd2(*sides) for sides in apart])
    told = np.mean([formulas.mmd2_error(*sides, subsets=40) for sides in apart])
    assert told == pytest.approx(spread, rel=0.35)


def test_halves_of_one_set_lie_as_far_apart_as_sets_of_their_size():
    random = np.random.default_rng(0)
    told = np.mean([formulas.mmd2_of_halves(random.normal(0, 1, (60, 6)), subsets=40) for _ in range(20)])
    alike = [formulas.mmd2(*random.normal(0, 1, (2, 30, 6))) for _ in range(300)]
    assert told == pytest.approx(np.std(alike), rel=0.25)


def test_frechet_by_hand():
    x = np.array([[0.0, 0], [2, 0], [0, 4], [2, 4]])  # means 1 2, variances 4/3 16/3
    assert formulas.frechet(x, x) == pytest.approx(0, abs=1e-12)
    assert formulas.frechet(x, x + np.array([3, 4])) == pytest.approx(25)
    # 4/3 + 16/3 each side would be 20/3; the other's are four times as large: (1 + 4 - 2·2) · 20/3
    centred = x - x.mean(axis=0)
    assert formulas.frechet(centred, 2 * centred) == pytest.approx(20 / 3)


def test_histograms_and_how_far_they_are():
    black, white = (formulas.histogram(np.full((4, 5), value, np.float32)) for value in (0, 1))
    assert (black[0], black.sum(), white[-1]) == (1, 1, 1)
    assert formulas.histogram_distance(black, white) == pytest.approx(31 / 32)
    assert formulas.histogram_distance(black, black) == 0


def test_a_seam_by_hand():
    x = np.arange(64, dtype=np.float64)
    luma = np.tile(1e-4 * x**2, (40, 1))  # second difference: 2e-4 everywhere
    assert formulas.seam(luma, (), (16, 40)) == pytest.approx(1)
    luma[:, 16:] += 0.01  # it is 0.01 + 2e-4 on one side, -0.01 + 2e-4 on the other
    assert formulas.seam(luma, (), (16,)) == pytest.approx(0.01 / 2e-4)
    assert formulas.seam(luma.T, (16,), ()) == pytest.approx(0.01 / 2e-4)
    assert np.isnan(formulas.seam(luma, (), ()))
    assert np.isnan(formulas.seam(np.ones((20, 20), np.float32), (8,), ()))


@pytest.mark.parametrize("exact", [True, False])
def test_borders_of_tiles_are_where_they_meet(exact):
    whole = picture(96, 120)
    layout = plan_tiles(96, 120, 48, 48, halo=8, multiple=8, exact=exact)
    rows, columns = formulas.borders(layout)
    tiles = cut(whole, layout)
    kept = join(tiles, layout)[..., 0]
    tiles = tiles + (np.arange(layout.count) % 2)[:, np.newaxis, np.newaxis, np.newaxis].astype(np.float32)
    assert formulas.seam(kept, rows, columns) == pytest.approx(1, abs=0.2)
    if exact:
        stepped = join(tiles, layout)[..., 0]
        assert formulas.seam(stepped, rows, columns) > 10
        assert formulas.seam(stepped, [row + 5 for row in rows], [column + 5 for column in columns]) < 1
    else:
        assert all(0 < column < 120 for column in columns)
