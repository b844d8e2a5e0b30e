"""``daynight evaluate``: measure a look beside its baselines, and train the classifier that this needs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daynight.cli.options import FilePath, Name, device_option, jobs_option

if TYPE_CHECKING:
    from daynight.evaluation.results import Evaluation


class DefaultRun(click.Group):
    """A group that runs ``run`` when no subcommand is named: ``daynight evaluate PLATES --to night``."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Put ``run`` before arguments that do not begin with a subcommand."""
        if arguments and arguments[0] not in {*self.commands, *context.help_option_names}:
            arguments = ["run", *arguments]
        return super().parse_args(context, arguments)


@click.group("evaluate", cls=DefaultRun, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Evaluate a look by figures, beside baselines it must beat.

    ``daynight evaluate PLATES …`` is short for ``daynight evaluate run PLATES …``.
    """


@command.command("run")
@click.argument("plates", type=FilePath())
@click.option("--to", metavar="LOOK", type=Name(), required=True, help="The look to evaluate.")
@click.option(
    "--classifier",
    type=FilePath(),
    metavar="FILE",
    required=True,
    help="Weights of the day/night classifier, from train-classifier.",
)
@click.option("--out", type=FilePath(), metavar="DIR", required=True, help="Folder for the report.")
@click.option("--converted", type=FilePath(), metavar="DIR", help="Existing results, instead of converting.")
@click.option("--real", type=FilePath(), metavar="DIR", help="Real photographs of the target, night or day.")
@click.option("--sequences", type=FilePath(), metavar="DIR", help="Shots to measure flicker on.")
@click.option(
    "--back", metavar="LOOK", type=Name(), help="Look of the opposite direction, for the cycle error."
)
@click.option(
    "--target",
    type=click.Choice(["night", "day"]),
    help="What results should read as. Default: taken from the look's model.",
)
@click.option("--model", metavar="FILE.onnx|NAME", type=Name(), help="Model to use instead of the look's.")
@click.option(
    "--set", "settings", multiple=True, metavar="STEP.OPTION=VALUE", help="Change the look's steps."
)
@click.option("--strong", is_flag=True, help="Also train a classifier to tell results from real photographs.")
@click.option(
    "--inception", type=FilePath(), metavar="FILE", help="Public Inception weights, for FID and KID on them."
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Use at most N plates and N photographs."
)
@device_option
@jobs_option
@click.option("--json", "as_lines", is_flag=True, help="Print the figures as JSON instead of tables.")
def run(as_lines: bool, **options: Any) -> None:
    """Evaluate a look by figures, beside baselines it must beat.

    PLATES is a folder of pictures, searched recursively. They are converted to the look and to baselines that
    learn nothing. A classifier trained on photographs only decides what each version reads as, and how far it
    is from real photographs. Figures go to report.json; figures and pictures go to report.html.
    """
    import json

    from daynight.cli import warn
    from daynight.training import require_torch

    require_torch()
    from daynight.evaluation.options import EvaluationOptions
    from daynight.evaluation.report import as_json, write_report
    from daynight.evaluation.run import evaluate

    def progress(line: str) -> None:
        click.echo(f"{line} …", err=True)

    evaluation = evaluate(EvaluationOptions(**options), progress=progress, warn=warn)
    page = write_report(evaluation, options["out"])
    if as_lines:
        click.echo(json.dumps(as_json(evaluation), ensure_ascii=False))
    else:
        _print_tables(evaluation)
    click.echo(f"report: {page}", err=as_lines)


@command.command("train-classifier")
@click.argument("day", type=FilePath())
@click.argument("night", type=FilePath())
@click.option("--out", type=FilePath(), required=True, help="File to write.")
@click.option("--steps", type=click.IntRange(min=1), default=700, show_default=True, help="Batches of 16.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def train(day: Path, night: Path, out: Path, steps: int, seed: int) -> None:
    """Train the day/night classifier on two folders of photographs.

    It sees real photographs only, never a result, so its answers are independent of any look.
    """
    from daynight.cli import warn
    from daynight.errors import UsageError
    from daynight.plates import written_whole
    from daynight.training import require_torch

    require_torch()
    from safetensors.torch import save

    from daynight.cli.training_progress import open_callbacks
    from daynight.evaluation.classifier import train_classifier

    if out.exists():  # reports name a classifier by its digest, so it must not be replaced by accident
        raise UsageError(f"`out={out}`", "already exists", "choose another name, or move it away")
    out.parent.mkdir(parents=True, exist_ok=True)
    with open_callbacks("lines") as callbacks:
        shown = callbacks[:1]  # no files of the run are kept
        classifier = train_classifier(day, night, steps=steps, seed=seed, callbacks=shown, warn=warn)
    with written_whole(out) as temporary:
        temporary.write_bytes(save(classifier.state_dict()))


@command.command("labels")
@click.argument("photographs", type=FilePath())
@click.argument("table", type=FilePath())
@click.option("--to", metavar="LOOK", type=Name(), required=True, help="The look to evaluate.")
@click.option("--model", metavar="FILE.onnx|NAME", type=Name(), help="Model to use instead of the look's.")
@click.option(
    "--set", "settings", multiple=True, metavar="STEP.OPTION=VALUE", help="Change the look's steps."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Use at most N pictures of each set.")
@device_option
@jobs_option
@click.option("--json", "as_lines", is_flag=True, help="Print the figures as JSON instead of a table.")
def labels(as_lines: bool, **options: Any) -> None:
    """Measure a night look on labelled photographs: its sky, false lamps, colours.

    TABLE lists the labelled sets below PHOTOGRAPHS, as for training a scene network (docs/training.md). What
    it holds back from training, under ``without``, is measured.
    """
    import dataclasses
    import json

    from daynight.cli import warn
    from daynight.training import require_torch

    require_torch()
    from daynight.cli.tables import print_table
    from daynight.evaluation.labelled import HEADINGS, LabelledOptions, measure_labelled

    def progress(line: str) -> None:
        click.echo(f"{line} …", err=True)

    rows = measure_labelled(LabelledOptions(**options), warn=warn, progress=progress)
    if as_lines:
        for row in rows:
            values = dataclasses.asdict(row).items()
            known = {key: None if _is_nan(value) else value for key, value in values}
            click.echo(json.dumps(known, ensure_ascii=False))
        return
    cells = [
        [
            "–" if _is_nan(value) else format(value, style)
            for value, (_, style) in zip(dataclasses.astuple(row), HEADINGS, strict=True)
        ]
        for row in rows
    ]
    print_table([heading for heading, _ in HEADINGS], cells)


@command.command("blind")
@click.argument("one", type=FilePath())
@click.argument("two", type=FilePath())
@click.option("--out", type=FilePath(), metavar="FILE.html", required=True, help="The page to write.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show at most N pairs.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Chooses sides and order."
)
def blind(**options: Any) -> None:
    """Make a page that asks which of two results is better.

    ONE and TWO are folders of results with the same names. The page shows them side by side in random order,
    counts what a person prefers, and says at the end which was whose.
    """
    from daynight.evaluation.blind import BlindOptions, write_blind_page

    pairs = write_blind_page(BlindOptions(**options))
    click.echo(f"{pairs} pairs → {options['out']}")


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _print_tables(evaluation: Evaluation) -> None:
    from daynight.cli.flags import flagged
    from daynight.cli.tables import print_table
    from daynight.evaluation.report import flicker_table, remarks, versions_table

    tables = [versions_table(evaluation)]
    if evaluation.flicker:
        tables.append(flicker_table(evaluation))
    for table in tables:
        highlighted = [index for index, is_look in enumerate(table.highlighted) if is_look]
        print_table(table.headings, table.rows, highlighted=highlighted)
        click.echo()
    for line in remarks(evaluation):
        click.echo(flagged(line))
