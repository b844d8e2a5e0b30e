"""``daynight export``: turn a training run into a model file that ``convert`` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from daynight.cli.options import FilePath


@click.command("export")
@click.argument("run", type=FilePath())
@click.option("--to", "target", default="onnx", show_default=True, help="Name of an exporter.")
@click.option(
    "--direction", type=click.Choice(["night", "day"]), required=True, help="Which of its two networks."
)
@click.option("--out", type=FilePath(), required=True, help="The file to write.")
def command(run: Path, target: str, direction: Literal["night", "day"], out: Path) -> None:
    """Write a network of the training run RUN as one model file."""
    from daynight.cli import warn
    from daynight.errors import UsageError, nearest
    from daynight.registry import Registry

    exporters = Registry.load(warn=warn).exporters
    if target not in exporters:
        raise UsageError(f"--to {target}", "is no exporter", nearest(target, exporters))
    written = exporters[target]().export(run, out, direction=direction)
    click.echo(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
