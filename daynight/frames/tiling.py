"""Tiles: windows of a frame that a network can hold in memory, and the way back.

Exactness, for a convolutional network of receptive-field radius r and size multiple m: the value of an
output pixel depends on input pixels at most r away, and on its place only modulo m. So tiles that start
on multiples of m, and of which only the part at least r inside every *cut* edge is kept, equal the whole
frame to float rounding. Where a tile ends at the frame's own edge nothing is cut: the network pads there
as it would for the whole frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TileLayout:
    """Where the tiles of a frame lie.

    All tiles have one size; the last of a row or column lies against the frame's padded edge, so it may
    overlap its neighbour by more than the others.
    """

    height: int
    """Height of the frame in pixels."""
    width: int
    """Width of the frame in pixels."""
    padded_height: int
    """Height after the frame is filled up to the size multiple or to one tile."""
    padded_width: int
    """Width after the frame is filled up to the size multiple or to one tile."""
    tile_height: int
    """Height of each tile in pixels."""
    tile_width: int
    """Width of each tile in pixels."""
    tops: tuple[int, ...]
    """First row of each row of tiles."""
    lefts: tuple[int, ...]
    """First column of each column of tiles."""
    halo: int
    """Rows and columns at a cut edge that are not kept (exact) or only blended (not exact)."""
    exact: bool
    """Keep cores only; otherwise blend neighbours over their overlap."""

    @property
    def count(self) -> int:
        """Number of tiles."""
        return len(self.tops) * len(self.lefts)


def plan_tiles(
    height: int,
    width: int,
    tile_height: int,
    tile_width: int,
    *,
    halo: int,
    multiple: int = 1,
    exact: bool = True,
) -> TileLayout:
    """Lay tiles over a frame.

    Args:
        height: of the frame, in pixels.
        width: of the frame, in pixels.
        tile_height: of a tile, a multiple of ``multiple``; reduced where the frame is smaller.
        tile_width: likewise.
        halo: pixels lost at each cut edge; for exactness at least the receptive-field radius.
        multiple: sizes and offsets are multiples of this.
        exact: whether to keep cores only or blend overlaps.

    Raises:
        ValueError: a tile's size is not a multiple, or its halos leave no core.
    """
    if tile_height % multiple or tile_width % multiple:
        raise ValueError(f"a tile of {tile_width}x{tile_height} is not a multiple of {multiple}")
    padded_height, padded_width = _round_up(height, multiple), _round_up(width, multiple)
    tile_height, tile_width = min(tile_height, padded_height), min(tile_width, padded_width)
    return TileLayout(
        height,
        width,
        padded_height,
        padded_width,
        tile_height,
        tile_width,
        _starts(padded_height, tile_height, halo, multiple),
        _starts(padded_width, tile_width, halo, multiple),
        halo,
        exact,
    )


def plan_fixed_tiles(height: int, width: int, tile_height: int, tile_width: int, *, halo: int) -> TileLayout:
    """Lay tiles of exactly this size, for networks of a fixed input; a smaller frame is filled up to one.

    Raises:
        ValueError: the halos of a tile leave no core.
    """
    padded_height, padded_width = max(height, tile_height), max(width, tile_width)
    tops = _starts(padded_height, tile_height, halo, 1)
    lefts = _starts(padded_width, tile_width, halo, 1)
    return TileLayout(
        height, width, padded_height, padded_width, tile_height, tile_width, tops, lefts, halo, exact=False
    )


def cut(image: NDArray[np.float32], layout: TileLayout) -> NDArray[np.float32]:
    """Cut a picture H×W×3 into its tiles N×h×w×3, row by row; missing pixels are mirrored in."""
    if (layout.padded_height, layout.padded_width) != image.shape[:2]:
        below, right = layout.padded_height - layout.height, layout.padded_width - layout.width
        image = np.pad(image, ((0, below), (0, right), (0, 0)), mode="symmetric")
    if layout.count == 1:
        return image[np.newaxis]
    return np.stack(
        [
            image[top : top + layout.tile_height, left : left + layout.tile_width]
            for top in layout.tops
            for left in layout.lefts
        ]
    )


def join(tiles: NDArray[np.float32], layout: TileLayout) -> NDArray[np.float32]:
    """Put tiles N×h×w×3 together to the picture H×W×3."""
    if layout.count == 1:
        return np.ascontiguousarray(tiles[0, : layout.height, : layout.width])
    joined = _join_cores(tiles, layout) if layout.exact else _blend(tiles, layout)
    return np.ascontiguousarray(joined[: layout.height, : layout.width])


def largest_tile(budget_bytes: int, bytes_per_pixel: int, multiple: int) -> int:
    """Return the side of the largest square tile, a multiple, that a run within the budget can hold."""
    side = math.isqrt(max(budget_bytes // bytes_per_pixel, 1))
    return max(side // multiple, 1) * multiple


def _round_up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _starts(length: int, tile: int, halo: int, multiple: int) -> tuple[int, ...]:
    """First pixel of each tile along one axis: steps as large as halos and multiple allow."""
    if tile >= length:
        return (0,)
    step = (tile - 2 * halo) // multiple * multiple
    if step < 1:
        raise ValueError(f"a tile of {tile} px has no core between halos of {halo} px")
    return (*range(0, length - tile, step), length - tile)


def _core(index: int, starts: tuple[int, ...], tile: int, halo: int, length: int) -> tuple[int, int]:
    """Return the half-open range of the frame's pixels that tile ``index`` supplies, along one axis."""
    first = starts[index] + halo if index else 0
    last = starts[index] + tile - halo if index + 1 < len(starts) else length
    return first, last


