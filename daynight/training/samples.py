"""Grids of sample pictures, to see at a glance how a run goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daynight.training.networks.relight import Relight, apply_maps, decode_display, encode_display

_CELL: Final = (256, 192)
"""Width and height of a picture in the grid."""


@torch.no_grad()
def relit(network: Relight, picture: Tensor) -> Tensor:
    """Relight a display-encoded picture N×3×H×W in [0, 1], and give it display-encoded in [0, 1]."""
    light = apply_maps(decode_display(picture), *network(picture * 2 - 1))
    return encode_display(light).clamp(max=1)


def write_samples(path: Path, samples: Sequence[tuple[Tensor, Tensor]], night: Relight, day: Relight) -> None:
    """Write a PNG: day, its night, night, its day; one row for each sample.

    Args:
        path: the file.
        samples: day and night photographs, 1×3×H×W in [0, 1].
        night: the night network.
        day: the day network.
    """
    rows = []
    for by_day, by_night in samples:
        pictures = (by_day, relit(night, by_day), by_night, relit(day, by_night))
        rows.append(np.concatenate([_thumbnail(picture) for picture in pictures], axis=1))
    cv2.imwrite(str(path), np.concatenate(rows)[..., ::-1])


def _thumbnail(picture: Tensor) -> NDArray[np.uint8]:
    pixels = picture[0].permute(1, 2, 0).numpy()  # (H, W, 3)
    small = np.asarray(cv2.resize(pixels, _CELL, interpolation=cv2.INTER_AREA), np.float32)
    return np.rint(small * 255).astype(np.uint8)
