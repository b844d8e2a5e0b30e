"""Photographs sorted into day and night, with the list, the graph and a score against labels."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from daynight.dataset.brightness import DAY, DIGITS, NIGHT, Class, Classified, class_of
from daynight.dataset.graph import graph_of
from daynight.dataset.output import (
    COLUMNS,
    GRAPH,
    LIST,
    Mode,
    earlier_result,
    link_or_copy,
    remove_earlier,
    require_apart,
    require_free,
)
from daynight.dataset.stats import Measured, measure_all
from daynight.errors import DaynightError, UsageError
from daynight.plates import written_whole
from daynight.plates.photographs import Observer, Photograph, Warn, find_photographs, nothing_readable

SIDES: Final[tuple[Class, ...]] = ("day", "night")


@dataclass(frozen=True)
class SplitOptions:
    """How to sort photographs."""

    day: float = DAY
    """Brightness above which a photograph is day, in [0, 1]."""
    night: float = NIGHT
    """Brightness below which it is night."""
    mode: Mode = "link"
    """``link``: relative symbolic links, so that both folders may be moved or mounted together. ``hardlink``:
    one file under two names; a change of one is a change of both. ``copy``."""
    normalise: bool = True
    """Whether brightness is divided by the largest of the set."""
    labels: Path | None = None
    """CSV file with the columns ``path`` (below the source) and ``label`` (``day`` or ``night``)."""
    overwrite: bool = False
    """Whether to write into a folder that holds other files."""

    def check(self) -> None:
        """Check what needs no photograph.

        Raises:
            UsageError: the thresholds don't fit, or the mode is unknown.
        """
        if not 0 <= self.night <= self.day <= 1:  # of NaN too
            subject = f"`night={self.night}` `day={self.day}`"
            raise UsageError(subject, "don't fit", "set 0 <= night <= day <= 1")
        if self.mode not in get_args(Mode):
            raise UsageError(f"`mode={self.mode}`", "is unknown", f"known: {', '.join(get_args(Mode))}")


@dataclass(frozen=True)
class Score:
    """How classes by brightness compare with labels."""

    counts: Mapping[tuple[str, str], int]
    """Photographs by label and class."""
    labelled: int
    """Photographs that have a label."""
    unlabelled: int
    """Photographs without a label, which the score leaves out."""
    absent: int
    """Labels of which no photograph was read."""

    @property
    def undecided(self) -> float:
        """Share of the labelled photographs that lie between the thresholds."""
        undecided = sum(self.counts[label, "undecided"] for label in ("day", "night"))
        return undecided / self.labelled if self.labelled else 0.0

    @property
    def decided(self) -> int:
        """Labelled photographs classified as day or night."""
        return sum(count for (_, predicted), count in self.counts.items() if predicted != "undecided")

    @property
    def right(self) -> int:
        """Photographs whose class is their label."""
        return self.counts["day", "day"] + self.counts["night", "night"]


@dataclass(frozen=True)
class Split:
    """A set sorted into day and night."""

    photographs: tuple[Classified, ...]
    """From dark to bright."""
    largest: float
    """Brightness of the brightest photograph."""
    unread: tuple[DaynightError, ...]
    """Why files could not be read."""
    score: Score | None

    def of(self, predicted: Class) -> list[Classified]:
        """Return the photographs of one class."""
        return [each for each in self.photographs if each.predicted == predicted]


def split(
    source: Path,
    out: Path,
    options: SplitOptions = SplitOptions(),
    *,
    jobs: int | None = None,
    observe: Observer = lambda *_: None,
    warn: Warn = lambda _: None,
) -> Split:
    """Sort a folder's photographs into ``out/day`` and ``out/night`` by brightness, as P0 does.

    Subfolders of ``source`` are kept, so photographs of equal name don't collide. ``out`` also gets the
    sorted list, ``brightness.csv``, and its graph, ``brightness.png``, if matplotlib is installed. An earlier
    split in ``out`` is replaced.

    Args:
        source: folder, searched recursively; nothing is written into it.
        out: folder for the result.
        options: how to sort.
        jobs: files to read at a time; ``None``: one for each CPU core.
        observe: called after each file.
        warn: called with each warning.

    Returns:
        The classified photographs. Files that can't be read are listed in it, not raised.

    Raises:
        UsageError: options or folders don't fit, or no image can be read; nothing was written. Or the result
            can't be written.
    """
    options.check()
    photographs = find_photographs(source)
    require_apart(source, out, photographs)
    earlier = earlier_result(out)
    require_free(out, earlier, overwrite=options.overwrite)
    truth = None if options.labels is None else _read_labels(options.labels, photographs)
    measured, unread = measure_all(photographs, jobs, observe, warn)
    if not measured:
        raise nothing_readable(source)
    classified, largest = _classified(measured, options)
    result = Split(classified, largest, unread, None if truth is None else _score(classified, truth))
    graph = _graph(result, options, warn)
    try:
        _write(result, out, earlier, graph, options.mode)
    except OSError as error:
        remedy = "check disk space and permissions" + (
            "" if options.mode == "copy" else ", or set `mode=copy`"
        )
        raise UsageError(out, f"can't be written ({error.strerror or error})", remedy) from None
    return result


def _classified(
    measured: Mapping[Photograph, Measured], options: SplitOptions
) -> tuple[tuple[Classified, ...], float]:
    """Return the photographs with their classes, from dark to bright, and the largest brightness."""
    largest = max(each.brightness for each in measured.values())
    scale = largest if options.normalise and largest > 0 else 1.0
    classified = []
    for photograph, each in measured.items():
        normalised = round(each.brightness / scale, DIGITS)
        predicted = class_of(normalised, options.day, options.night)
        classified.append(Classified(photograph, round(each.brightness, DIGITS), normalised, predicted))
    classified.sort(key=lambda each: (each.normalised, each.photograph.name))
    return tuple(classified), round(largest, DIGITS)


def _graph(result: Split, options: SplitOptions, warn: Warn) -> bytes | None:
    try:
        return graph_of(result.photographs, options.day, options.night)
    except ImportError:
        warn(f"{GRAPH} is left out: it needs matplotlib; pip install 'daynight[figures]'")
        return None


def _write(result: Split, out: Path, earlier: Collection[Path], graph: bytes | None, mode: Mode) -> None:
    """Replace an earlier result by a new one.

    Raises:
        OSError: a file can't be written or removed.
    """
    remove_earlier(out, earlier)
    _write_list(out / LIST, result.photographs)
    if graph is not None:
        with written_whole(out / GRAPH) as temporary:
            temporary.write_bytes(graph)
    elif out / GRAPH in earlier:  # it shows the earlier result; a file of this name that is not ours stays
        (out / GRAPH).unlink(missing_ok=True)
    for side in SIDES:
        (out / side).mkdir(parents=True, exist_ok=True)
        for each in result.of(side):
            link_or_copy(each.photograph.path, out / side / each.photograph.name, mode)


def _read_labels(path: Path, photographs: Sequence[Photograph]) -> dict[str, str]:
    """Read a CSV file of paths and labels.

    Raises:
        UsageError: it can't be read, or has no label of these photographs.
    """
    subject = f"`labels={path}`"
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UsageError(subject, f"can't be read ({error.strerror})", "check the name") from None
    except csv.Error as error:
        raise UsageError(subject, f"is not CSV ({error})", "give it the columns path,label") from None
    labels: dict[str, str] = {}
    for line, row in enumerate(rows, 2):
        if row.get("path") is None or row.get("label") is None:
            raise UsageError(subject, "lacks a path or a label", "give it the columns path,label")
        if row["label"] not in ("day", "night"):
            raise UsageError(subject, f"line {line}: label {row['label']!r}", "write day or night")
        if labels.setdefault(row["path"], row["label"]) != row["label"]:
            raise UsageError(subject, f"line {line}: {row['path']} is both", "keep one of them")
    if not labels.keys() & {photograph.name for photograph in photographs}:
        raise UsageError(subject, "names none of the photographs", "write their paths below the folder")
    return labels


def _score(classified: Sequence[Classified], truth: Mapping[str, str]) -> Score:
    labelled = [each for each in classified if each.photograph.name in truth]
    counts: Counter[tuple[str, str]] = Counter(
        (truth[each.photograph.name], each.predicted) for each in labelled
    )
    return Score(counts, len(labelled), len(classified) - len(labelled), len(truth) - len(labelled))


def _write_list(path: Path, photographs: Sequence[Classified]) -> None:
    with (
        written_whole(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for each in photographs:
            values = (f"{value:.{DIGITS}f}" for value in (each.brightness, each.normalised))
            writer.writerow((each.photograph.name, *values, each.predicted))
