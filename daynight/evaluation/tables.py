"""An evaluation's figures as text: the same tables on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daynight.evaluation.figures import Evaluation, Flicker, Row

NOTHING = "–"
"""Stands where a figure was not taken."""


@dataclass(frozen=True)
class Table:
    """Headings and rows of text; columns in which nothing was taken are left out."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    look: tuple[bool, ...]
    """Which rows are the look's own."""


def pictures_table(evaluation: Evaluation) -> Table:
    """Return the figures of the pictures, a row a version."""
    columns: dict[str, Callable[[Row], str]] = {
        "version": lambda row: row.name,
        "pictures": lambda row: str(row.pictures),
        f"reads as {evaluation.target}": lambda row: f"{row.reads:.0%}",
        "KID": lambda row: _with_error(row.kid, row.kid_error, ".3f"),
        "of best baseline": lambda row: _number(row.kid_share, ".2f"),
        "strong error": lambda row: _number(row.strong_error, ".0%"),
        "FID": lambda row: _number(row.fid, ".1f"),
        "Inception KID": lambda row: _with_error(row.inception_kid, row.inception_kid_error, ".4f"),
        "gradient correlation": lambda row: _number(row.gradient_correlation),
        "local contrast": lambda row: _number(row.contrast_ssim),
        "difference": lambda row: _number(row.difference),
        "brightness": lambda row: f"{row.brightness:.3f}",
        "brightness from real": lambda row: _number(row.brightness_distance),
        "seam": lambda row: _number(row.seam),
    }
    return _table(columns, evaluation.rows)


def flicker_table(evaluation: Evaluation) -> Table:
    """Return the figures of the sequences, a row a version of each."""
    columns: dict[str, Callable[[Flicker], str]] = {
        "sequence": lambda row: row.sequence,
        "frames": lambda row: str(row.frames),
        "version": lambda row: row.name,
        "flicker": lambda row: _number(row.ratio, ".2f"),
        "levels not matched": lambda row: _number(row.unmatched, ".2f"),
        "pumping": lambda row: _number(row.pumping, ".2%"),
    }
    return _table(columns, evaluation.flicker)


def remarks(evaluation: Evaluation) -> list[str]:
    """Return what is no table, a line each."""
    cycle = [] if evaluation.cycle_error is None else [f"cycle error: {evaluation.cycle_error:.3f}"]
    return [*cycle, *evaluation.notes]


def _table(columns: dict[str, Callable[..., str]], rows: Sequence[Row] | Sequence[Flicker]) -> Table:
    taken = {head: [column(row) for row in rows] for head, column in columns.items()}
    taken = {head: cells for head, cells in taken.items() if set(cells) - {NOTHING}}
    return Table(
        tuple(taken), tuple(zip(*taken.values(), strict=True)), tuple(row.kind == "look" for row in rows)
    )


def _with_error(value: float | None, error: float | None, form: str) -> str:
    if error is None:
        return NOTHING
    return f"± {error:{form}}" if value is None else f"{value:{form}} ± {error:{form}}"


def _number(value: float | None, form: str = ".3f") -> str:
    return NOTHING if value is None else f"{value:{form}}"
