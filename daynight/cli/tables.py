"""Tables on standard output: aligned columns, which a person and a script can read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

_WIDTH: Final = 1000
"""Columns where output is not a terminal: a file or a pipe takes lines of any length."""


def print_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, highlighted: Collection[int] = ()
) -> None:
    """Print a table; its first column is aligned to the left, the others to the right.

    Args:
        headings: of the columns.
        rows: a cell for each column.
        highlighted: indices of rows to print in bold on a terminal.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _WIDTH
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        table.add_column(Text(heading), justify="right" if index else "left")
    for index, cells in enumerate(rows):
        table.add_row(*map(Text, cells), style="bold" if index in highlighted else None)
    console.print(table)
