"""Training data of a cycle GAN: day and night photographs, unpaired or in pairs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from daynight.errors import DaynightError, UsageError
from daynight.frames.resize import scaled
from daynight.plates.photographs import Photograph, Warn
from daynight.plugin.network_kind import NetworkKind
from daynight.training.data.crops import CropSampler
from daynight.training.data.pairs import read_pairs
from daynight.training.data.photographs import DecodedPhotograph, Photographs, as_tensor, decode_photographs
from daynight.training.data.recipe import DataRecipe

_UNLIKE: Final = 1.05
"""Ratio of two aspects from which a pair can't show the same view."""


class ReadOptions(Protocol):
    """How files are read."""

    @property
    def warn(self) -> Warn:
        """Called with one line for each file that can't be read; it is left out, with its pair."""

    @property
    def jobs(self) -> int | None:
        """Files to decode at a time; ``None``: one for each CPU core."""


class TrainingData(Protocol):
    """Day and night photographs. Holds no random state."""

    @property
    def paired(self) -> bool:
        """Whether day and night of a batch show the same views."""

    def draw(self, random: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        """Draw day and night photographs, one after the other: twice one is the same as two at once.

        Args:
            random: the random generator.
            count: day photographs, and night photographs; 1 or more.

        Returns:
            Day and night, each count×3×H×W float32, contiguous, display-encoded in [-1, 1], sides multiples
            of the network's.

        Raises:
            RuntimeError: whole frames of different shapes can't be stacked; draw one at a time.
        """

    def day_levels(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """Return the band of brightness between two quantiles of the day photographs, part by part.

        Args:
            low: share of the photographs that are darker than the band, in [0, 1].
            high: share of the photographs that are darker than its upper end.

        Returns:
            Lower and upper end, each 4×4 (of the whole photograph, whatever is drawn of it) float32,
            display-encoded in [-1, 1].
        """

    def night_levels(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """Return the same of the night photographs, as they are drawn, with ``deepen`` applied."""

    def describe(self) -> list[str]:
        """Describe the photographs and what is drawn of them, in a few lines."""


def open_data(  # noqa: PLR0917 - the recipe and its network, then the photographs
    recipe: DataRecipe, kind: NetworkKind, day: Path, night: Path, pairs: Path | None, options: ReadOptions
) -> TrainingData:
    """Read the photographs that a recipe trains on.

    Args:
        recipe: how they are framed, drawn and changed.
        kind: the networks' kind, which limits their sizes.
        day: a folder (searched through), a pattern such as ``shot.####.exr``, or one image.
        night: likewise; with pairs, both are folders.
        pairs: CSV with the header ``day,night``, of names below both folders; ``None``: unpaired.
        options: how files are read.

    Raises:
        UsageError: the size is not one that the networks take, or there is nothing to train on.
    """
    crops = CropSampler.for_size(
        recipe, name=kind.name, multiple=kind.size_multiple, least_side=kind.least_side
    )
    power, deepen, warn, jobs = recipe.source_power, recipe.deepen, options.warn, options.jobs
    if pairs is not None:
        return Paired.read(pairs, day, night, crops, warn, source_power=power, deepen=deepen, jobs=jobs)
    return Unpaired(
        Photographs.read(day, crops, warn, source_power=power, jobs=jobs),
        Photographs.read(night, crops, warn, source_power=power, deepen=deepen, jobs=jobs),
        exposure=recipe.exposure,
    )


class _Sides:
    """Day and night photographs."""

    paired = False

    def __init__(self, day: Photographs, night: Photographs) -> None:
        self.day, self.night = day, night

    def day_levels(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """See :meth:`TrainingData.day_levels`."""
        return self.day.levels(low, high)

    def night_levels(self, low: float, high: float) -> tuple[Tensor, Tensor]:
        """See :meth:`TrainingData.night_levels`."""
        return self.night.levels(low, high)

    def describe(self) -> list[str]:
        """See :meth:`TrainingData.describe`."""
        return [f"day {self.day.describe()}", f"night {self.night.describe()}", self.day.crops.describe()]


class Unpaired(_Sides):
    """Day and night photographs of unrelated views.

    Args:
        day: drawn with a change of exposure.
        night: drawn as they are.
        exposure: largest change of exposure, in stops either way.
    """

    def __init__(self, day: Photographs, night: Photographs, *, exposure: float = 0.0) -> None:
        super().__init__(day, night)
        self._exposure = exposure

    def draw(self, random: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        """See :meth:`TrainingData.draw`."""
        return _stacked(
            (self.day.draw(random, exposure=self._exposure), self.night.draw(random)) for _ in range(count)
        )


class Paired(_Sides):
    """Day and night photographs of the same views, cropped and mirrored alike.

    Exposure is never changed: day and night would no longer match.

    Args:
        day: chosen from, by their weights.
        night: as many, in the same order, each kept at the size of its day.
    """

    paired = True

    @classmethod
    def read(
        cls,
        table: Path,
        day: Path,
        night: Path,
        crops: CropSampler,
        warn: Warn,
        *,
        source_power: float = 1.0,
        deepen: bool = False,
        jobs: int | None = None,
    ) -> Paired:
        """Decode the photographs that a CSV names; a night of another size is scaled to its day's.

        Args:
            table: CSV with the header ``day,night``.
            day: folder of its day photographs.
            night: folder of its night photographs.
            crops: what is drawn of them.
            warn: called with one line for each row whose photographs can't be read, or differ in shape.
            source_power: a source of n views by day is drawn with weight n to this power.
            deepen: pull lifted blacks of the nights down to black.
            jobs: files to decode at a time; ``None``: one for each CPU core.

        Raises:
            UsageError: the CSV can't be read (see :func:`.pairs.read_pairs`), ``day`` or ``night`` is not
                a folder, or no pair can be used.
        """
        rows = read_pairs(table)
        for folder in (day, night):
            if not folder.is_dir():
                raise UsageError(folder, "is not a folder", f"give the folder that {table} names files of")
        days = [Photograph(day / row.day, row.day) for row in rows]
        nights = [Photograph(night / row.night, row.night) for row in rows]
        by_day, by_night = [], []
        for row, *pair in zip(
            rows,
            decode_photographs(days, crops, False, warn, jobs),
            decode_photographs(nights, crops, deepen, warn, jobs),
            strict=True,
        ):
            try:
                first, second = _matched(*pair)
            except DaynightError as error:
                warn(f"{table}, line {row.line}: {error}; the pair is left out")
                continue
            by_day.append(first)
            by_night.append(second)
        if not by_day:
            raise UsageError(table, "holds no readable pair", f"name files of {day} and {night}")
        left_out = len(rows) - len(by_day)
        return cls(
            Photographs(day, by_day, crops, source_power=source_power, left_out=left_out),
            Photographs(night, by_night, crops, left_out=left_out),
        )

    def draw(self, random: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        """See :meth:`TrainingData.draw`."""
        return _stacked(self._pair(random) for _ in range(count))

    def _pair(self, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        index = self.day.choose(random)
        crop = self.day.crop(index, random)
        day, night = (crop.of(side.photographs[index].picture) for side in (self.day, self.night))
        return as_tensor(day), as_tensor(night)


def _matched(
    day: DecodedPhotograph | DaynightError, night: DecodedPhotograph | DaynightError
) -> tuple[DecodedPhotograph, DecodedPhotograph]:
    """Return a pair with the night scaled to the day's frame.

    Raises:
        DaynightError: one of both could not be read, or they can't show the same view.
    """
    if isinstance(day, DaynightError):
        raise day
    if isinstance(night, DaynightError):
        raise night
    ratio = (day.size[1] * night.size[0]) / (day.size[0] * night.size[1])
    if max(ratio, 1 / ratio) > _UNLIKE:
        sizes = " and ".join(f"{width}x{height}" for height, width in (day.size, night.size))
        raise UsageError("day and night", f"differ in shape ({sizes} pixels)", "crop one of them")
    return day, dataclasses.replace(night, picture=scaled(night.picture, *day.picture.shape[:2]))


def _stacked(pairs: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Stack pairs of 3×H×W into two tensors N×3×H×W."""
    days, nights = zip(*pairs, strict=True)
    return torch.stack(days), torch.stack(nights)
