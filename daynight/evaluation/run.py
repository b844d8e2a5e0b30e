"""The whole evaluation, in order: convert, judge, measure, compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from daynight.api import once
from daynight.chain import Chain
from daynight.colour import luminance
from daynight.errors import UsageError
from daynight.evaluation import measures
from daynight.evaluation.figures import Asked, Evaluation, Flicker, Kind, Row, Target
from daynight.evaluation.flicker import steadiness
from daynight.evaluation.inception import Inception
from daynight.evaluation.judge import Judge, Verdict, strong_error
from daynight.evaluation.measures import Features, Luma
from daynight.evaluation.versions import MATCH, Maker, absolute, by_shot, displayed, found, matched, tiles_of
from daynight.frame import Pixels
from daynight.registry import Registry, python_warning
from daynight.spaces import ColourSpaces
from daynight.version import __version__

PLATES: Final = "the plates"
_FEWEST: Final = 4
"""Pictures a side for a kernel distance: halves of it must have two."""

_DOUBTFUL: Final = 0.1
"""Share of photographs that a judge may get wrong before the report says so."""
_NO_INCEPTION: Final = "FID and KID on public weights: not taken; give them by --inception"


def evaluate(
    asked: Asked, *, tell: Callable[[str], None] = lambda _: None, warn: Callable[[str], None] | None = None
) -> Evaluation:
    """Evaluate a look.

    Args:
        asked: what to evaluate.
        tell: takes a line when a stage begins.
        warn: takes warnings; ``None``: Python warnings.

    Raises:
        UsageError: something asked for is not there or does not fit.
        PlateError: a picture can't be read or converted: no figure is taken of a part of them.
    """
    return _Run(asked, tell, once(warn or python_warning)).evaluation()


@dataclass(frozen=True)
class _Taken:
    """What was measured of one version, picture by picture."""

    verdicts: list[Verdict]
    histograms: list[NDArray[np.float64]]
    against_plate: list[tuple[float, float, float]]
    """Gradient correlation, contrast, difference."""
    seams: list[float]
    inception: list[Features]
    """What Inception saw, where its weights were given."""

    @property
    def features(self) -> NDArray[np.float64]:
        return np.stack([verdict.features for verdict in self.verdicts])

    @property
    def histogram(self) -> NDArray[np.float64]:
        return np.asarray(np.mean(self.histograms, axis=0), np.float64)


class _Run:
    def __init__(self, asked: Asked, tell: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self._asked, self._tell = asked, tell
        self._spaces = ColourSpaces(warn=warn)
        self._judge = Judge(asked.judge)
        self._inception = Inception(asked.inception) if asked.inception else None
        self._plates = found(asked.plates, asked.limit, leave_out=asked.out)
        self._real = found(asked.real, asked.limit) if asked.real else []
        registry = Registry.load(warn=warn)
        self._maker = Maker(asked.out / "pictures", registry, asked.device, asked.jobs, warn)
        self._shots = Maker(asked.out / "sequences", registry, asked.device, asked.jobs, warn)
        self._chain_asked = {"model": asked.model, "settings": asked.settings}
        self._refuse_what_is_not_there()

    def evaluation(self) -> Evaluation:
        """Do everything, in order."""
        asked = self._asked
        results = self._results()
        plates = list(results)
        versions = {PLATES: plates, asked.to: list(results.values())}
        for name, paths in self._baselines(plates).items():
            versions.setdefault(name, paths)  # a baseline may be the look itself
        taken = {name: self._take(name, paths, plates) for name, paths in versions.items()}
        real = self._take(self._real_name, self._real, None) if self._real else None
        return Evaluation(
            look=asked.to,
            target=self._target,
            rows=self._rows(taken, real),
            flicker=tuple(self._flicker()),
            cycle_error=self._cycle_error(results),
            notes=(*self._doubts(taken[PLATES], real), *self._remarks(len(plates))),
            protocol=self._protocol(plates, list(results.values())),
            wipes=tuple(list(results.items())[:: max(1, -(-len(results) // 6))]),
        )

    def _refuse_what_is_not_there(self) -> None:
        """Find out now, not after all plates are converted."""
        _ = self._chain
        if self._inception and not self._real:
            raise UsageError(
                "--inception", "compares with photographs, and none are given", "give --real too"
            )
        if self._asked.back:
            self._maker.opened(self._plates, self._asked.back)
        if self._asked.sequences:
            found(self._asked.sequences)

    @cached_property
    def _chain(self) -> Chain:
        return self._maker.opened(self._plates, self._asked.to, **self._chain_asked)

    @cached_property
    def _target(self) -> Target:
        if self._asked.target:
            return self._asked.target
        network = self._chain.network
        return "day" if network and network.facts.direction == "night-to-day" else "night"

    @property
    def _grade_name(self) -> str:
        return "day-for-night" if self._target == "night" else "three stops more"

    @property
    def _real_name(self) -> str:
        return f"real {self._target}"

    def _results(self) -> dict[Path, Path]:
        asked = self._asked
        if asked.converted:
            return matched(self._plates, asked.plates, asked.converted)
        self._tell(f"converting {len(self._plates)} plates to {asked.to}")
        made = self._maker.look(self._plates, "look", asked.to, **self._chain_asked)
        return {plate: made.results[plate] for plate in self._plates}

    def _baselines(self, plates: Sequence[Path]) -> dict[str, list[Path]]:
        self._tell("converting them by the baselines")
        made = {self._grade_name: self._maker.grade(plates, "grade", self._target)}
        if self._real:
            made = {MATCH: self._maker.match(plates, "match", self._real), **made}
        return {name: [frames.results[plate] for plate in plates] for name, frames in made.items()}

    def _take(self, name: str, paths: Sequence[Path], plates: Sequence[Path] | None) -> _Taken:
        """Measure the pictures of one version, and how they compare with their plates."""
        self._tell(f"measuring {name}")
        taken = _Taken([], [], [], [], [])
        for place, path in enumerate(paths):
            picture = self._displayed(path)
            luma = luminance(picture)
            taken.verdicts.append(self._judge(picture))
            taken.histograms.append(measures.histogram(luma))
            if self._inception:
                taken.inception.append(self._inception(picture))
            if plates is None:
                continue
            taken.seams.append(self._seam(luma))
            if paths is not plates:
                plate = self._displayed(plates[place])
                taken.against_plate.append(_compared(plate, picture))
        return taken

    def _seam(self, luma: Luma) -> float:
        layout = tiles_of(self._chain, *luma.shape)
        return measures.seam(luma, *measures.borders(layout)) if layout else math.nan

    def _rows(self, taken: Mapping[str, _Taken], real: _Taken | None) -> tuple[Row, ...]:
        rows = [self._row(name, each, real) for name, each in taken.items()]
        best = min((row.kid for row in rows if row.kind == "baseline" and row.kid is not None), default=None)
        if best is not None and best > 0:
            rows = [row if row.kid is None else replace(row, kid_share=row.kid / best) for row in rows]
        return (*rows, *([self._real_row(real)] if real else []))

    def _row(self, name: str, taken: _Taken, real: _Taken | None) -> Row:
        look = name == self._asked.to
        row = self._plain_row(name, "look" if look else "baseline", taken)
        if taken.against_plate:
            correlation, contrast, difference = (
                _mean(each) for each in zip(*taken.against_plate, strict=True)
            )
            row = replace(
                row, gradient_correlation=correlation, contrast_ssim=contrast, difference=difference
            )
        if real is None:
            return row
        row = replace(row, brightness_distance=measures.histogram_distance(taken.histogram, real.histogram))
        if min(len(taken.verdicts), len(real.verdicts)) >= _FEWEST:
            sides = taken.features, real.features
            row = replace(row, kid=measures.mmd2(*sides), kid_error=measures.mmd2_error(*sides))
            if self._asked.strong:
                self._tell(f"training the strong classifier on {name}")
                pictures = ([verdict.small for verdict in each.verdicts] for each in (taken, real))
                row = replace(row, strong_error=strong_error(*pictures))
            if self._inception:
                seen = np.stack(taken.inception), np.stack(real.inception)
                row = replace(
                    row,
                    fid=measures.frechet(*seen),
                    inception_kid=measures.mmd2(*seen),
                    inception_kid_error=measures.mmd2_error(*seen),
                )
        return row

    def _real_row(self, real: _Taken) -> Row:
        row = self._plain_row(self._real_name, "real", real)
        if len(real.verdicts) < _FEWEST:
            return row
        mean, deviation = measures.mmd2_of_halves(real.features)
        row = replace(row, kid=mean, kid_error=deviation)
        if self._inception:
            mean, deviation = measures.mmd2_of_halves(np.stack(real.inception))
            row = replace(row, inception_kid=mean, inception_kid_error=deviation)
        return row

    def _plain_row(self, name: str, kind: Kind, taken: _Taken) -> Row:
        histogram = taken.histogram
        middles = (np.arange(measures.BINS) + 0.5) / measures.BINS
        return Row(
            name,
            kind,
            len(taken.verdicts),
            reads=self._reads(taken),
            brightness=float(histogram @ middles),
            histogram=tuple(float(share) for share in histogram),
            seam=_mean(taken.seams),
        )

    def _cycle_error(self, results: Mapping[Path, Path]) -> float | None:
        """Mean absolute difference of the plates from their results, converted back."""
        if self._asked.back is None:
            return None
        self._tell(f"converting back by {self._asked.back}")
        back = self._maker.look(list(results.values()), "back", self._asked.back).results
        return _mean(
            [
                _difference(self._displayed(plate), self._displayed(back[result]))
                for plate, result in results.items()
            ]
        )

    def _flicker(self) -> Iterator[Flicker]:
        folder = self._asked.sequences
        if folder is None:
            return
        self._tell(f"converting the sequences to {self._asked.to} and by the baselines")
        look = self._shots.look([folder], "look", self._asked.to, **self._chain_asked)
        versions = {self._asked.to: look}
        if self._real:
            versions[MATCH] = self._shots.match([folder], "match", [self._real[len(self._real) // 2]])
        if self._grade_name not in versions:
            versions[self._grade_name] = self._shots.grade([folder], "grade", self._target)
        shots = by_shot(look.shots)
        if not shots:
            raise UsageError(
                folder, "holds no sequence", "give a folder of shots, each in a folder of its own"
            )
        for shot, plates in shots.items():
            name = shot.relative_to(absolute(folder)).as_posix()
            self._tell(f"following the motion of {name}")
            frames = (
                {
                    PLATES: self._luma(plate),
                    **{version: self._luma(made.results[plate]) for version, made in versions.items()},
                }
                for plate in plates
            )
            measured = steadiness(frames, PLATES)
            own = measured[PLATES]
            for version, steady in measured.items():
                yield Flicker(
                    name,
                    len(plates),
                    version,
                    kind="look" if version == self._asked.to else "baseline",
                    ratio=_ratio(steady.levelled, own.levelled),
                    unmatched=_ratio(steady.difference, own.difference),
                    pumping=_known(steady.pumping),
                    difference=_known(steady.difference),
                    deviation=steady.deviation,
                    level=steady.level,
                )

    def _luma(self, path: Path) -> Luma:
        return luminance(self._displayed(path))

    def _displayed(self, path: Path) -> Pixels:
        return displayed(path, self._spaces)

    def _doubts(self, plates: _Taken, real: _Taken | None) -> Iterator[str]:
        """Say where the judge errs on photographs: what it says of results is worth as little then."""
        wrong = self._reads(plates)
        if wrong > _DOUBTFUL:
            yield f"doubt: the judge reads {wrong:.0%} of the plates as {self._target}; train another"
        missed = 1 - self._reads(real) if real else 0.0
        if missed > _DOUBTFUL:
            yield f"doubt: the judge misses {missed:.0%} of the photographs of {self._target}; train another"

    def _reads(self, taken: _Taken) -> float:
        """Part of the pictures that the judge reads as the target."""
        return float(
            np.mean([(verdict.night > 0) == (self._target == "night") for verdict in taken.verdicts])
        )

    def _remarks(self, count: int) -> Iterator[str]:
        if count < len(self._plates):
            yield f"{len(self._plates) - count} of {len(self._plates)} plates have no result and are left out"
        if not self._real:
            yield "no real photographs were given: no kernel distance, no histogram match, no ceiling"
        if not self._inception:
            yield _NO_INCEPTION
        if not any(step.gives == "tiles" for step in self._chain.steps):
            yield f"seam figure: none, {self._asked.to} has no tiles"

    def _protocol(self, plates: Sequence[Path], results: Sequence[Path]) -> dict[str, Any]:
        """How the figures were taken, so that they can be taken again."""
        asked, network = self._asked, self._chain.network
        return {
            "daynight": __version__,
            "look": asked.to,
            "chain": [step.name for step in self._chain.steps],
            "settings": list(asked.settings),
            "model_sha256": network.sha256 if network else None,
            "device": str(network.device) if network else None,
            "judge_sha256": self._judge.sha256,
            "inception_sha256": self._inception.sha256 if self._inception else None,
            "plates": len(plates),
            "real photographs": len(self._real),
            "formats": sorted({path.suffix.lower() for path in results}),
            "measured": "display-encoded (sRGB, Rec. 709 luma), at the plates' full size",
            "judge's resizer": "whole frame to 192x128, bilinear with antialiasing (torch), no crop",
            "kid": "(x·y/d + 1)^3 on the judge's d = 96 features, unbiased, all pictures of both sides; "
            "its standard error is the deviation over 100 random halves of both sides; "
            "real photographs: halves against each other",
            "histogram match": "color_match to the real photographs, a plate each in turn; "
            "for sequences to the middle one of them",
            "flicker": "DIS optical flow (medium) on the plates' luma, occlusions masked by a forward-"
            "backward check, difference over the shot's mean deviation of luma, over the same of the plates",
        }


def _compared(plate: Pixels, result: Pixels) -> tuple[float, float, float]:
    """Gradient correlation, local contrast and difference of a result and its plate."""
    result = _fitted(result, plate)
    before, after = luminance(plate), luminance(result)
    return (
        measures.gradient_correlation(before, after),
        measures.contrast_ssim(before, after),
        _difference(plate, result),
    )


def _difference(plate: Pixels, result: Pixels) -> float:
    return float(np.abs(plate - _fitted(result, plate)).mean(dtype=np.float64))


def _fitted(result: Pixels, plate: Pixels) -> Pixels:
    """Give a result at its plate's size, where a chain or a hand has changed it."""
    if result.shape == plate.shape:
        return result
    return np.asarray(cv2.resize(result, plate.shape[1::-1], interpolation=cv2.INTER_AREA), np.float32)


def _ratio(value: float, own: float) -> float | None:
    return _known(value / own) if own else None


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mean(values: Sequence[float]) -> float | None:
    """Mean of the values that could be taken."""
    taken = [value for value in values if math.isfinite(value)]
    return float(np.mean(taken)) if taken else None
