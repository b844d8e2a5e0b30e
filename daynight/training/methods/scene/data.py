"""Training data of the scene network: crops of labelled photographs, with lamps painted into half of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from daynight.colour.encoding import decode_display, encode_display
from daynight.errors import DaynightError, UsageError
from daynight.models.scene import SURFACES
from daynight.plates.photographs import Photograph, each_of, open_spaces, read_picture
from daynight.training.data.crops import CropSampler
from daynight.training.data.photographs import as_tensor
from daynight.training.methods.scene.labels import (
    LIGHT,
    UNLABELLED,
    WINDOW,
    Labels,
    read_labels,
    read_table,
)
from daynight.training.methods.scene.lamps import painted, spots
from daynight.training.run.method import RGB, Batch

_PAINTED: Final = 0.5
"""Part of the pictures into which lamps are painted."""
_TINT: Final = 0.1
"""Largest change of a channel's gain: cameras differ in white balance."""
_BUILDING, _GROUND, _OTHER = (SURFACES.index(name) for name in ("building", "ground", "other"))


@dataclass(frozen=True)
class _Labelled:
    picture: RGB
    labels: Labels
    glowing: bool


class LabelledPhotographs:
    """Labelled photographs, decoded once. Holds no random state.

    Args:
        pictures: at least one.
        weights: how often each is drawn, over the others.
        crops: what is drawn of them.
        exposure: largest change of exposure, in stops either way.
    """

    def __init__(
        self, pictures: Sequence[_Labelled], weights: Sequence[float], crops: CropSampler, *, exposure: float
    ) -> None:
        self._pictures, self._crops, self._exposure = pictures, crops, exposure
        self._weights = np.asarray(weights) / np.sum(weights)

    @classmethod
    def read(
        cls,
        table: Path,
        root: Path,
        crops: CropSampler,
        warn: Callable[[str], None],
        *,
        exposure: float,
        jobs: int | None = None,
    ) -> LabelledPhotographs:
        """Decode the photographs of a table (see :mod:`.labels`).

        Raises:
            UsageError: the table can't be read, or no photograph can.
        """
        files = read_table(table, root)
        spaces = open_spaces(warn)
        by_path = {file.picture: file for file in files}

        def work(photograph: Photograph) -> _Labelled:
            file = by_path[photograph.path]
            pixels = crops.shrunk(read_picture(photograph.path, spaces).pixels)
            labels = read_labels(file, *pixels.shape[:2])
            return _Labelled(np.rint(pixels * 255).astype(np.uint8), labels, file.of.glowing)

        pictures, weights = [], []
        photographs = [Photograph(file.picture, file.picture.name) for file in files]
        for photograph, result in each_of(photographs, work, jobs, lambda *_: None):
            if isinstance(result, DaynightError):
                warn(f"{result}; it is left out")
            else:
                pictures.append(result)
                weights.append(by_path[photograph.path].of.share)
        if not pictures:
            raise UsageError(table, "names no readable picture", "check its folders")
        return cls(pictures, weights, crops, exposure=exposure)

    def draw(self, random: np.random.Generator, count: int) -> Batch:
        """Draw pictures and their targets.

        Returns:
            Pictures count×3×H×W, display-encoded in [-1, 1]; and what is known of each pixel, count×3×H×W
            int64: its surface, whether it is a window, and whether it is a light (each 255: not known).
        """
        drawn = [self._drawn(random) for _ in range(count)]
        return torch.stack([each for each, _ in drawn]), torch.stack([each for _, each in drawn])

    def _drawn(self, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        each = self._pictures[int(random.choice(len(self._pictures), p=self._weights))]
        height, width = each.labels.shape
        crop = self._crops.draw(height, width, random)
        picture, labels = crop.of(each.picture), crop.of_labels(each.labels)
        gain = 2.0 ** random.uniform(-self._exposure, self._exposure) * (1 + random.uniform(-_TINT, _TINT, 3))
        light = decode_display(np.asarray(picture / np.float32(255), np.float32)) * gain.astype(np.float32)
        found = spots(light)
        if random.random() < _PAINTED and not each.glowing:
            light, labels = painted(light, labels, random)
        targets = np.stack([_surface(labels), _window(labels), _light(labels, found, each.glowing)])
        return as_tensor(encode_display(light, high_range=True)), torch.from_numpy(targets)

    def describe(self) -> list[str]:
        """Describe the photographs and what is drawn of them."""
        labelled = sum(bool((each.labels != UNLABELLED).any()) for each in self._pictures)
        return [f"{len(self._pictures):,} photographs, {labelled:,} of them labelled", self._crops.describe()]


def _surface(labels: Labels) -> np.ndarray:
    surface = labels.astype(np.int64)
    surface[labels == WINDOW] = _BUILDING
    surface[labels == LIGHT] = UNLABELLED
    return surface


def _window(labels: Labels) -> np.ndarray:
    window = np.where(labels == WINDOW, 1, 0).astype(np.int64)
    window[(labels == UNLABELLED) | (labels == LIGHT)] = UNLABELLED
    return window


def _light(labels: Labels, found: np.ndarray, glowing: bool) -> np.ndarray:
    """Lights where they are labelled, or in night photographs where they are bright and lone.

    By day a bright, lone spot on a building or a vehicle may be one that nobody labelled; on the ground, in
    leaves and in the sky it is paint, sun or a gap.
    """
    if glowing:
        return np.where(found, 1, 0).astype(np.int64)
    lights = np.where(labels == LIGHT, 1, 0).astype(np.int64)
    unsure = (labels == UNLABELLED) | (found & np.isin(labels, (_BUILDING, _OTHER, WINDOW)))
    lights[unsure] = UNLABELLED
    return lights
