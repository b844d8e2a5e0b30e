"""``daynight train``: train a night and a day network on photographs of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from daynight.cli.options import FilePath


@click.command("train")
@click.argument("day", type=FilePath())
@click.argument("night", type=FilePath())
@click.option("--out", "run", type=FilePath(), required=True, help="Folder for the run.")
@click.option("--minutes", type=float, help="Stop after this long, with a checkpoint.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a hyper-parameter.")
@click.option("--resume", is_flag=True, help="Go on from the run's checkpoint.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processors to use.")
def command(
    day: Path,
    night: Path,
    run: Path,
    minutes: float | None,
    settings: tuple[str, ...],
    resume: bool,
    jobs: int | None,
) -> None:
    """Train a night and a day network on two folders of photographs.

    DAY and NIGHT are folders, searched through. The run's checkpoints, losses and sample grids go to --out.
    """
    import signal
    import time
    from threading import Event

    from daynight.errors import UsageError
    from daynight.training import require_torch

    require_torch()
    import torch

    from daynight.training.data import Photographs
    from daynight.training.recipe import Recipe
    from daynight.training.trainer import Trainer

    if jobs:
        torch.set_num_threads(jobs)
    pairs = [setting.partition("=") for setting in settings]
    for name, equals, _ in pairs:
        if not equals:
            raise UsageError(f"--set {name}", "has no value", "write NAME=VALUE")
    recipe = Recipe.read(run) if resume else Recipe()
    recipe = recipe.updated({name: value for name, _, value in pairs})

    def warn(line: str) -> None:
        click.echo(f"warning: {line}", err=True)

    trainer = Trainer(
        recipe, Photographs(day, recipe.short_side, warn), Photographs(night, recipe.short_side, warn)
    )
    if resume:
        trainer.resume(run, warn)
    until = float("inf") if minutes is None else time.monotonic() + minutes * 60
    stopped = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):  # the step under way is finished, and all is saved
        signal.signal(sign, lambda *_: stopped.set())
    trainer.train(run, stop=lambda: stopped.is_set() or time.monotonic() >= until, tell=click.echo)
    click.echo(f"{run}: {trainer.step_count} steps done")
