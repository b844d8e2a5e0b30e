"""Tiles against the whole frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pictures import picture

from daynight.frames.tiling import cut, join, largest_tile, plan_fixed_tiles, plan_tiles

SHAPES = [(48, 64), (64, 48), (1, 90), (90, 1), (1, 1), (33, 129), (200, 17)]


@pytest.mark.parametrize(("height", "width"), SHAPES)
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("tile", "halo", "multiple"), [(32, 4, 1), (32, 8, 8), (16, 0, 4)])
def test_cut_and_join_give_the_picture_back(
    height: int, width: int, exact: bool, tile: int, halo: int, multiple: int
) -> None:
    image = picture(height, width)
    layout = plan_tiles(height, width, tile, tile, halo=halo, multiple=multiple, exact=exact)
    tiles = cut(image, layout)
    assert tiles.shape == (layout.count, layout.tile_height, layout.tile_width, 3)
    assert layout.tile_height % multiple == 0
    assert all(start % multiple == 0 for start in (*layout.tops, *layout.lefts))
    np.testing.assert_allclose(join(tiles, layout), image, atol=2e-7 if not exact else 0)


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_cores_equal_a_filter_over_the_whole_frame(height: int, width: int) -> None:
    image = picture(height, width)

    def blur(pixels: np.ndarray) -> np.ndarray:
        return cv2.blur(pixels, (9, 9), borderType=cv2.BORDER_CONSTANT)

    layout = plan_tiles(height, width, 24, 24, halo=4)
    tiles = np.stack([blur(np.ascontiguousarray(tile)) for tile in cut(image, layout)])
    np.testing.assert_allclose(join(tiles, layout), blur(image), atol=1e-6)


def test_a_halo_below_the_radius_is_not_exact() -> None:
    image = picture(60, 60)
    layout = plan_tiles(60, 60, 24, 24, halo=3)
    tiles = np.stack([cv2.blur(np.ascontiguousarray(tile), (9, 9)) for tile in cut(image, layout)])
    assert np.abs(join(tiles, layout) - cv2.blur(image, (9, 9))).max() > 1e-3


def test_blending_hides_a_step_between_tiles() -> None:
    layout = plan_tiles(40, 100, 40, 40, halo=10, exact=False)
    tiles = cut(np.zeros((40, 100, 3), np.float32), layout)
    levels = np.arange(layout.count, dtype=np.float32)
    joined = join(tiles + levels[:, None, None, None], layout)
    assert np.abs(np.diff(joined, axis=1)).max() < 0.12
    assert joined.min() >= 0
    assert joined.max() <= levels.max()


def test_fixed_tiles_fill_a_smaller_frame_up() -> None:
    image = picture(20, 50)
    layout = plan_fixed_tiles(20, 50, 32, 32, halo=4)
    tiles = cut(image, layout)
    assert tiles.shape[1:3] == (32, 32)
    np.testing.assert_allclose(join(tiles, layout), image, atol=2e-7)


def test_a_tile_without_a_core_is_refused() -> None:
    with pytest.raises(ValueError, match="no core between halos of 16 px"):
        plan_tiles(100, 100, 32, 32, halo=16)
    with pytest.raises(ValueError, match="not a multiple of 8"):
        plan_tiles(100, 100, 30, 30, halo=1, multiple=8)


def test_the_largest_tile_fits_the_budget() -> None:
    side = largest_tile(2**30, 1000, 64)
    assert side % 64 == 0
    assert side**2 * 1000 <= 2**30 < (side + 64) ** 2 * 1000
    assert largest_tile(1, 1000, 64) == 64
