"""The evaluation from start to end: convert, measure, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daynight.colour.encoding import luminance
from daynight.colour.spaces import ColourSpaces
from daynight.engine.events import each_once
from daynight.errors import UsageError
from daynight.evaluation.classify import TrainedClassifier
from daynight.evaluation.flicker import steadiness
from daynight.evaluation.formulas import Luma
from daynight.evaluation.inception import Inception
from daynight.evaluation.inputs import Inputs, absolute
from daynight.evaluation.lite2 import Lite2
from daynight.evaluation.measures import (
    HISTOGRAM,
    MEASURES,
    Instruments,
    Need,
    Sample,
    add_relative,
    difference,
    flicker_figures,
    mean_histogram,
    mean_of,
)
from daynight.evaluation.options import EvaluationOptions, Target
from daynight.evaluation.protocol import FEWEST, classifier_doubts, notes, protocol
from daynight.evaluation.results import Evaluation, FlickerRow, Role, VersionRow
from daynight.evaluation.versions import GRADES, MATCH, Converter, look_direction, tile_layout
from daynight.frames.frame import Pixels
from daynight.frames.resize import scaled
from daynight.plates.photographs import read_picture
from daynight.plugin.registry import Registry, python_warning

PLATES: Final = "the plates"
_WIPES: Final = 6


def evaluate(
    options: EvaluationOptions,
    *,
    progress: Callable[[str], None] = lambda _: None,
    warn: Callable[[str], None] | None = None,
) -> Evaluation:
    """Evaluate a look.

    Args:
        options: what to evaluate.
        progress: called with a line at the start of each stage.
        warn: called with each warning; ``None``: Python warnings.

    Raises:
        UsageError: an option names something that does not exist or does not fit.
        PlateError: a picture can't be read or converted; figures of the others would not be comparable.
    """
    return _Run(options, progress, each_once(warn or python_warning)).evaluation()


@dataclass
class _Version:
    """What was observed of one version, picture by picture."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    """Observed values by the name of their measure."""
    pictures: int = 0
    resized: int = 0
    """Pictures whose size differs from their plates'."""


