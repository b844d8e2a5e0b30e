"""The evaluation as tables, and as files: ``report.json``, and ``report.html``, which needs no other file."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

import numpy as np

from daynight.colour.spaces import ColourSpaces
from daynight.engine.report import WIPE_SCRIPT, WIPE_STYLE, Wipe, jpeg_url, wipe_html
from daynight.errors import UsageError
from daynight.evaluation.measures import FLICKER_TABLE, TABLE, Column
from daynight.evaluation.results import Evaluation, Figure, FlickerRow, VersionRow
from daynight.frames.resize import reduced
from daynight.plates import written_whole
from daynight.plates.photographs import read_picture

_MISSING: Final = "–"
_WIDTH: Final = 960
_PLOT: Final = (640, 220)
_COLOURS: Final = ("#e0af68", "#7aa2f7", "#9ece6a", "#bb9af7", "#f7768e", "#73daca")


@dataclass(frozen=True)
class Table:
    """Text cells, for the terminal and for the page; columns without a single figure are left out."""

    headings: tuple[str, ...]
    best: tuple[str, ...]
    """The best value of each column, in words; empty where there is none."""
    rows: tuple[tuple[str, ...], ...]
    highlighted: tuple[bool, ...]
    """Which rows are the look's own."""


def versions_table(evaluation: Evaluation) -> Table:
    """Return the figures of the plates' versions, one row each."""
    labels = {
        "version": [row.name for row in evaluation.rows],
        "pictures": [str(row.pictures) for row in evaluation.rows],
    }
    return _table(labels, TABLE, evaluation.rows, evaluation.target)


def flicker_table(evaluation: Evaluation) -> Table:
    """Return the figures of the sequences, one row for each version."""
    labels = {
        "sequence": [row.sequence for row in evaluation.flicker],
        "frames": [str(row.frames) for row in evaluation.flicker],
        "version": [row.name for row in evaluation.flicker],
    }
    return _table(labels, FLICKER_TABLE, evaluation.flicker, evaluation.target)


def remarks(evaluation: Evaluation) -> list[str]:
    """Return what stands below the tables, line by line."""
    cycle = [] if evaluation.cycle_error is None else [f"cycle error: {evaluation.cycle_error:.3f}"]
    return [*cycle, *evaluation.notes]


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return all figures as JSON values; those that were not taken are ``None``."""
    values = {each.name: getattr(evaluation, each.name) for each in dataclasses.fields(evaluation)}
    del values["wipes"]
    values["rows"] = [_row_as_json(row, TABLE) for row in evaluation.rows]
    values["flicker"] = [_row_as_json(row, FLICKER_TABLE) for row in evaluation.flicker]
    return values


def _row_as_json(row: VersionRow | FlickerRow, columns: Sequence[Column]) -> dict[str, Any]:
    values = {each.name: getattr(row, each.name) for each in dataclasses.fields(row)}
    del values["figures"]
    for column in columns:
        figure = row.figures.get(column.name, Figure(None))
        values[column.name] = figure.value
        if figure.error is not None:
            values[f"{column.name}_error"] = figure.error
    return values


def _table(
    labels: dict[str, list[str]],
    columns: Sequence[Column],
    rows: Sequence[VersionRow] | Sequence[FlickerRow],
    target: str,
) -> Table:
    cells, best = dict(labels), dict.fromkeys(labels, "")
    for column in columns:
        texts = [_text(row.figures.get(column.name, Figure(None)), column.format) for row in rows]
        if column.heading and set(texts) != {_MISSING}:
            heading = column.heading.format(target=target)
            cells[heading], best[heading] = texts, column.best
    return Table(
        tuple(cells),
        tuple(best.values()),
        tuple(zip(*cells.values(), strict=True)),
        tuple(row.role == "look" for row in rows),
    )


def _text(figure: Figure, format_: str) -> str:
    parts = [] if figure.value is None else [f"{figure.value:{format_}}"]
    parts += [] if figure.error is None else [f"± {figure.error:{format_}}"]
    return " ".join(parts) or _MISSING


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write both files into a folder, and return the path of the page.

    Raises:
        UsageError: they can't be written.
    """
    page = folder / "report.html"
    try:
        _write(folder / "report.json", json.dumps(as_json(evaluation), indent=2, ensure_ascii=False) + "\n")
        _write(page, _page(evaluation))
    except OSError as error:
        raise UsageError(folder, f"can't be written to ({error.strerror})", "check its permissions") from None
    return page


