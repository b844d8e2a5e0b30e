"""The figures of an evaluation, one object each: to add one, add an object to a table below.

A :class:`Measure` works in two steps, so that no picture stays in memory: ``observe`` keeps a value of each
picture, and ``reduce`` turns the values of a whole version into its figure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from daynight.colour.encoding import luminance
from daynight.evaluation import formulas
from daynight.evaluation.classify import Classification, TrainedClassifier, strong_error
from daynight.evaluation.flicker import Steadiness
from daynight.evaluation.formulas import Features, Luma
from daynight.evaluation.inception import Inception
from daynight.evaluation.lite2 import Lite2
from daynight.evaluation.options import Target
from daynight.evaluation.results import Figure, VersionRow
from daynight.frames.frame import Pixels
from daynight.frames.resize import scaled
from daynight.frames.tiling import TileLayout

T = TypeVar("T")

Need = Literal["plate", "result", "real", "enough", "strong", "inception", "lite2"]
"""What a measure needs: ``plate``, a plate or a picture made from one; ``result``, one made from a plate;
``real``, real photographs to compare with; ``enough``, a minimum of pictures on both sides; ``strong`` and
``inception``, the options of these names; ``lite2``, its weights."""


@dataclass(frozen=True)
class Instruments:
    """What pictures are measured with."""

    target: Target
    classifier: TrainedClassifier
    inception: Inception | None
    lite2: Lite2 | None
    tiles: Callable[[int, int], TileLayout | None]
    """How the look tiles a frame of this height and width."""


@dataclass(frozen=True)
class Sample:
    """One picture of a version, while it is being measured."""

    picture: Pixels
    """H×W×3, display-encoded, in [0, 1]."""
    plate: Pixels | None
    """The plate that it was made from; ``None`` for plates and real photographs."""
    rotated: bool
    """Whether its file stores it in another orientation."""
    instruments: Instruments

    @cached_property
    def luma(self) -> Luma:
        """The picture's display luma."""
        return luminance(self.picture)

    @cached_property
    def lumas(self) -> tuple[Luma, Luma]:
        """Display luma of the plate, and of the picture at the plate's size."""
        assert self.plate is not None
        return luminance(self.plate), luminance(scaled(self.picture, *self.plate.shape[:2]))

    @cached_property
    def classification(self) -> Classification:
        """What the day/night classifier makes of the picture."""
        return self.instruments.classifier(self.picture)

    @cached_property
    def inception_features(self) -> Features:
        """What Inception sees."""
        assert self.instruments.inception is not None
        return self.instruments.inception(self.picture)

    @cached_property
    def lite2_features(self) -> Features:
        """What EfficientNet-Lite2 sees."""
        assert self.instruments.lite2 is not None
        return self.instruments.lite2(self.picture)


@dataclass(frozen=True, kw_only=True)
class Column:
    """How a figure is named and shown."""

    name: str
    """Key in ``report.json``; a standard error is stored as ``NAME_error``."""
    heading: str
    """Head of its column, with ``{target}`` for night or day; empty: in ``report.json`` only."""
    format: str = ".3f"
    best: str = ""
    """The best value, in words."""


@dataclass(frozen=True, kw_only=True)
class Measure(Column, Generic[T]):
    """A figure of a version of the plates."""

    observe: Callable[[Sample], T]
    """What to keep of each picture."""
    reduce: Callable[[Sequence[T], Sequence[T]], Figure]
    """Turn the values of a version, and those of the real photographs, into a figure."""
    reduce_real: Callable[[Sequence[T]], Figure] | None = None
    """The same for the row of the real photographs; ``None``: they have no such figure."""
    needs: frozenset[Need] = frozenset()
    progress: str = ""
    """What to report before ``reduce``, when that takes long."""


