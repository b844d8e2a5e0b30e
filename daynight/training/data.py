"""Photographs to train on: whole frames, unpaired, from two folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from daynight.colour import decode_display, encode_display, to_encoding
from daynight.errors import PlateError, UsageError
from daynight.images import EXTENSIONS, read_frame
from daynight.training.networks.relight import SIZE_MULTIPLE

_SOURCE_POWER: Final = 0.75
"""A source of n photographs is drawn with weight n^0.75: a webcam's many views of one place count less."""

_LIFTED: Final = 0.04
"""Display value from which the darkest pixels of a night photograph count as lifted, and are pulled down."""

_PARTS: Final = 4
"""Rows and columns of the frame in which levels are measured."""

Photograph = NDArray[np.uint8]


class Photographs:
    """The photographs of one folder, decoded once and drawn at random.

    Args:
        folder: searched through; ``NAME_0001.jpg`` belongs to the source ``NAME``.
        short_side: of the frames given, in pixels.
        warn: takes one line for each file that is no readable image; it is left out.

    Raises:
        UsageError: the folder holds no readable image.
    """

    def __init__(self, folder: Path, short_side: int, warn: Callable[[str], None]) -> None:
        self._short_side = short_side
        self._photographs: list[Photograph] = []
        sources: list[str] = []
        for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS):
            try:
                picture = to_encoding(read_frame(path), "display").image
            except PlateError as error:
                warn(f"{error}; it is left out")
                continue
            self._photographs.append(self._shrunk(picture))
            sources.append(path.stem.rpartition("_")[0])
        if not self._photographs:
            raise UsageError(folder, "holds no readable image", "give a folder of photographs")
        self._weights = _weights(sources)

    def __len__(self) -> int:
        return len(self._photographs)

    def draw(self, random: np.random.Generator, *, exposure: float = 0.0, levelled: bool = False) -> Tensor:
        """Draw a photograph, cropped a little and perhaps mirrored.

        Args:
            random: where chance comes from.
            exposure: largest change of exposure, in stops either way.
            levelled: pull lifted blacks down.

        Returns:
            1×3×H×W float32, display-encoded in [0, 1], sides multiples of 64.
        """
        photograph = self._photographs[random.choice(len(self._photographs), p=self._weights)]
        picture = _cropped(photograph, self._short_side, random).astype(np.float32) / np.float32(255)
        if levelled:
            picture = _levelled(picture)
        if exposure:
            gain = np.float32(2.0 ** random.uniform(-exposure, exposure))
            picture = np.minimum(encode_display(decode_display(picture) * gain), 1)
        if random.random() < 0.5:
            picture = picture[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[np.newaxis]))

    def levels(self, low: float, high: float, *, levelled: bool = False) -> tuple[Tensor, Tensor]:
        """Give the band of brightness between two quantiles of these photographs, part by part of the frame.

        Args:
            low: part of the photographs that is darker than the band.
            high: part of the photographs that is darker than its upper end.
            levelled: as in :meth:`draw`, lifted blacks pulled down.

        Returns:
            Lower and upper end, each 4×4, display-encoded in [0, 1].
        """
        parts = []
        for photograph in self._photographs:
            picture = photograph.astype(np.float32) / np.float32(255)
            brightness = (_levelled(picture) if levelled else picture).mean(axis=2)
            parts.append(cv2.resize(brightness, (_PARTS, _PARTS), interpolation=cv2.INTER_AREA))
        darkest, brightest = np.quantile(parts, (low, high), axis=0).astype(np.float32)
        return torch.from_numpy(darkest), torch.from_numpy(brightest)

    def _shrunk(self, picture: NDArray[np.float32]) -> Photograph:
        """Keep a photograph at a quarter more than is drawn: memory for thousands of them stays small."""
        scale = min(1.0, 1.25 * self._short_side / min(picture.shape[:2]))
        size = (max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1))
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
        return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)


def frame_size(height: int, width: int, short_side: int) -> tuple[int, int]:
    """Height and width, multiples of 64, nearest to a photograph's shape; at most 5:3 either way."""
    aspect = max(height, width) / min(height, width)
    long_side = max(round(short_side * min(aspect, 5 / 3) / SIZE_MULTIPLE) * SIZE_MULTIPLE, short_side)
    return (short_side, long_side) if width >= height else (long_side, short_side)


def _weights(sources: Sequence[str]) -> NDArray[np.float64]:
    counts = Counter(sources)
    weights = np.array([counts[source] ** (_SOURCE_POWER - 1) for source in sources])
    return np.asarray(weights / weights.sum())


def _cropped(photograph: Photograph, short_side: int, random: np.random.Generator) -> Photograph:
    """Scale and crop to a whole frame, at most an eighth of it lost beyond what its shape asks."""
    whole_height, whole_width = photograph.shape[:2]
    height, width = frame_size(whole_height, whole_width, short_side)
    zoom = random.uniform(1.0, 1.125) * max(height / whole_height, width / whole_width)
    size = (max(round(whole_width * zoom), width), max(round(whole_height * zoom), height))
    scaled = cv2.resize(photograph, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    y = random.integers(0, scaled.shape[0] - height + 1)
    x = random.integers(0, scaled.shape[1] - width + 1)
    return np.asarray(scaled[y : y + height, x : x + width], np.uint8)


def _levelled(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pull lifted blacks of a washed-out night photograph down to black."""
    darkest = np.float32(np.percentile(picture, 1))
    if darkest < _LIFTED:
        return picture
    return np.asarray(np.clip((picture - darkest) / (1 - darkest), 0, 1), np.float32)
