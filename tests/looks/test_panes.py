"""Panes: the darker parts of a plate's walls, through which a lit wall shines."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from surveys import HEIGHT, SKYLINE, WIDTH, WINDOW, street, survey_of

from daynight.colour.encoding import luminance
from daynight.looks.night import night
from daynight.looks.night_options import NightOptions
from daynight.looks.panes import Panes
from daynight.models.lights import MAPS

WALL = (slice(SKYLINE + 8, HEIGHT - 4), slice(100, 150))


def panes(plate: NDArray[np.float32], exposure: float = 0.0) -> NDArray[np.float32]:
    height, width = plate.shape[:2]
    found = Panes(plate, exposure).rows(luminance(plate) * np.float32(2.0**exposure), 0, height)
    assert found.shape == (height, width)
    return np.asarray(found, np.float32)


def facade(side: int, pitch: int, pane: int) -> NDArray[np.float32]:
    """A wall of light 0.3 with dark square windows, a pitch apart."""
    wall = np.full((side, side, 3), 0.3, np.float32)
    inside = np.arange(side) % pitch < pane
    wall[inside[:, np.newaxis] & inside] = 0.05
    return wall


@pytest.mark.parametrize(("pitch", "pane"), [(12, 4), (40, 16), (100, 40)])
def test_windows_of_any_size_are_panes_and_their_wall_is_not(pitch: int, pane: int) -> None:
    wall = facade(600, pitch, pane)
    found = panes(wall)
    dark = wall[..., 0] < 0.1
    assert found[dark].mean() > 0.9
    assert found[~dark].mean() < 0.1


def test_a_flat_wall_with_grain_has_none() -> None:
    grain = np.random.default_rng(0).normal(0, 0.05, (400, 400, 3))
    wall = (0.2 * np.exp(grain)).astype(np.float32)
    assert panes(wall).mean() < 0.08


def test_panes_are_as_sharp_as_a_large_plate() -> None:
    small, large = (panes(facade(side, side // 12, side // 24)) for side in (540, 2160))
    middle = 2160 // 2
    steps = np.abs(np.diff(large[middle + 20]))
    assert steps.max() > 0.8  # from wall to pane within a pixel
    np.testing.assert_allclose(large[2::4, 2::4][10:-10, 10:-10], small[10:-10, 10:-10], atol=0.15)


def test_they_are_the_plate_s_at_any_exposure() -> None:
    wall = facade(300, 40, 16)
    np.testing.assert_allclose(panes(wall * np.float32(0.25), exposure=2.0), panes(wall), atol=1e-3)


@pytest.mark.parametrize(("paned", "wall_lit"), [(1.0, False), (0.0, True)])
def test_a_lit_wall_shines_through_its_panes_and_a_lamp_as_it_is(paned: float, wall_lit: bool) -> None:
    plate = street()
    told = survey_of(plate)
    assert told.lights is not None
    told.lights[..., MAPS.index("lamp")] = 4
    told.lights[..., MAPS.index("panes")] = paned
    emission = night(plate, told, NightOptions(glow=0.0)).emission
    assert emission[WINDOW].mean() > 0.3
    assert (emission[WALL].mean() > 0.3) == wall_lit
    assert wall_lit or emission[WALL].mean() < 0.1 * emission[WINDOW].mean()


@pytest.mark.parametrize("value", [0.0, -1.0, 1e6, np.inf, np.nan])
def test_a_plate_of_one_value_has_finite_panes(value: float) -> None:
    plate = np.full((HEIGHT, WIDTH, 3), value, np.float32)
    found = Panes(plate, 0.0).rows(np.zeros((HEIGHT, WIDTH), np.float32), 0, HEIGHT)
    assert np.isfinite(found).all()


def test_training_finds_the_same_panes() -> None:
    torch = pytest.importorskip("torch")
    from daynight.training.networks import night as tensors

    plate = street()
    theirs = tensors.panes(torch.from_numpy(plate.transpose(2, 0, 1).copy())[None])[0, 0].numpy()
    np.testing.assert_allclose(panes(plate), theirs, atol=5e-3)
