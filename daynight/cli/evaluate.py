"""``daynight evaluate``: figures of a look, beside what it must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from daynight.cli.options import FilePath, Name, device_option, jobs_option

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from daynight.evaluation.figures import Evaluation
    from daynight.evaluation.tables import Table


@click.command("evaluate")
@click.argument("plates", type=FilePath())
@click.option("--to", metavar="LOOK", type=Name(), required=True, help="The look to judge.")
@click.option("--judge", type=FilePath(), metavar="FILE", required=True, help="The classifier's weights.")
@click.option("--out", type=FilePath(), metavar="DIR", required=True, help="Folder for the report.")
@click.option("--converted", type=FilePath(), metavar="DIR", help="Results of the plates, already made.")
@click.option("--real", type=FilePath(), metavar="DIR", help="Real photographs of what it turns plates into.")
@click.option("--sequences", type=FilePath(), metavar="DIR", help="Shots to measure flicker on.")
@click.option("--back", metavar="LOOK", type=Name(), help="The look that leads back, for the cycle error.")
@click.option(
    "--target", type=click.Choice(["night", "day"]), help="What to read as; else as the look's model says."
)
@click.option("--model", metavar="FILE.onnx|NAME", type=Name(), help="A model, in the place of the look's.")
@click.option("--set", "settings", multiple=True, metavar="STEP.OPTION=VALUE", help="Change the chain.")
@click.option("--strong", is_flag=True, help="Train a classifier of results against real photographs too.")
@click.option(
    "--inception", type=FilePath(), metavar="FILE", help="Public Inception weights, for FID and KID on them."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N plates and photographs.")
@device_option
@jobs_option
@click.option("--json", "as_lines", is_flag=True, help="Print the figures as JSON, not as tables.")
def command(as_lines: bool, **asked: Any) -> None:
    """Judge a look by figures, beside what it must beat.

    PLATES is a folder of pictures, searched through. They are converted by the look and by baselines that
    learn nothing; a classifier trained on photographs alone says what all of them read as, and how far they
    are from real ones. Figures go to report.json, figures and pictures to report.html.
    """
    import json

    from daynight.cli import warn
    from daynight.training import require_torch

    require_torch()
    from daynight.evaluation.figures import Asked
    from daynight.evaluation.page import as_json, write_report
    from daynight.evaluation.run import evaluate

    def tell(line: str) -> None:
        click.echo(f"{line} …", err=True)

    evaluation = evaluate(Asked(**asked), tell=tell, warn=warn)
    page = write_report(evaluation, asked["out"])
    if as_lines:
        click.echo(json.dumps(as_json(evaluation), ensure_ascii=False))
    else:
        _show(evaluation)
    click.echo(f"report: {page}", err=as_lines)


def _show(evaluation: Evaluation) -> None:
    """Print tables and remarks."""
    from rich.console import Console

    from daynight.evaluation.tables import flicker_table, pictures_table, remarks

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200  # a file or a pipe takes lines of any length
    console.print(_drawn(pictures_table(evaluation)))
    if evaluation.flicker:
        console.print(_drawn(flicker_table(evaluation)))
    for line in remarks(evaluation):
        console.print(line, soft_wrap=True)


def _drawn(table: Table) -> RichTable:
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable()
    for place, head in enumerate(table.heads):
        drawn.add_column(Text(head), justify="right" if place else "left")
    for cells, look in zip(table.rows, table.look, strict=True):
        drawn.add_row(*map(Text, cells), style="bold" if look else None)
    return drawn
