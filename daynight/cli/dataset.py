"""``daynight dataset``: photographs to train on, sorted into day and night, counted, cropped, paired."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from daynight.cli.options import FilePath, Name, jobs_option

if TYPE_CHECKING:
    from daynight.dataset import Score, Split, Stats
    from daynight.errors import DaynightError

_CLASSES: Final = ("day", "night", "undecided")
_EVERY = 1000
"""Files between two lines of progress where standard error is not a terminal."""
_SOURCES = 12
"""Sources in the table of ``stats``; the others are counted together."""


class Aspect(click.types.StringParamType):
    """Width and height as ``3:2``."""

    name = "W:H"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """Return both numbers."""
        if not isinstance(value, str):
            return value
        try:
            width, height = (float(part) for part in value.split(":"))
        except ValueError:
            self.fail(f"{value!r} is not an aspect: write it like 1:1 or 16:9", parameter, context)
        if not (0 < width < float("inf") and 0 < height < float("inf")):
            self.fail(f"{value!r} is not an aspect: both numbers must be above 0", parameter, context)
        return width, height


@click.group("dataset")
def command() -> None:
    """Sort, count and crop photographs to train on."""


@command.command("split")
@click.argument("source", metavar="SRC", type=FilePath())
@click.argument("out", metavar="OUT", type=FilePath())
@click.option(
    "--day",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    help="Brightness above which a photograph is day.",
)
@click.option(
    "--night",
    type=click.FloatRange(0, 1),
    default=0.4,
    show_default=True,
    help="Brightness below which a photograph is night.",
)
@click.option(
    "--mode",
    type=click.Choice(["link", "hardlink", "copy"]),
    default="link",
    show_default=True,
    help="How photographs go to OUT. Links are relative, so that SRC and OUT may be moved together.",
)
@click.option(
    "--normalise/--no-normalise",
    default=True,
    show_default=True,
    help="Divide by the largest brightness of the set.",
)
@click.option(
    "--labels", type=FilePath(), metavar="FILE.csv", help="Columns path,label: report how many are right."
)
@click.option("--overwrite", is_flag=True, help="Write into OUT even if it holds other files.")
@jobs_option
def split_photographs(source: Path, out: Path, jobs: int | None, **options: Any) -> None:
    """Sort photographs into OUT/day and OUT/night by brightness.

    A photograph's brightness is the mean of sqrt(0.299 r² + 0.587 g² + 0.114 b²), divided by the largest of
    the set. Those between both thresholds are left out. OUT also gets the sorted list, brightness.csv,
    and its graph, brightness.png. Nothing is written into SRC.
    """
    from daynight.dataset import SplitOptions, split

    with _progress() as shown:
        result = split(
            source, out, SplitOptions(**options), jobs=jobs, observe=shown.observe, warn=shown.warn
        )
    _print_errors(result.unread)
    click.echo(f"{_summary(result)} → {out}")
    if result.score:
        _print_score(result.score)
    if result.unread:
        raise SystemExit(1)


@command.command("stats")
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=FilePath())
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@jobs_option
def show_stats(folders: tuple[Path, ...], as_json: bool, jobs: int | None) -> None:
    """Count photographs: sizes, formats, brightness, near-duplicates.

    Near-duplicates are photographs with the mean hash of an earlier one: 64 bits, one for each cell of an
    8x8 grid that is brighter than the mean.
    """
    from daynight.dataset import measure

    with _progress() as shown:
        found = [measure(folder, jobs=jobs, observe=shown.observe, warn=shown.warn) for folder in folders]
    if as_json:
        click.echo(json.dumps({"folders": [_as_json(each) for each in found]}, indent=2))
    else:
        _print_stats(found)
    unread = [error for each in found for error in each.unread]
    _print_errors(unread)
    if unread:
        raise SystemExit(1)


@command.command("crop")
@click.argument("source", metavar="SRC", type=FilePath())
@click.argument("out", metavar="OUT", type=FilePath())
@click.option(
    "--size",
    type=click.IntRange(1, 16384),
    default=256,
    show_default=True,
    help="Short side of the crops, in pixels.",
)
@click.option("--aspect", type=Aspect(), default="1:1", show_default=True, help="Shape of the crops.")
@click.option(
    "--mode",
    type=click.Choice(["centre", "random"]),
    default="centre",
    show_default=True,
    help="The largest part, from the middle; or parts of half to all of its side, at random positions.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Random crops of each.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of random positions.")
@click.option(
    "--ext",
    type=Name(),
    metavar="png|jpg|…",
    default="png",
    show_default=True,
    help="Format of the crops; one that holds 8 bits.",
)
@click.option(
    "--allow-upscale",
    is_flag=True,
    help="Enlarge small photographs, instead of leaving them out.",
)
@click.option("--overwrite", is_flag=True, help="Write into OUT even if it holds files.")
@jobs_option
def crop_photographs(source: Path, out: Path, jobs: int | None, **options: Any) -> None:
    """Crop photographs to one shape and size, 8 bits, sRGB.

    Light above white is clipped, and subfolders of SRC are kept. Nothing is written into SRC.
    """
    from daynight.cli import warn
    from daynight.dataset import CropOptions, crop

    with _progress() as shown:
        result = crop(source, out, CropOptions(**options), jobs=jobs, observe=shown.observe, warn=shown.warn)
    for line in result.small:
        warn(line)
    _print_errors(result.failed)
    small = f", {len(result.small)} too small" if result.small else ""
    failed = f", {len(result.failed)} failed" if result.failed else ""
    click.echo(f"{result.written} crops{small}{failed} → {out}")
    if result.failed:
        raise SystemExit(1)


class _Progress:
    """How many files are done: a bar on a terminal, removed at the end; otherwise a line now and then."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        console = Console(stderr=True)
        self._terminal = console.is_terminal
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = RichProgress(*columns, console=console, transient=True, disable=not self._terminal)
        self._task = self.bar.add_task("", total=None)

    def observe(self, done: int, total: int) -> None:
        """Show how many files are done."""
        self.bar.update(self._task, completed=done, total=total)
        if not self._terminal and done % _EVERY == 0 and done < total:
            click.echo(f"{done} of {total} files", err=True)

    def warn(self, message: str) -> None:
        """Print a warning, above the bar."""
        from daynight.cli import warn

        if self._terminal:  # click writes past rich's redirection, into the bar's line
            self.bar.console.print(f"warning: {message}", markup=False, highlight=False, soft_wrap=True)
        else:
            warn(message)


