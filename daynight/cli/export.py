"""``daynight export``: turn a training run into a model file that ``convert`` or a compositor takes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from daynight.cli.options import FilePath, Name


@click.command("export")
@click.argument("run", type=FilePath())
@click.option("--to", "target", default="onnx", show_default=True, help="onnx, torchscript, or a plugin's.")
@click.option(
    "--direction", type=click.Choice(["night", "day"]), required=True, help="Which of its two networks."
)
@click.option("--out", type=FilePath(), required=True, help="The file to write.")
@click.option(
    "--precision",
    type=Name(),
    default="fp32",
    show_default=True,
    help="onnx: fp32, half-weights, fp16 or int8; see docs/export.md.",
)
@click.option(
    "--pictures",
    type=FilePath(),
    help="Folder of plates to compare the file with the network on, and to calibrate int8 by.",
)
@click.option("--best", is_flag=True, help="Take the run's best checkpoint, not its newest.")
def command(
    run: Path,
    target: str,
    direction: Literal["night", "day"],
    out: Path,
    precision: str,
    pictures: Path | None,
    best: bool,
) -> None:
    """Write a network of the training run RUN as one model file."""
    from daynight.cli import warn
    from daynight.errors import UsageError, nearest
    from daynight.plugin.exporter import ExportOptions
    from daynight.plugin.registry import Registry

    exporters = Registry.load(warn=warn).exporters
    if target not in exporters:
        raise UsageError(f"--to {target}", "is no exporter", nearest(target, exporters))
    exporter = exporters[target](ExportOptions(precision, pictures, best, warn))
    written = exporter.export(run, out, direction=direction)
    click.echo(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
