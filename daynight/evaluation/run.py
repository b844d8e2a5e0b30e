"""The whole evaluation, in order: convert, judge, measure, compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from daynight.colour.encoding import luminance
from daynight.colour.spaces import ColourSpaces
from daynight.engine.events import each_once
from daynight.errors import UsageError
from daynight.evaluation import measures
from daynight.evaluation.figures import Asked, Evaluation, Flicker, Kind, Row, Target
from daynight.evaluation.flicker import steadiness
from daynight.evaluation.inception import Inception
from daynight.evaluation.judge import Judge, Verdict, strong_error
from daynight.evaluation.measures import Features, Luma
from daynight.evaluation.versions import (
    MATCH,
    Maker,
    absolute,
    found,
    matched,
    sequences,
    spread,
    tiles_of,
)
from daynight.frames.frame import Pixels
from daynight.frames.resize import scaled
from daynight.looks.chain import Chain
from daynight.plates.photographs import Picture, read_picture
from daynight.plugin.registry import Registry, python_warning
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
    return _Run(asked, tell, each_once(warn or python_warning)).evaluation()


@dataclass
class _Taken:
    """What was measured of one version, picture by picture."""

    verdicts: list[Verdict] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    """Mean luma."""
    histograms: list[NDArray[np.float64]] = field(default_factory=list)
    against_plate: list[tuple[float, float, float]] = field(default_factory=list)
    """Gradient correlation, contrast, difference."""
    resized: int = 0
    """Pictures of another size than their plates."""
    seams: list[float] = field(default_factory=list)
    inception: list[Features] = field(default_factory=list)
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
        self._refuse_what_does_not_fit()
        self._spaces = ColourSpaces(warn=warn)
        self._judge = Judge(asked.judge)
        self._inception = Inception(asked.inception) if asked.inception else None
        self._every = found(asked.plates)
        self._done = matched(self._every, asked.plates, asked.converted) if asked.converted else {}
        self._plates = spread(list(self._done) or self._every, asked.limit)
        self._real = spread(found(asked.real), asked.limit) if asked.real else []
        self._sequences = sequences(asked.sequences) if asked.sequences else {}
        registry = Registry.load(warn=warn)
        self._maker = Maker(asked.out / "pictures", registry, asked.device, asked.jobs, warn)
        self._shots = Maker(asked.out / "sequences", registry, asked.device, asked.jobs, warn)
        self._chain_asked = {"model": asked.model, "settings": asked.settings}
        self._open()

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
            notes=(*self._doubts(taken[PLATES], real), *self._remarks(taken)),
            protocol=self._protocol(plates, list(results.values())),
            wipes=tuple(list(results.items())[:: max(1, -(-len(results) // 6))]),
        )

    def _refuse_what_does_not_fit(self) -> None:
        asked = self._asked
        for option, given in (("--inception", asked.inception), ("--strong", asked.strong)):
            if given and not asked.real:
                raise UsageError(option, "compares with photographs, and none are given", "give --real too")
        if asked.converted and asked.sequences:
            fault = "would be converted by the look, and --converted has other results"
            raise UsageError("--sequences", fault, "leave one of both out")
        for folder in (asked.plates, asked.converted, asked.real, asked.sequences):
            if folder and asked.out.resolve().is_relative_to(folder.resolve()):
                fault = f"lies in {folder}, where what it gets would be judged too"
                raise UsageError(f"--out {asked.out}", fault, "give a folder outside")

    def _open(self) -> None:
        """Open what the looks need now, not after all plates are converted."""
        _ = self._chain
        if self._asked.back:
            self._maker.opened(self._plates, self._asked.back)

    @cached_property
    def _chain(self) -> Chain:
        return self._maker.opened(self._plates, self._asked.to, **self._chain_asked)

    @cached_property
    def _target(self) -> Target:
        if self._asked.target:
            return self._asked.target
        return "day" if self._direction == "night-to-day" else "night"

    @property
    def _direction(self) -> str:
        """What the look turns plates into, as its model says; without a word of it, as the look is called."""
        network = next(iter(self._chain.models), None)
        told = network.facts.direction if network else "other"
        return "night-to-day" if told == "other" and self._asked.to == "day" else told

    @property
    def _grade_name(self) -> str:
        return "day-for-night" if self._target == "night" else "three stops more"

    @property
    def _real_name(self) -> str:
        return f"real {self._target}"

    def _results(self) -> dict[Path, Path]:
        asked = self._asked
        if asked.converted:
            return {plate: self._done[plate] for plate in self._plates}
        self._tell(f"converting {len(self._plates)} plates to {asked.to}")
        made = self._maker.look(self._plates, "look", asked.to, **self._chain_asked)
        return {plate: made[plate] for plate in self._plates}

    def _baselines(self, plates: Sequence[Path]) -> dict[str, list[Path]]:
        self._tell("converting them by the baselines")
        made = {self._grade_name: self._maker.grade(plates, "grade", self._target)}
        if self._real:
            made = {MATCH: self._maker.match(plates, "match", self._real), **made}
        return {name: [frames[plate] for plate in plates] for name, frames in made.items()}

    def _take(self, name: str, paths: Sequence[Path], plates: Sequence[Path] | None) -> _Taken:
        """Measure the pictures of one version, and how they compare with their plates."""
        self._tell(f"measuring {name}")
        taken = _Taken()
        for place, path in enumerate(paths):
            read = self._read(path)
            picture = read.pixels
            luma = luminance(picture)
            taken.verdicts.append(self._judge(picture))
            taken.levels.append(float(luma.mean(dtype=np.float64)))
            taken.histograms.append(measures.histogram(luma))
            if self._inception:
                taken.inception.append(self._inception(picture))
            if plates is None:
                continue
            taken.seams.append(math.nan if read.turned else self._seam(luma))
            if paths is not plates:
                plate = self._displayed(plates[place])
                taken.against_plate.append(_compared(plate, picture))
                taken.resized += plate.shape != picture.shape
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
        if self._enough:
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
        if not self._enough:
            return row
        row = replace(row, kid_error=measures.mmd2_of_halves(real.features))
        if self._inception:
            seen = np.stack(real.inception)
            row = replace(row, inception_kid_error=measures.mmd2_of_halves(seen))
        return row

    @property
    def _enough(self) -> bool:
        """Whether there are pictures enough for a distance between sets."""
        return min(len(self._plates), len(self._real)) >= _FEWEST

    def _plain_row(self, name: str, kind: Kind, taken: _Taken) -> Row:
        return Row(
            name,
            kind,
            len(taken.verdicts),
            reads=self._reads(taken),
            brightness=float(np.mean(taken.levels)),
            histogram=tuple(float(share) for share in taken.histogram),
            seam=_mean(taken.seams),
        )

    def _cycle_error(self, results: Mapping[Path, Path]) -> float | None:
        """Mean absolute difference of the plates from their results, converted back."""
        if self._asked.back is None:
            return None
        self._tell(f"converting back by {self._asked.back}")
        back = self._maker.look(list(results.values()), "back", self._asked.back)
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
        for shot, plates in self._sequences.items():
            name = shot.relative_to(absolute(folder)).as_posix()
            self._tell(f"following the motion of {name}")
            results = versions
            measured = steadiness(self._lumas(plates, results), PLATES)
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

    def _lumas(
        self, plates: Sequence[Path], results: Mapping[str, Mapping[Path, Path]]
    ) -> Iterator[dict[str, Luma]]:
        """Read each frame's luma in all its versions, at its plate's size."""
        size = None
        for plate in plates:
            own = luminance(self._displayed(plate))
            size = size or own.shape
            if own.shape != size:
                fault = f"its data window is not as large as that of {plates[0].name}"
                raise UsageError(plate, fault, "flicker needs plates whose window stays")
            others = {name: luminance(self._displayed(of[plate])) for name, of in results.items()}
            yield {PLATES: own, **{name: scaled(luma, *size) for name, luma in others.items()}}

    def _displayed(self, path: Path) -> Pixels:
        return self._read(path).pixels

    def _read(self, path: Path) -> Picture:
        return read_picture(path, self._spaces)

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

    def _remarks(self, taken: Mapping[str, _Taken]) -> Iterator[str]:
        absent = len(self._every) - len(self._done)
        if self._done and absent:
            yield f"{absent} of {len(self._every)} plates have no result and are left out"
        for name, each in taken.items():
            if each.resized:
                yield f"{name}: {each.resized} pictures were scaled to the size of their plates"
        if self._direction == "other" and not self._asked.target:
            yield "judged as night: the look's model does not say what it turns plates into (--target)"
        if not self._real:
            yield "no real photographs were given: no kernel distance, no histogram match, no ceiling"
        elif not self._enough:
            yield f"fewer than {_FEWEST} plates or photographs: no distance was taken"
        if not self._inception:
            yield _NO_INCEPTION
        if not any(step.gives == "tiles" for step in self._chain.steps):
            yield f"seam figure: none, {self._asked.to} has no tiles"

    def _protocol(self, plates: Sequence[Path], results: Sequence[Path]) -> dict[str, Any]:
        """How the figures were taken, so that they can be taken again."""
        asked = self._asked
        network = None if asked.converted else next(iter(self._chain.models), None)
        return {
            "daynight": __version__,
            "look": asked.to,
            "converted": str(asked.converted) if asked.converted else None,
            "chain": None if asked.converted else [step.name for step in self._chain.steps],
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
            "real photographs: the same of halves against each other",
            "histogram match": "color_match to the real photographs, a plate each in turn; "
            "for sequences to the middle one of them",
            "flicker": "DIS optical flow (medium) on the plates' luma, occlusions masked by a forward-"
            "backward check, difference over the shot's mean deviation of luma, over the same of the plates",
        }


def _compared(plate: Pixels, result: Pixels) -> tuple[float, float, float]:
    """Gradient correlation, local contrast and difference of a result and its plate."""
    result = scaled(result, *plate.shape[:2])
    before, after = luminance(plate), luminance(result)
    return (
        measures.gradient_correlation(before, after),
        measures.contrast_ssim(before, after),
        _difference(plate, result),
    )


def _difference(plate: Pixels, result: Pixels) -> float:
    return float(np.abs(plate - scaled(result, *plate.shape[:2])).mean(dtype=np.float64))


def _ratio(value: float, own: float) -> float | None:
    return _known(value / own) if own else None


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _mean(values: Sequence[float]) -> float | None:
    """Mean of the values that could be taken."""
    taken = [value for value in values if math.isfinite(value)]
    return float(np.mean(taken)) if taken else None
