"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class FilePath(click.Path):
    """A path as it was typed. An empty one is refused: it comes from an unset shell variable.

    The file itself is checked where it is opened, with messages of daynight's own.
    """

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the path."""
        if value == "":
            self.fail("the path is empty: is a variable not set?", parameter, context)
        return super().convert(value, parameter, context)


class Name(click.types.StringParamType):
    """Text that is not empty: an unset shell variable must not pass for an option that was left out."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the text."""
        if value == "":
            self.fail("it is empty: is a variable not set?", parameter, context)
        return super().convert(value, parameter, context)


device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cuda", "cpu"]),
    default="auto",
    show_default=True,
    help="Where the model runs; auto uses CUDA if it runs here.",
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="CPU cores to use. Default: all available to this process.",
)
strict_plugins_option = click.option(
    "--strict-plugins", is_flag=True, help="Fail on a broken plugin, instead of warning."
)
