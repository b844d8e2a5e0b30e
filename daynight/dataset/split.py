"""Photographs told into day and night, with the list, the graph and a score against labels."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from daynight.dataset.brightness import DAY, DIGITS, NIGHT, Class, Judged, class_of
from daynight.dataset.graph import GRAPH, write_graph
from daynight.dataset.places import (
    COLUMNS,
    LIST,
    Mode,
    earlier_result,
    place,
    remove,
    require_apart,
    require_free,
)
from daynight.dataset.stats import Measured, measure_all
from daynight.errors import DaynightError, UsageError
from daynight.plates import written_whole
from daynight.plates.photographs import Observer, Photograph, Warn, find_photographs, nothing_readable


@dataclass(frozen=True)
class Score:
    """How classes by brightness compare with labels."""

    counts: Mapping[tuple[str, str], int]
    """Photographs by label and class."""
    labelled: int
    """Photographs that have a label."""
    unlabelled: int
    """Photographs without one; they are left out of the score."""
    absent: int
    """Labels that name no photograph that was read."""

    @property
    def undecided(self) -> float:
        """Part of the labelled photographs that lie between the thresholds."""
        undecided = sum(self.counts[label, "undecided"] for label in ("day", "night"))
        return undecided / self.labelled if self.labelled else 0.0

    @property
    def decided(self) -> int:
        """Labelled photographs taken for day or night."""
        return sum(count for (_, kind), count in self.counts.items() if kind != "undecided")

    @property
    def right(self) -> int:
        """Photographs taken for what their label says."""
        return self.counts["day", "day"] + self.counts["night", "night"]


@dataclass(frozen=True)
class Split:
    """A set told into day and night."""

    judged: tuple[Judged, ...]
    """From dark to bright."""
    largest: float
    """The brightest photograph's brightness."""
    unread: tuple[DaynightError, ...]
    score: Score | None

    def of(self, kind: Class) -> list[Judged]:
        """Return the photographs of one class."""
        return [each for each in self.judged if each.kind == kind]


def split(
    source: Path,
    out: Path,
    *,
    day: float = DAY,
    night: float = NIGHT,
    mode: Mode = "link",
    normalise: bool = True,
    labels: Path | None = None,
    overwrite: bool = False,
    jobs: int | None = None,
    observe: Observer = lambda *_: None,
    warn: Warn = lambda _: None,
) -> Split:
    """Tell a folder's photographs into ``out/day`` and ``out/night`` by brightness, as P0 does.

    Folders below ``source`` are kept, so photographs of one name don't meet. ``out`` also gets the sorted
    list, ``brightness.csv``, and its graph, ``brightness.png``. A split that is there already is replaced.

    Args:
        source: folder, searched through; nothing is written into it.
        out: folder for the result.
        day: brightness above which a photograph is day, in [0, 1].
        night: brightness below which it is night.
        mode: ``link`` (relative symbolic links, so that both folders may be moved or mounted together),
            ``hardlink`` (one file under two names: a change of one is a change of both) or ``copy``.
        normalise: divide by the largest brightness of the set.
        labels: CSV file with the columns ``path`` (below ``source``) and ``label`` (``day`` or ``night``).
        overwrite: write into ``out`` though it holds other files.
        jobs: files to read at a time; ``None``: as many as there are processors.
        observe: told how far it is.
        warn: takes warnings, one line each.

    Returns:
        What was found. Files that can't be read are listed in it, not raised.

    Raises:
        UsageError: the thresholds or folders don't fit, or no image can be read; nothing was written. Or the
            disk refuses.
    """
    if not 0 <= night <= day <= 1:  # of NaN too
        raise UsageError(f"--night {night} --day {day}", "are no thresholds", "give 0 <= night <= day <= 1")
    if mode not in get_args(Mode):
        raise UsageError(f"mode {mode!r}", "is unknown", f"known: {', '.join(get_args(Mode))}")
    photographs = find_photographs(source)
    require_apart(source, out, photographs)
    earlier = earlier_result(out)
    require_free(out, earlier, overwrite=overwrite)
    truth = None if labels is None else _read_labels(labels, photographs)
    measured, unread = measure_all(photographs, jobs, observe, warn)
    if not measured:
        raise nothing_readable(source)
    judged, largest = _judged(measured, day, night, normalise=normalise)
    result = Split(judged, largest, unread, None if truth is None else _score(judged, truth))
    try:
        remove(out, earlier)
        _write_list(out / LIST, judged)
        write_graph(out / GRAPH, judged, day, night)
        for kind in ("day", "night"):
            (out / kind).mkdir(parents=True, exist_ok=True)
            for each in result.of(kind):
                place(each.photograph.path, out / kind / each.photograph.name, mode)
    except OSError as error:
        remedy = "check disk space and rights" + ("" if mode == "copy" else ", or take --mode copy")
        raise UsageError(out, f"can't be written ({error.strerror or error})", remedy) from None
    return result


def _judged(
    measured: Mapping[Photograph, Measured], day: float, night: float, *, normalise: bool
) -> tuple[tuple[Judged, ...], float]:
    """Sort photographs from dark to bright and class them; give the largest brightness too."""
    largest = max(each.brightness for each in measured.values())
    scale = largest if normalise and largest > 0 else 1.0
    judged = []
    for photograph, each in measured.items():
        normalised = round(each.brightness / scale, DIGITS)
        kind = class_of(normalised, day, night)
        judged.append(Judged(photograph, round(each.brightness, DIGITS), normalised, kind))
    judged.sort(key=lambda each: (each.normalised, each.photograph.name))
    return tuple(judged), round(largest, DIGITS)


def _read_labels(path: Path, photographs: Sequence[Photograph]) -> dict[str, str]:
    """Read a CSV of path and label.

    Raises:
        UsageError: it can't be read, or fits no photograph.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise UsageError(f"--labels {path}", f"can't be read ({error.strerror})", "check the name") from None
    except csv.Error as error:
        raise UsageError(
            f"--labels {path}", f"is no CSV ({error})", "give it the columns path,label"
        ) from None
    labels: dict[str, str] = {}
    for line, row in enumerate(rows, 2):
        if row.get("path") is None or row.get("label") is None:
            raise UsageError(f"--labels {path}", "lacks a path or a label", "give it the columns path,label")
        if row["label"] not in ("day", "night"):
            raise UsageError(f"--labels {path}", f"line {line}: label {row['label']!r}", "write day or night")
        if labels.setdefault(row["path"], row["label"]) != row["label"]:
            raise UsageError(f"--labels {path}", f"line {line}: {row['path']} is both", "keep one of them")
    if not labels.keys() & {photograph.name for photograph in photographs}:
        raise UsageError(
            f"--labels {path}", "names none of the photographs", "give their paths below the folder"
        )
    return labels


def _score(judged: Sequence[Judged], truth: Mapping[str, str]) -> Score:
    labelled = [each for each in judged if each.photograph.name in truth]
    counts: Counter[tuple[str, str]] = Counter((truth[each.photograph.name], each.kind) for each in labelled)
    return Score(counts, len(labelled), len(judged) - len(labelled), len(truth) - len(labelled))


def _write_list(path: Path, judged: Sequence[Judged]) -> None:
    with (
        written_whole(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for each in judged:
            values = (f"{value:.{DIGITS}f}" for value in (each.brightness, each.normalised))
            writer.writerow((each.photograph.name, *values, each.kind))