def _join_cores(tiles: NDArray[np.float32], layout: TileLayout) -> NDArray[np.float32]:
    joined = np.empty((layout.padded_height, layout.padded_width, 3), np.float32)
    for row, top in enumerate(layout.tops):
        y0, y1 = _core(row, layout.tops, layout.tile_height, layout.halo, layout.padded_height)
        for column, left in enumerate(layout.lefts):
            x0, x1 = _core(column, layout.lefts, layout.tile_width, layout.halo, layout.padded_width)
            tile = tiles[row * len(layout.lefts) + column]
            joined[y0:y1, x0:x1] = tile[y0 - top : y1 - top, x0 - left : x1 - left]
    return joined


def _blend(tiles: NDArray[np.float32], layout: TileLayout) -> NDArray[np.float32]:
    """Average overlapping tiles, each weighted by a ramp over its halos; weights sum to one."""
    total = np.zeros((layout.padded_height, layout.padded_width, 3), np.float32)
    weight = np.zeros((layout.padded_height, layout.padded_width, 1), np.float32)
    for row, top in enumerate(layout.tops):
        rows = slice(top, top + layout.tile_height)
        down = _ramp(row, len(layout.tops), layout.tile_height, layout.halo)
        for column, left in enumerate(layout.lefts):
            columns = slice(left, left + layout.tile_width)
            across = _ramp(column, len(layout.lefts), layout.tile_width, layout.halo)
            mask = (down[:, np.newaxis] * across)[..., np.newaxis]
            total[rows, columns] += tiles[row * len(layout.lefts) + column] * mask
            weight[rows, columns] += mask
    total /= weight
    return total


def _ramp(index: int, count: int, tile: int, halo: int) -> NDArray[np.float32]:
    """Weight of a tile's pixels along one axis: rises over twice the halo from each cut edge."""
    weight = np.ones(tile, np.float32)
    overlap = max(2 * halo, 1)
    rise = (np.arange(overlap, dtype=np.float32) + 0.5) / overlap
    if index:
        weight[:overlap] = rise
    if index + 1 < count:
        weight[-overlap:] = np.minimum(weight[-overlap:], rise[::-1])
    return weight
