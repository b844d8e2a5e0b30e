"""Options that several commands share."""

from __future__ import annotations

import click

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