def histograms_svg(rows: Sequence[VersionRow]) -> str:
    """Draw brightness histograms as lines on one common scale."""
    width, height = _PLOT
    most = max(max(row.histogram) for row in rows)
    lines, keys = [], []
    for index, row in enumerate(rows):
        colour = _COLOURS[index % len(_COLOURS)]
        step = width / len(row.histogram)
        points = " ".join(
            f"{(bin_ + 0.5) * step:.1f},{height - share / most * (height - 10):.1f}"
            for bin_, share in enumerate(row.histogram)
        )
        thick = 3 if row.role == "look" else 1.5
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{thick}"/>')
        keys.append(
            f'<text x="{width - 8}" y="{18 + 18 * index}" text-anchor="end" fill="{colour}">'
            f"{html.escape(row.name)}</text>"
        )
    axis = f'<path d="M0 {height}H{width}" stroke="#8b929c"/>'
    return (
        f'<svg viewBox="0 0 {width} {height + 22}" role="img" aria-label="brightness histograms">{axis}'
        f"{''.join(lines)}{''.join(keys)}"
        f'<text y="{height + 18}" fill="#8b929c">black</text>'
        f'<text x="{width}" y="{height + 18}" text-anchor="end" fill="#8b929c">white</text></svg>'
    )


def _write(path: Path, text: str) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def _page(evaluation: Evaluation) -> str:
    spaces = ColourSpaces()
    wipes = [wipe_html(_wipe(plate, result, spaces)) for plate, result in evaluation.wipes]
    flicker = _table_html(flicker_table(evaluation)) if evaluation.flicker else "<p>no sequence was given</p>"
    return _PAGE.substitute(
        title=html.escape(f"{evaluation.look} evaluated as {evaluation.target}"),
        pictures=_table_html(versions_table(evaluation)),
        wipe_style=WIPE_STYLE,
        wipe_script=WIPE_SCRIPT,
        histograms=histograms_svg(evaluation.rows),
        flicker=flicker,
        remarks="".join(f"<li>{html.escape(line)}</li>" for line in remarks(evaluation)),
        wipes="\n".join(wipes),
        protocol="".join(
            f"<tr><th>{html.escape(name)}<td>{html.escape(_listed(value))}"
            for name, value in evaluation.protocol.items()
        ),
    )


def _listed(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _table_html(table: Table) -> str:
    heads = zip(table.headings, table.best, strict=True)
    titled = ((head, f' title="best: {html.escape(best)}"' if best else "") for head, best in heads)
    lines = ["<table><tr>" + "".join(f"<th{title}>{html.escape(head)}" for head, title in titled)]
    for cells, highlighted in zip(table.rows, table.highlighted, strict=True):
        style = ' class="look"' if highlighted else ""
        lines.append(f"<tr{style}>" + "".join(f"<td>{html.escape(cell)}" for cell in cells))
    return "\n".join(lines) + "</table>"


def _wipe(plate: Path, result: Path, spaces: ColourSpaces) -> Wipe:
    before, after = (_thumbnail(path, spaces) for path in (plate, result))
    height, width = after.shape[:2]
    return Wipe(plate.name, jpeg_url(before), jpeg_url(after), width, height)


def _thumbnail(path: Path, spaces: ColourSpaces) -> np.ndarray:
    picture = read_picture(path, spaces).pixels
    small = reduced(picture, _WIDTH / picture.shape[1])
    return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)


_PAGE: Final = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>daynight: $title</title>
<style>
body { background: #16181c; color: #d8dce2; font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto;
max-width: 70rem; padding: 0 1rem } h1, h2 { font-weight: 500 } table { border-collapse: collapse }
td, th { padding: .2rem .7rem; text-align: right; font-weight: 400 }
th { color: #8b929c; vertical-align: top } table:not(.left) td { white-space: nowrap }
td:first-child, th:first-child, .left td { text-align: left } .look { color: #fff; background: #242833 }
svg { width: 100%; max-width: 46rem; font: 12px system-ui, sans-serif } li, .left { color: #8b929c }
.wipes { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1rem }
figure { margin: 0 } $wipe_style
</style>
<h1>daynight: $title</h1>
$pictures
<ul>$remarks</ul>
<h2>Brightness</h2>
$histograms
<h2>Flicker</h2>
$flicker
<h2>Before and after</h2>
<div class="wipes">$wipes</div>
<h2>Protocol</h2>
<table class="left">$protocol</table>
<script>
$wipe_script
</script>
</html>
""")