@dataclass(frozen=True, kw_only=True)
class RelativeMeasure(Column):
    """A figure in parts of the smallest among the baselines."""

    of: str
    """Name of the measure."""

    def add(self, rows: Sequence[VersionRow]) -> list[VersionRow]:
        """Add the figure to all rows that have the measure; unchanged where the smallest is not above 0."""
        values = {row.name: figure.value for row in rows if (figure := row.figures.get(self.of))}
        baselines = (values.get(row.name) for row in rows if row.role == "baseline")
        smallest = min((value for value in baselines if value is not None), default=0.0)
        if smallest <= 0:
            return list(rows)
        return [
            row
            if (value := values.get(row.name)) is None
            else replace(row, figures={**row.figures, self.name: Figure(value / smallest)})
            for row in rows
        ]


@dataclass(frozen=True, kw_only=True)
class FlickerMeasure(Column):
    """A figure of a version of a shot, from its steadiness and its plates'."""

    take: Callable[[Steadiness, Steadiness], float]


def add_relative(rows: Sequence[VersionRow]) -> list[VersionRow]:
    """Add the figures that depend on other versions'."""
    for column in TABLE:
        if isinstance(column, RelativeMeasure):
            rows = column.add(rows)
    return list(rows)


def mean_of(values: Sequence[float]) -> Figure:
    """Return the mean of the values that could be measured."""
    finite = [value for value in values if math.isfinite(value)]
    return Figure(float(np.mean(finite)) if finite else None)


def difference(plate: Pixels, result: Pixels) -> float:
    """Return the mean absolute difference of a plate and a result, at the plate's size."""
    return float(np.abs(plate - scaled(result, *plate.shape[:2])).mean(dtype=np.float64))


