"""Which day and night photographs show the same view, as a CSV lists them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daynight.errors import UsageError

_COLUMNS: Final = ("day", "night")


@dataclass(frozen=True)
class Pair:
    """One row of the CSV; its files may not be there."""

    line: int
    """Line of the CSV, from 1."""
    day: str
    """Path below the folder of day photographs, as it is written there."""
    night: str
    """Path below the folder of night photographs."""


def read_pairs(table: Path) -> list[Pair]:
    """Read the pairs of a CSV with the columns ``day`` and ``night``; other columns are ignored.

    Raises:
        UsageError: it can't be read, lacks a column or a name, or a name leads out of its folder.
    """
    try:
        with table.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or ()
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise UsageError(table, f"can't be read ({error.strerror})", "check the name") from None
    except csv.Error as error:
        raise UsageError(table, f"is not a CSV ({error})", "write it with the header day,night") from None
    lacking = [name for name in _COLUMNS if name not in columns]
    if lacking:
        raise UsageError(
            table, f"lacks the column {' and '.join(lacking)}", "write it with the header day,night"
        )
    return [Pair(line, *(_within(table, line, row[name]) for name in _COLUMNS)) for line, row in rows]


def _within(table: Path, line: int, name: str | None) -> str:
    """Return a name, if it stays within its folder."""
    if not name or "\0" in name:
        raise UsageError(f"{table}, line {line}", "lacks a name", "give a day and a night photograph")
    path = Path(name)
    if path.anchor or ".." in path.parts:
        raise UsageError(f"{table}, line {line}", f"{name} leads out of its folder", "name a file within it")
    return name
