"""``daynight train``: train a night and a day network on photographs of one's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daynight.cli.options import FilePath

if TYPE_CHECKING:
    from threading import Event

    from daynight.training.session import Session


@click.command("train")
@click.argument("day", type=FilePath())
@click.argument("night", type=FilePath())
@click.option("--out", type=FilePath(), required=True, help="Folder of the run.")
@click.option(
    "--preset",
    metavar="NAME|FILE.toml",
    help="relight, p0, p1-cyclegan, p1-attention, or a file of your own.  [default: relight]",
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a hyper-parameter.")
@click.option("--pairs", type=FilePath(), help="CSV of photographs that belong together, columns day,night.")
@click.option(
    "--start",
    multiple=True,
    metavar="MODEL",
    help="A model to start from, a name or an ONNX file; for a cycle GAN give two: night, then day.",
)
@click.option("--resume", is_flag=True, help="Go on from the run's checkpoint.")
@click.option("--minutes", type=click.FloatRange(min=0), help="Stop after this long, with a checkpoint.")
@click.option("--dry-run", is_flag=True, help="Show networks, data and plan; train nothing.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="CPU cores to use.")
@click.option("--progress", type=click.Choice(["auto", "bar", "lines"]), default="auto", show_default=True)
def command(
    day: Path,
    night: Path,
    out: Path,
    settings: tuple[str, ...],
    minutes: float | None,
    dry_run: bool,
    progress: str,
    **options: Any,
) -> None:
    """Train a night and a day network on two sets of photographs.

    DAY and NIGHT are folders, searched through, or sequences. The run's checkpoints, losses, curves and
    sample grids go to --out. On several GPUs: torchrun --nproc-per-node N -m daynight train ...
    """
    from daynight.cli import INTERRUPTED, warn
    from daynight.training import require_torch

    require_torch()
    from daynight.cli.training_progress import open_callbacks
    from daynight.training.session import open_session

    opened = open_session(day, night, out, new=not dry_run, settings=_pairs(settings), warn=warn, **options)
    with opened as session:
        if dry_run:
            for line in (*_networks(session), *session.data.describe(), *_plan(session)):
                click.echo(line)
            return
        echo = click.echo if session.group.is_main else _ignore
        echo(f"device: {session.device.type} ({session.device_reason})")
        interrupted = _interrupted()
        with open_callbacks(progress, leads=session.group.is_main) as callbacks:
            steps = session.train(minutes=minutes, stop=interrupted.is_set, callbacks=callbacks)
        echo(f"{out}: {steps} steps done")
    if interrupted.is_set():
        sys.exit(INTERRUPTED)


def _pairs(settings: tuple[str, ...]) -> dict[str, str]:
    from daynight.errors import UsageError

    pairs = [setting.partition("=") for setting in settings]
    for name, equals, _ in pairs:
        if not equals:
            raise UsageError(f"`settings={name}`", "has no value", "write NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _interrupted() -> Event:
    """Return what is set at Ctrl-C and at a farm's SIGTERM: the step under way is finished, all is saved."""
    import signal
    from threading import Event

    interrupted = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: interrupted.set())
    return interrupted


def _networks(session: Session) -> list[str]:
    """Return a line for each network, with its number of parameters."""
    from daynight.cli.networks import parameter_count

    networks = session.trainer.method.networks()
    return [f"{name}: {parameter_count(network):,} parameters" for name, network in networks.items()]


def _plan(session: Session) -> list[str]:
    """Return the hyper-parameters, and what a step takes."""
    recipe, processes = session.recipe, session.group.size
    pictures = recipe.run.batch * recipe.run.accumulate * processes
    tables = recipe.model_dump()
    return [
        f"{recipe.run.steps:,} steps of {pictures} by day and {pictures} by night",
        f"{processes} process{'' if processes == 1 else 'es'} on {session.device.type}",
        *(
            f"  {table}.{name} = {value}"
            for table, values in tables.items()
            for name, value in values.items()
            if value not in ({}, None)
        ),
    ]


def _ignore(line: str) -> None:
    """Ignore a line: the first process of the group prints it."""
