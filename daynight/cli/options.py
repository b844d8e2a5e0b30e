"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class FilePath(click.Path):
    """A path as it was typed; an empty one, as an unset shell variable gives, is refused.

    What is wrong with the file itself is told where it is opened, in daynight's own words.
    """

    def __init__(self) -> None:
        super().__init__(path_type=Path, readable=False)

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        """Return the path."""
        if value == "":
            self.fail("the path is empty: is a variable not set?", parameter, context)
        return super().convert(value, parameter, context)


class Name(click.types.StringParamType):
    """A text that is not empty: an unset shell variable must not mean that nothing was asked for."""

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
    help="Where the model runs; auto takes CUDA where it can.",
)
jobs_option = click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Processors to use; else all that it may."
)
strict_plugins_option = click.option(
    "--strict-plugins", is_flag=True, help="A broken plugin is an error, not a warning."
)
