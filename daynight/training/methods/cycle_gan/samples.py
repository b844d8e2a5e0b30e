"""Grids of sample pictures, to see at a glance how a run goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from daynight.training.run.method import RGB

_LONG_SIDE: Final = 256
"""Of a cell, in pixels."""
_GAP: Final = 4
"""Pixels between cells."""
_LABEL: Final = 22
"""Height of the labels above, in pixels."""
_GROUND, _INK = 24, (220, 220, 220)
_OTHER: Final = {"night": "day", "day": "night"}

Direction = Literal["night", "day"]


class Sample(NamedTuple):
    """A photograph and its translations: 1×3×H×W, display-encoded in [-1, 1] and a bit beyond."""

    direction: Direction
    """Where it is translated to: a sample to ``night`` begins with a day photograph."""
    real: Tensor
    """The photograph, a."""
    identity: Tensor | None
    """The identity picture G_BA(a), from the network whose results look like the photograph; or none."""
    forward: Tensor
    """The translated picture, G_AB(a)."""
    cycled: Tensor
    """The translated picture translated back, G_BA(G_AB(a))."""
    heats: tuple[Tensor | None, ...] = (None, None, None)
    """What the networks attended to for ``identity``, ``forward`` and ``cycled``: 1×1×h×w, ≥ 0; or none."""


def sample_grid(samples: Sequence[Sample]) -> RGB:
    """Lay samples out, one a row: photograph, identity picture (where any has one), translated, and back.

    Samples of one direction that follow one another stand under labels of their own. Below a sample with heat
    maps these are laid over its pictures, each relative to its own maximum, from dark blue to red. Source: P1
    figures 4 to 9, with pictures for rows there.

    Args:
        samples: at least one. The first photograph's shape is every cell's; others keep theirs within it.

    Returns:
        H×W×3, red, green, blue; pictures are clipped to [-1, 1].
    """
    height, width = samples[0].real.shape[-2:]
    cell = _scaled((width, height), (_LONG_SIDE, _LONG_SIDE))
    columns = [0, 1, 2, 3] if any(sample.identity is not None for sample in samples) else [0, 2, 3]
    bands = []
    for direction, group in groupby(samples, lambda sample: sample.direction):
        labels = (_OTHER[direction], "identity", direction, f"{_OTHER[direction]} again")
        bands.append(_labels([labels[column] for column in columns], cell))
        for sample in group:
            bands += [_row([row[column] for column in columns], cell) for row in _rows(sample, cell)]
    return np.concatenate(bands)


def _rows(sample: Sample, cell: tuple[int, int]) -> Iterator[list[RGB | None]]:
    """Yield the four pictures of a sample, then those with heat maps over them if it has any."""
    pictures = (sample.real, sample.identity, sample.forward, sample.cycled)
    fitted = [None if picture is None else _fitted(picture, cell) for picture in pictures]
    yield fitted
    heats = (None, *sample.heats)
    if any(heat is not None for heat in heats):
        yield [
            None if picture is None or heat is None else _heated(picture, heat)
            for picture, heat in zip(fitted, heats, strict=True)
        ]


def _fitted(picture: Tensor, cell: tuple[int, int]) -> RGB:
    """Scale a picture 1×3×H×W in [-1, 1] to fit into a cell, as H×W×3."""
    pixels = picture[0].detach().float().cpu().clamp(-1, 1).permute(1, 2, 0).numpy()  # (H, W, 3)
    size = _scaled((pixels.shape[1], pixels.shape[0]), cell)
    return _as_uint8(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) / 2 + 0.5)


def _heated(picture: RGB, heat: Tensor) -> RGB:
    """Lay a heat map 1×1×h×w over a picture, half and half."""
    values = heat[0, 0].detach().float().cpu().numpy()  # (h, w)
    values = values / max(values.max(), np.finfo(np.float32).tiny)
    spread = cv2.resize(values, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(_as_uint8(spread), cv2.COLORMAP_TURBO)[..., ::-1]
    return np.asarray(cv2.addWeighted(picture, 0.5, colours, 0.5, 0), np.uint8)


def _row(pictures: Sequence[RGB | None], cell: tuple[int, int]) -> RGB:
    """Place pictures side by side, each in the middle of its cell."""
    band = _band(len(pictures), cell[0], cell[1] + _GAP)
    for column, picture in enumerate(pictures):
        if picture is not None:
            height, width, _ = picture.shape
            left = column * (cell[0] + _GAP) + (cell[0] - width) // 2
            top = (cell[1] - height) // 2
            band[top : top + height, left : left + width] = picture
    return band


def _labels(texts: Sequence[str], cell: tuple[int, int]) -> RGB:
    band = _band(len(texts), cell[0], _LABEL)
    for column, text in enumerate(texts):
        start = (column * (cell[0] + _GAP) + _GAP, _LABEL - 7)
        cv2.putText(band, text, start, cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
    return band


def _band(columns: int, width: int, height: int) -> RGB:
    return np.full((height, columns * (width + _GAP), 3), _GROUND, np.uint8)


def _scaled(size: tuple[int, int], within: tuple[int, int]) -> tuple[int, int]:
    """Return the largest width and height of the same shape that fit."""
    scale = min(within[0] / size[0], within[1] / size[1])
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _as_uint8(values: NDArray[np.floating]) -> RGB:
    return np.asarray(np.rint(values * 255), np.uint8)
