"""``daynight export``: write a model file that ``convert`` or a compositor can run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from daynight.cli.options import FilePath, Name


@click.command("export")
@click.argument("run", type=FilePath())
@click.option(
    "--to", default="onnx", show_default=True, help="onnx, torchscript, or an exporter of a plugin."
)
@click.option(
    "--direction", type=click.Choice(["night", "day"]), help="Which of a cycle GAN's two generators."
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
    help="Folder of plates on which to compare the file with the network, and to calibrate int8.",
)
@click.option("--best", is_flag=True, help="Export the best checkpoint instead of the newest.")
def command(
    run: Path,
    to: str,
    direction: Literal["night", "day"] | None,
    out: Path,
    precision: str,
    pictures: Path | None,
    best: bool,
) -> None:
    """Write the network of the training run RUN as one model file."""
    from daynight.cli import warn
    from daynight.export import export

    written = export(run, out, direction, to=to, precision=precision, pictures=pictures, best=best, warn=warn)
    click.echo(f"{written}: {written.stat().st_size / 1e6:.1f} MB")