@command.command("pairs")
@click.argument("day", type=FilePath())
@click.argument("night", type=FilePath())
@click.option("--out", type=FilePath(), required=True, help="The CSV to write.")
@click.option(
    "--least",
    type=click.FloatRange(-1, 1),
    default=0.33,
    show_default=True,
    help="Correlation of the edges from which two photographs are a pair.",
)
@jobs_option
def pair_photographs(day: Path, night: Path, out: Path, least: float, jobs: int | None) -> None:
    """Find photographs of the same view in DAY and NIGHT, for ``daynight train --pairs``.

    Photographs of one source (SOURCE_0001.jpg) and one size are compared by their edges.
    """
    from daynight.cli import warn
    from daynight.dataset import find_pairs, write_pairs

    pairs = find_pairs(day, night, least=least, jobs=jobs, warn=warn)
    write_pairs(pairs, out)
    views = len({pair.day for pair in pairs}), len({pair.night for pair in pairs})
    click.echo(f"{len(pairs)} pairs of {views[0]} by day and {views[1]} by night → {out}")


@contextmanager
def _progress() -> Iterator[_Progress]:
    shown = _Progress()
    with shown.bar:
        yield shown


def _print_errors(errors: Sequence[DaynightError]) -> None:
    for error in errors:
        click.echo(f"error: {error}", err=True)


def _summary(result: Split) -> str:
    classes = ", ".join(f"{len(result.of(each))} {each}" for each in _CLASSES)
    count = f"{len(result.photographs)} photographs, the brightest {result.largest:.3f}"
    unread = f", {len(result.unread)} can't be read" if result.unread else ""
    return f"{count}: {classes}{unread}"


def _print_score(score: Score) -> None:
    from daynight.cli.tables import print_table

    without = f"; {score.unlabelled} without a label are left out" if score.unlabelled else ""
    absent = f"; {score.absent} labels without a readable photograph" if score.absent else ""
    click.echo(f"labelled: {score.labelled}{without}{absent}")
    click.echo(f"undecided: {score.undecided:.1%}")
    right = f"{score.right / score.decided:.1%} of" if score.decided else "none of"
    click.echo(f"right: {right} the {score.decided} decided")
    rows = [
        [label, *(str(score.counts.get((label, each), 0)) for each in _CLASSES)] for label in ("day", "night")
    ]
    print_table(["label", *_CLASSES], rows)


def _as_json(stats: Stats) -> dict[str, Any]:
    return {
        "folder": str(stats.folder),
        "images": stats.images,
        "width": _spread(stats.widths),
        "height": _spread(stats.heights),
        "formats": stats.formats,
        "brightness": stats.brightness,
        "near_duplicates": stats.near_duplicates,
        "sources": stats.sources,
        "unreadable": [str(error) for error in stats.unread],
    }


def _spread(sizes: Sequence[int]) -> dict[str, float]:
    import statistics

    return {"min": min(sizes), "median": statistics.median(sizes), "max": max(sizes)} if sizes else {}


def _print_stats(found: Sequence[Stats]) -> None:
    """Print a table with a column for each folder."""
    from daynight.cli.tables import print_table

    formats = sorted({name for each in found for name in each.formats})
    quantiles = max((each.brightness for each in found), key=len)
    totals = {
        name: sum(each.sources.get(name, 0) for each in found) for each in found for name in each.sources
    }
    sources = sorted(totals, key=lambda name: (-totals[name], name))[:_SOURCES]
    rows = [
        ["images", *(str(each.images) for each in found)],
        ["unreadable", *(str(len(each.unread)) for each in found)],
        ["width min/median/max", *(_shown(each.widths) for each in found)],
        ["height min/median/max", *(_shown(each.heights) for each in found)],
        *([f"format {name}", *(str(each.formats.get(name, 0)) for each in found)] for name in formats),
        *(
            [f"brightness {name}", *(_number(each.brightness.get(name)) for each in found)]
            for name in quantiles
        ),
        ["near-duplicates (8x8 mean hash)", *(str(each.near_duplicates) for each in found)],
        *(
            [f"source {name or '(no prefix)'}", *(str(each.sources.get(name, 0)) for each in found)]
            for name in sources
        ),
    ]
    if len(totals) > len(sources):
        others = [sum(each.sources.values()) - sum(each.sources.get(s, 0) for s in sources) for each in found]
        rows.append([f"{len(totals) - len(sources)} other sources", *map(str, others)])
    print_table(["", *(str(each.folder) for each in found)], rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _shown(sizes: Sequence[int]) -> str:
    return " / ".join(f"{value:g}" for value in _spread(sizes).values()) or "-"
