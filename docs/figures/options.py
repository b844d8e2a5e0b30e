"""Write the table of ``convert``'s options into ``docs/cli.md``: ``python docs/figures/options.py``."""

import dataclasses
import re
from pathlib import Path

import click

from daynight.cli.convert import command
from daynight.job import GROUPS, OPTIONS, Job

PAGE = Path(__file__).parents[1] / "cli.md"
MARKS = re.compile(r"(<!-- options:.*?-->\n).*?(<!-- end of options -->)", re.DOTALL)


def table() -> str:
    """Return the options, a table for each group."""
    defaults = {field.name: field.default for field in dataclasses.fields(Job)}
    flags = {each.name: each.opts[-1] for each in command.params if isinstance(each, click.Option)}
    lines: list[str] = []
    for group in GROUPS:
        lines += [f"**{group.capitalize()}**", "", "| option | default | |", "|---|---|---|"]
        for name, option in OPTIONS.items():
            if option.group == group:
                flag = flags.get(name, "SOURCE...")
                default = defaults[name]
                shown = (
                    f"`{default}`" if isinstance(default, str | int | float) and default is not False else ""
                )
                lines.append(f"| `{flag}` | {shown} | {option.help} |")
        lines.append("")
    return "\n".join(lines)


def page() -> str:
    """Return the page with the table as the fields of a job give it."""
    text = PAGE.read_text(encoding="utf-8")
    return MARKS.sub(lambda marks: f"{marks[1]}\n{table()}{marks[2]}", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