def mean_histogram(histograms: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the brightness histogram of a version from those of its pictures."""
    return np.asarray(np.mean(histograms, axis=0), np.float64)


def _mean(values: Sequence[float], _: Sequence[float]) -> Figure:
    return mean_of(values)


def _kernel_distance(version: Sequence[Features], real: Sequence[Features]) -> Figure:
    x, y = np.stack(version), np.stack(real)
    return Figure(formulas.mmd2(x, y), formulas.mmd2_error(x, y))


def _distance_of_halves(real: Sequence[Features]) -> Figure:
    """How far apart random halves of the real photographs lie: what a perfect version would score."""
    return Figure(None, formulas.mmd2_of_halves(np.stack(real)))


def _reads_as_target(sample: Sample) -> float:
    return float((sample.classification.night > 0) == (sample.instruments.target == "night"))


def _seam(sample: Sample) -> float:
    layout = None if sample.rotated else sample.instruments.tiles(*sample.luma.shape)
    return formulas.seam(sample.luma, *formulas.borders(layout)) if layout else math.nan


def _difference(sample: Sample) -> float:
    assert sample.plate is not None
    return difference(sample.plate, sample.picture)


READS: Final = Measure(
    name="reads",
    heading="reads as {target}",
    format=".0%",
    best="as real photographs",
    observe=_reads_as_target,
    reduce=_mean,
    reduce_real=mean_of,
)
HISTOGRAM: Final = Measure(
    name="brightness_distance",
    heading="brightness from real",
    best="0",
    needs=frozenset({"real"}),
    observe=lambda sample: formulas.histogram(sample.luma),
    reduce=lambda version, real: Figure(
        formulas.histogram_distance(mean_histogram(version), mean_histogram(real))
    ),
)
KID_SHARE: Final = RelativeMeasure(
    name="kid_share", heading="of best baseline", format=".2f", best="small", of="kid"
)
TABLE: Final[tuple[Measure[Any] | RelativeMeasure, ...]] = (
    READS,
    Measure(
        name="kid",
        heading="KID",
        best="0",
        needs=frozenset({"real", "enough"}),
        observe=lambda sample: sample.classification.features,
        reduce=_kernel_distance,
        reduce_real=_distance_of_halves,
    ),
    KID_SHARE,
    Measure(
        name="lite2_kid",
        heading="KID on Lite2",
        best="0",
        needs=frozenset({"real", "enough", "lite2"}),
        observe=lambda sample: sample.lite2_features,
        reduce=_kernel_distance,
        reduce_real=_distance_of_halves,
    ),
    RelativeMeasure(
        name="lite2_kid_share", heading="of best, on Lite2", format=".2f", best="small", of="lite2_kid"
    ),
    Measure(
        name="bright",
        heading="above 200 of 255",
        format=".2%",
        best="as real photographs",
        observe=lambda sample: formulas.bright_share(sample.luma),
        reduce=_mean,
        reduce_real=mean_of,
    ),
    Measure(
        name="strong_error",
        heading="strong error",
        format=".0%",
        best="50 %",
        needs=frozenset({"real", "enough", "strong"}),
        observe=lambda sample: sample.classification.small,
        reduce=lambda version, real: Figure(strong_error(version, real)),
        progress="training the strong classifier on",
    ),
    Measure(
        name="fid",
        heading="FID",
        format=".1f",
        best="0",
        needs=frozenset({"real", "enough", "inception"}),
        observe=lambda sample: sample.inception_features,
        reduce=lambda version, real: Figure(formulas.frechet(np.stack(version), np.stack(real))),
    ),
    Measure(
        name="inception_kid",
        heading="Inception KID",
        format=".4f",
        best="0",
        needs=frozenset({"real", "enough", "inception"}),
        observe=lambda sample: sample.inception_features,
        reduce=_kernel_distance,
        reduce_real=_distance_of_halves,
    ),
    Measure(
        name="gradient_correlation",
        heading="gradient correlation",
        best="1",
        needs=frozenset({"result"}),
        observe=lambda sample: formulas.gradient_correlation(*sample.lumas),
        reduce=_mean,
    ),
    Measure(
        name="contrast_ssim",
        heading="local contrast",
        best="1",
        needs=frozenset({"result"}),
        observe=lambda sample: formulas.contrast_ssim(*sample.lumas),
        reduce=_mean,
    ),
    Measure(
        name="difference",
        heading="difference",
        needs=frozenset({"result"}),
        observe=_difference,
        reduce=_mean,
    ),
    Measure(
        name="brightness",
        heading="brightness",
        best="as real photographs",
        observe=lambda sample: float(sample.luma.mean(dtype=np.float64)),
        reduce=_mean,
        reduce_real=mean_of,
    ),
    HISTOGRAM,
    Measure(
        name="seam",
        heading="seam",
        best="as the plates",
        needs=frozenset({"plate"}),
        observe=_seam,
        reduce=_mean,
    ),
)
"""All figures of versions, in the order of their columns."""

MEASURES: Final[tuple[Measure[Any], ...]] = tuple(each for each in TABLE if isinstance(each, Measure))

FLICKER_TABLE: Final = (
    FlickerMeasure(
        name="ratio",
        heading="flicker",
        format=".2f",
        best="1",
        take=lambda shot, plates: _ratio(shot.levelled, plates.levelled),
    ),
    FlickerMeasure(
        name="unmatched",
        heading="levels not matched",
        format=".2f",
        best="1",
        take=lambda shot, plates: _ratio(shot.difference, plates.difference),
    ),
    FlickerMeasure(
        name="held",
        heading="over light held",
        format=".2f",
        best="1",
        take=lambda shot, _: _ratio(shot.difference, shot.held),
    ),
    FlickerMeasure(
        name="swing",
        heading="swing, camera locked off",
        format=".1%",
        best="as the plates",
        take=lambda shot, _: shot.swing,
    ),
    FlickerMeasure(
        name="pumping",
        heading="pumping",
        format=".2%",
        best="as the plates",
        take=lambda shot, _: shot.pumping,
    ),
    FlickerMeasure(name="difference", heading="", take=lambda shot, _: shot.difference),
    FlickerMeasure(name="deviation", heading="", take=lambda shot, _: shot.deviation),
    FlickerMeasure(name="level", heading="", take=lambda shot, _: shot.level),
)
"""All figures of shots, in the order of their columns."""


def flicker_figures(shot: Steadiness, plates: Steadiness) -> Mapping[str, Figure]:
    """Return all figures of a version of a shot."""
    return {measure.name: mean_of([measure.take(shot, plates)]) for measure in FLICKER_TABLE}


def _ratio(value: float, of_plates: float) -> float:
    return value / of_plates if of_plates else math.nan