class _Run:
    def __init__(
        self, options: EvaluationOptions, progress: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        options.check()
        self._options, self._progress = options, progress
        self._spaces = ColourSpaces(warn=warn)
        classifier = TrainedClassifier(options.classifier)
        inception = Inception(options.inception) if options.inception else None
        lite2 = Lite2.installed()
        self._inputs = Inputs.find(options)
        registry = Registry.load(warn=warn)
        self._plates, self._shots = (
            Converter(options.out / name, registry, options.device, options.jobs, warn)
            for name in ("pictures", "sequences")
        )
        # Chains are opened before anything is converted: a misspelt look must not cost an hour.
        self._chain = self._plates.open_chain(self._inputs.plates, options.to, **self._changes)
        if options.back:
            self._plates.open_chain(self._inputs.plates, options.back)
        direction = look_direction(self._chain, options.to)
        self._no_direction = direction == "other" and not options.target
        self._target: Target = options.target or ("day" if direction == "night-to-day" else "night")
        self._instruments = Instruments(
            self._target, classifier, inception, lite2, lambda *size: tile_layout(self._chain, *size)
        )

    @property
    def _changes(self) -> dict[str, Any]:
        return {"model": self._options.model, "settings": self._options.settings}

    def evaluation(self) -> Evaluation:
        """Run all stages, in order."""
        results = self._results()
        plates = list(results)
        versions = {PLATES: plates, self._options.to: list(results.values())}
        for name, paths in self._baselines(plates).items():
            versions.setdefault(name, paths)  # a baseline may be the look itself
        observed = {name: self._observe(name, paths, plates) for name, paths in versions.items()}
        real = self._observe(f"real {self._target}", self._inputs.real, None) if self._inputs.real else None
        rows = add_relative([self._row(name, each, real) for name, each in observed.items()])
        real_row = self._real_row(real) if real else None
        resized = {name: each.resized for name, each in observed.items() if each.resized}
        formats = sorted({path.suffix.lower() for path in results.values()})
        return Evaluation(
            look=self._options.to,
            target=self._target,
            rows=(*rows, real_row) if real_row else tuple(rows),
            flicker=tuple(self._flicker()),
            cycle_error=self._cycle_error(results),
            notes=(
                *classifier_doubts(rows[0], real_row, self._target),
                *notes(
                    self._options,
                    self._inputs,
                    self._chain,
                    resized,
                    no_direction=self._no_direction,
                    lite2=self._instruments.lite2 is not None,
                ),
            ),
            protocol=protocol(self._options, self._inputs, self._chain, self._instruments, formats),
            wipes=tuple(list(results.items())[:: max(1, -(-len(results) // _WIPES))]),
        )

    def _results(self) -> dict[Path, Path]:
        plates, to = self._inputs.plates, self._options.to
        if self._inputs.converted:
            return {plate: self._inputs.converted[plate] for plate in plates}
        self._progress(f"converting {len(plates)} plates to {to}")
        results = self._plates.look(plates, "look", to, **self._changes)
        return {plate: results[plate] for plate in plates}

    def _baselines(self, plates: Sequence[Path]) -> dict[str, list[Path]]:
        self._progress("converting them to the baselines")
        versions = {GRADES[self._target]: self._plates.grade(plates, "grade", self._target)}
        if self._inputs.real:
            versions = {MATCH: self._plates.match(plates, "match", self._inputs.real), **versions}
        return {name: [results[plate] for plate in plates] for name, results in versions.items()}

    def _needs_met(self, *, real: bool, result: bool) -> set[Need]:
        """Return what measures can count on, for real photographs, results, or plates."""
        met: set[Need] = set() if real else {"plate", "result"} if result else {"plate"}
        met |= {"real"} if self._inputs.real else set()
        met |= {"enough"} if min(len(self._inputs.plates), len(self._inputs.real)) >= FEWEST else set()
        met |= {"strong"} if self._options.strong else set()
        met |= {"lite2"} if self._instruments.lite2 else set()
        return met | ({"inception"} if self._instruments.inception else set())

    def _observe(self, name: str, paths: Sequence[Path], plates: Sequence[Path] | None) -> _Version:
        """Look at the pictures of one version beside their plates, one at a time."""
        self._progress(f"measuring {name}")
        result = plates is not None and paths is not plates
        # Values are kept without real photographs too: the report shows every version's histogram.
        met = {"real", "enough"} | self._needs_met(real=plates is None, result=result)
        measures = [measure for measure in MEASURES if measure.needs <= met]
        version = _Version({measure.name: [] for measure in measures}, len(paths))
        for index, path in enumerate(paths):
            picture = read_picture(path, self._spaces)
            plate = self._displayed(plates[index]) if plates is not None and result else None
            sample = Sample(picture.pixels, plate, picture.turned, self._instruments)
            for measure in measures:
                version.values[measure.name].append(measure.observe(sample))
            version.resized += plate is not None and plate.shape != picture.pixels.shape
        return version

    def _row(self, name: str, version: _Version, real: _Version | None) -> VersionRow:
        met = self._needs_met(real=False, result=name != PLATES)
        figures = {}
        for measure in MEASURES:
            if measure.needs <= met:
                if measure.progress:
                    self._progress(f"{measure.progress} {name}")
                of_real = real.values.get(measure.name, []) if real else []
                figures[measure.name] = measure.reduce(version.values[measure.name], of_real)
        return VersionRow(name, self._role(name), version.pictures, _histogram(version), figures)

    def _role(self, version: str) -> Role:
        return "look" if version == self._options.to else "baseline"

    def _real_row(self, real: _Version) -> VersionRow:
        met = self._needs_met(real=True, result=False)
        figures = {
            each.name: each.reduce_real(real.values[each.name])
            for each in MEASURES
            if each.reduce_real and each.needs <= met
        }
        return VersionRow(f"real {self._target}", "real", real.pictures, _histogram(real), figures)

    def _cycle_error(self, results: Mapping[Path, Path]) -> float | None:
        """Mean absolute difference of the plates from their results, converted back."""
        if self._options.back is None:
            return None
        self._progress(f"converting back to {self._options.back}")
        back = self._plates.look(list(results.values()), "back", self._options.back)
        pairs = ((self._displayed(plate), self._displayed(back[each])) for plate, each in results.items())
        return mean_of([difference(*pair) for pair in pairs]).value

    def _flicker(self) -> Iterator[FlickerRow]:
        folder = self._options.sequences
        if folder is None:
            return
        versions = self._converted_shots(folder)
        for shot, plates in self._inputs.sequences.items():
            name = shot.relative_to(absolute(folder)).as_posix()
            self._progress(f"following the motion of {name}")
            shots = steadiness(self._lumas(plates, versions), PLATES)
            for version, steady in shots.items():
                figures = flicker_figures(steady, shots[PLATES])
                yield FlickerRow(name, len(plates), version, self._role(version), figures)

    def _converted_shots(self, folder: Path) -> dict[str, dict[Path, Path]]:
        to, real = self._options.to, self._inputs.real
        self._progress(f"converting the sequences to {to} and to the baselines")
        versions = {to: self._shots.look([folder], "look", to, **self._changes)}
        if real:
            versions[MATCH] = self._shots.match([folder], "match", [real[len(real) // 2]])
        if GRADES[self._target] not in versions:
            versions[GRADES[self._target]] = self._shots.grade([folder], "grade", self._target)
        return versions

    def _lumas(
        self, plates: Sequence[Path], versions: Mapping[str, Mapping[Path, Path]]
    ) -> Iterator[dict[str, Luma]]:
        """Read the luma of each frame in all versions, at its plate's size."""
        size = None
        for plate in plates:
            own = luminance(self._displayed(plate))
            size = size or own.shape
            if own.shape != size:
                fault = f"its data window differs in size from that of {plates[0].name}"
                raise UsageError(plate, fault, "flicker needs plates with a constant data window")
            others = {name: luminance(self._displayed(each[plate])) for name, each in versions.items()}
            yield {PLATES: own, **{name: scaled(luma, *size) for name, luma in others.items()}}

    def _displayed(self, path: Path) -> Pixels:
        return read_picture(path, self._spaces).pixels


def _histogram(version: _Version) -> tuple[float, ...]:
    return tuple(float(share) for share in mean_histogram(version.values[HISTOGRAM.name]))
