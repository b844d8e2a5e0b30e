"""Grids of sample nights: the plate, the night, and each of its light groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from torch import Tensor

from daynight.training.methods.night.terms import Relit
from daynight.training.networks.relight import encode_display
from daynight.training.run.method import RGB

_LONG_SIDE: Final = 320
"""Of a cell, in pixels."""
_GAP: Final = 4


def light_grid(samples: Sequence[tuple[Tensor, Relit]]) -> RGB:
    """Lay samples out, one a row: plate, night, ambient, practicals, emission.

    Args:
        samples: a day photograph 1×3×H×W in [-1, 1], and the night made of it.

    Returns:
        H×W×3, display-encoded.
    """
    rows = []
    for day, relit in samples:
        lights = [encode_display(group) * 2 - 1 for group in relit.groups]
        cells = [_cell(each) for each in (day, relit.picture, *lights)]
        rows.append(np.concatenate(cells, axis=1))
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
    return np.concatenate(padded)


def _cell(picture: Tensor) -> RGB:
    """Scale a picture 1×3×H×W in [-1, 1] to a cell, with a gap at its right and below."""
    pixels = (picture[0].float().cpu().clamp(-1, 1).permute(1, 2, 0).numpy() + 1) / 2
    scale = _LONG_SIDE / max(pixels.shape[:2])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return np.pad(np.rint(small * 255).astype(np.uint8), ((0, _GAP), (0, _GAP), (0, 0)))
