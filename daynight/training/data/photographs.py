"""The photographs of one domain (day or night): decoded once, kept small, drawn at random."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor

from daynight.colour.encoding import decode_display, encode_display
from daynight.errors import DaynightError
from daynight.frames.frame import Pixels
from daynight.plates import EXTENSIONS
from daynight.plates.photographs import (
    Photograph,
    Warn,
    each_of,
    nothing_readable,
    open_spaces,
    read_picture,
)
from daynight.plates.sequences import discover
from daynight.training.data.crops import CropBox, CropSampler
from daynight.training.run.method import RGB

_LIFTED: Final = 0.04
"""Display value above which the darkest pixels of a night photograph count as lifted."""
_PARTS: Final = 4
"""Rows and columns of the frame in which levels are measured."""
_NUMBER_AND_ENDING: Final = re.compile(r"[._-]?\d*\.[^./]+$")


@dataclass(frozen=True)
class DecodedPhotograph:
    """A photograph in memory."""

    name: str
    """Its path below the source, with forward slashes."""
    picture: RGB
    """Slightly larger than what is drawn, see :meth:`CropSampler.shrunk`."""
    size: tuple[int, int]
    """Height and width of its file, in pixels."""


class Photographs:
    """The photographs of one domain, day or night.

    Args:
        source: where they come from.
        photographs: at least one; ``NAME_0001.jpg``, ``NAME.1001.exr`` and the like are views of one source.
        crops: what is drawn of them.
        source_power: a source of n views is drawn with weight n to this power.
        shares: factors of these weights, by the beginning of a name.
        left_out: files that could not be read.
    """

    def __init__(
        self,
        source: Path,
        photographs: Sequence[DecodedPhotograph],
        crops: CropSampler,
        *,
        source_power: float = 1.0,
        shares: Mapping[str, float] = MappingProxyType({}),
        left_out: int = 0,
    ) -> None:
        self.photographs, self.crops = photographs, crops
        sources = [_NUMBER_AND_ENDING.sub("", each.name) for each in photographs]
        views = Counter(sources)
        weights = np.array(
            [
                views[source] ** (source_power - 1) * _share(each.name, shares)
                for each, source in zip(photographs, sources, strict=True)
            ]
        )
        self._weights = weights / weights.sum()
        self._source, self._sources, self._left_out = source, len(views), left_out

    @classmethod
    def read(
        cls,
        source: Path,
        crops: CropSampler,
        warn: Warn,
        *,
        source_power: float = 1.0,
        shares: Mapping[str, float] = MappingProxyType({}),
        deepen: bool = False,
        jobs: int | None = None,
    ) -> Photographs:
        """Decode the photographs of a source.

        Args:
            source: a folder (searched through), a pattern such as ``shot.####.exr``, or one image.
            crops: what is drawn of them.
            warn: called with one line for each file that can't be read; it is left out.
            source_power: see the class.
            shares: see the class.
            deepen: pull lifted blacks down to black.
            jobs: files to decode at a time; ``None``: one for each CPU core.

        Raises:
            UsageError: the source is empty, or nothing in it can be read.
        """
        found = [
            Photograph(path, path.relative_to(shot.root).as_posix())
            for shot in discover(source, EXTENSIONS)
            for number, path in shot.frames
            if number is None or number in shot.requested
        ]
        kept = []
        for result in decode_photographs(found, crops, deepen, warn, jobs):
            if isinstance(result, DaynightError):
                warn(f"{result}; it is left out")
            else:
                kept.append(result)
        if not kept:
            raise nothing_readable(source)
        left_out = len(found) - len(kept)
        return cls(source, kept, crops, source_power=source_power, shares=shares, left_out=left_out)

    def __len__(self) -> int:
        return len(self.photographs)

    def choose(self, random: np.random.Generator) -> int:
        """Draw the index of a photograph."""
        return int(random.choice(len(self), p=self._weights))

    def crop(self, index: int, random: np.random.Generator) -> CropBox:
        """Draw a crop of a photograph."""
        height, width = self.photographs[index].picture.shape[:2]
        return self.crops.draw(height, width, random)

    def draw(self, random: np.random.Generator, *, exposure: float = 0.0) -> Tensor:
        """Draw a crop of some photograph.

        Args:
            random: the random generator.
            exposure: largest change of exposure, in stops either way.

        Returns:
            3×H×W float32, contiguous, display-encoded in [-1, 1].
        """
        index = self.choose(random)
        picture = _unit(self.crop(index, random).of(self.photographs[index].picture))
        if exposure:
            gain = np.float32(2.0 ** random.uniform(-exposure, exposure))
            picture = np.minimum(encode_display(decode_display(picture) * gain), 1)
        return as_tensor(picture)

    def levels(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """Return the band of brightness between two quantiles, as a ``TrainingData`` does."""
        parts = [
            cv2.resize(_unit(each.picture), (_PARTS, _PARTS), interpolation=cv2.INTER_AREA).mean(axis=2)
            for each in self.photographs
        ]
        darkest, brightest = np.quantile(parts, (low, high), axis=0).astype(np.float32) * 2 - 1
        return torch.from_numpy(darkest), torch.from_numpy(brightest)

    def describe(self) -> str:
        """Describe source, number, sizes and memory, in one line."""
        smallest, largest = (
            order((each.size for each in self.photographs), key=math.prod) for order in (min, max)
        )
        enlarged = sum(self.crops.scale_of(*each.size) > 1 for each in self.photographs)
        memory = sum(each.picture.nbytes for each in self.photographs) / 1e6
        facts = [
            _counted(len(self), "photograph"),
            f"of {_counted(self._sources, 'source')}",
            f"{smallest[1]}x{smallest[0]} to {largest[1]}x{largest[0]} pixels",
            f"{memory:,.1f} MB in memory",
            *([f"{enlarged:,} smaller than what is drawn"] if enlarged else []),
            *([f"{self._left_out:,} left out"] if self._left_out else []),
        ]
        return f"{self._source}: {facts[0]} {', '.join(facts[1:])}"


def decode_photographs(
    photographs: Sequence[Photograph], crops: CropSampler, deepen: bool, warn: Warn, jobs: int | None
) -> list[DecodedPhotograph | DaynightError]:
    """Decode photographs; an error stands for each that can't be read."""
    spaces = open_spaces(warn)

    def work(photograph: Photograph) -> DecodedPhotograph:
        pixels = read_picture(photograph.path, spaces).pixels
        shrunk = crops.shrunk(pixels)
        picture = _deepened(shrunk) if deepen else shrunk
        height, width = pixels.shape[:2]
        return DecodedPhotograph(photograph.name, np.rint(picture * 255).astype(np.uint8), (height, width))

    return [result for _, result in each_of(photographs, work, jobs, lambda *_: None)]


def as_tensor(picture: RGB | Pixels) -> Tensor:
    """Return a picture H×W×3 (uint8, or float in [0, 1]) as networks take it: 3×H×W in [-1, 1]."""
    unit = _unit(picture) if picture.dtype == np.uint8 else picture
    return torch.from_numpy(np.ascontiguousarray(unit.transpose(2, 0, 1) * 2 - 1))


def _share(name: str, shares: Mapping[str, float]) -> float:
    """Return the factor of a photograph's weight."""
    return next((share for start, share in shares.items() if Path(name).name.startswith(start)), 1.0)


def _deepened(picture: Pixels) -> Pixels:
    """Pull lifted blacks of a washed-out night photograph down to black."""
    darkest = np.float32(np.percentile(picture, 1))
    if darkest < _LIFTED:
        return picture
    return np.asarray(np.clip((picture - darkest) / (1 - darkest), 0, 1), np.float32)


def _unit(picture: RGB | Pixels) -> Pixels:
    """Scale 8 bits to [0, 1]."""
    return np.asarray(picture / np.float32(255), np.float32)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
