"""``daynight train``: train a night and a day network on photographs of one's own."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daynight.cli.options import FilePath

if TYPE_CHECKING:
    from threading import Event

    import torch

    from daynight.plugin.network_kind import NetworkKind
    from daynight.plugin.registry import Registry
    from daynight.training.run.callbacks import Watcher
    from daynight.training.run.recipe import Recipe
    from daynight.training.run.trainer import Trainer


@click.command("train")
@click.argument("day", type=FilePath())
@click.argument("night", type=FilePath())
@click.option("--out", "run", type=FilePath(), required=True, help="Folder for the run.")
@click.option(
    "--preset",
    metavar="NAME|FILE.toml",
    help="relight, p0, p1-cyclegan, p1-attention, or a file of your own.  [default: relight]",
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a hyper-parameter.")
@click.option("--pairs", type=FilePath(), help="CSV of photographs that belong together, columns day,night.")
@click.option(
    "--start",
    nargs=2,
    metavar="NIGHT DAY",
    help="Models to start from: names or ONNX files.",
)
@click.option("--resume", is_flag=True, help="Go on from the run's checkpoint.")
@click.option("--minutes", type=click.FloatRange(min=0), help="Stop after this long, with a checkpoint.")
@click.option("--dry-run", is_flag=True, help="Show networks, data and plan; train nothing.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--jobs", type=click.IntRange(min=1), help="Processors to use.")
@click.option("--progress", type=click.Choice(["auto", "bar", "lines"]), default="auto", show_default=True)
def command(
    day: Path,
    night: Path,
    run: Path,
    preset: str | None,
    settings: tuple[str, ...],
    pairs: Path | None,
    start: tuple[str, str] | None,
    resume: bool,
    minutes: float | None,
    dry_run: bool,
    device: str,
    jobs: int | None,
    progress: str,
) -> None:
    """Train a night and a day network on two sets of photographs.

    DAY and NIGHT are folders, searched through, or sequences. The run's checkpoints, losses, curves and
    sample grids go to --out. On several GPUs: torchrun --nproc-per-node N -m daynight train ...
    """
    from daynight.cli import INTERRUPTED, warn
    from daynight.errors import UsageError
    from daynight.plugin.registry import Registry
    from daynight.training import require_torch

    require_torch()
    import torch

    from daynight.cli.training_progress import open_watchers
    from daynight.training.data.loading import open_data
    from daynight.training.run.callbacks import Together
    from daynight.training.run.processes import joined
    from daynight.training.run.trainer import Trainer

    recipe = _recipe(run, preset, settings, resume=resume)
    if start and resume:
        raise UsageError("--start", "goes with a new run only", "leave it out, or give another --out")
    if not (resume or dry_run):
        _require_new(run)
    if jobs:
        torch.set_num_threads(jobs)
    place, why = _device(device)
    registry = Registry.load(warn=warn)
    kind = _kind(registry, recipe)
    with joined(place) as group:
        heard = warn if group.leads else _unheard
        data = open_data(recipe, kind, day, night, pairs, heard, jobs=jobs)
        trainer = Trainer(recipe, kind, data, device=place, group=group)
        if dry_run:
            for line in (
                *_networks(kind, trainer),
                *data.describe(),
                *_plan(trainer.recipe, group.size, place),
            ):
                click.echo(line)
            return
        if start:
            _start(trainer, registry, start)
        if resume:
            trainer.resume(run, heard)
        tell = click.echo if group.leads else _unheard
        tell(f"device: {place.type} ({why})")
        interrupted = _interrupted()
        with open_watchers(progress, leads=group.leads) as watchers:
            _train(trainer, run, minutes, interrupted, Together(watchers))
        tell(f"{run}: {trainer.step_count} steps done")
    if interrupted.is_set():
        sys.exit(INTERRUPTED)


def _train(trainer: Trainer, run: Path, minutes: float | None, interrupted: Event, watcher: Watcher) -> None:
    import torch

    from daynight.errors import DeviceError

    until = float("inf") if minutes is None else time.monotonic() + minutes * 60
    try:
        trainer.train(run, stop=lambda: interrupted.is_set() or time.monotonic() >= until, watcher=watcher)
    except torch.OutOfMemoryError:
        remedy = "lower batch (and accumulate more), or size"
        raise DeviceError("--device cuda", "has too little memory for a step", remedy) from None


def _recipe(run: Path, preset: str | None, settings: tuple[str, ...], *, resume: bool) -> Recipe:
    from daynight.errors import UsageError
    from daynight.training.run.recipe import Recipe

    pairs = [setting.partition("=") for setting in settings]
    for name, equals, _ in pairs:
        if not equals:
            raise UsageError(f"--set {name}", "has no value", "write NAME=VALUE")
    if resume and preset:
        raise UsageError("--preset", "goes with a new run only", "change single values by --set")
    recipe = Recipe.read(run) if resume else Recipe.preset(preset or "relight")
    return recipe.updated({name: value for name, _, value in pairs})


def _require_new(run: Path) -> None:
    from daynight.errors import UsageError
    from daynight.training.run.checkpoint import checkpoints

    if checkpoints(run):
        raise UsageError(run, "holds a run already", "go on with --resume, or give another --out")


def _kind(registry: Registry, recipe: Recipe) -> NetworkKind:
    from daynight.errors import UsageError, nearest

    if recipe.network not in registry.networks:
        raise UsageError(
            f"network {recipe.network!r}", "is unknown", nearest(recipe.network, registry.networks)
        )
    return registry.networks[recipe.network]


def _device(name: str) -> tuple[torch.device, str]:
    """Give the device, and why it is that one."""
    import os

    import torch

    from daynight.errors import DeviceError

    if name == "cpu":
        return torch.device("cpu"), "as asked"
    if torch.cuda.is_available():
        place = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        return place, torch.cuda.get_device_name(place)
    fault = "PyTorch finds no NVIDIA GPU or driver" if torch.version.cuda else "this PyTorch has no CUDA"
    if name == "cuda":
        raise DeviceError("--device cuda", fault, "train with --device cpu")
    return torch.device("cpu"), fault


def _start(trainer: Trainer, registry: Registry, models: tuple[str, str]) -> None:
    from daynight.training.run.start import load_model

    gan = trainer.gan
    generators = ((gan.to_night, gan.night_average), (gan.to_day, gan.day_average))
    for name, networks in zip(models, generators, strict=True):
        path = registry.models[name].path if name in registry.models else Path(name)
        for network in networks:
            load_model(network, path)


def _interrupted() -> Event:
    """Give what is set at Ctrl-C and at a farm's SIGTERM: the step under way is finished, all is saved."""
    import signal
    from threading import Event

    interrupted = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: interrupted.set())
    return interrupted


def _networks(kind: NetworkKind, trainer: Trainer) -> list[str]:
    """Each network with its number of parameters."""
    from daynight.cli.networks import parameter_count

    counts = {
        f"{kind.name} generator, two": trainer.gan.to_night,
        **{f"discriminator {name}, two": each for name, each in trainer.gan.night_judges.items()},
    }
    return [f"{name}: {parameter_count(network):,} parameters" for name, network in counts.items()]


def _plan(recipe: Recipe, processes: int, device: torch.device) -> list[str]:
    """The hyper-parameters, and what a step takes."""
    pictures = recipe.batch * recipe.accumulate * processes
    return [
        f"{recipe.steps:,} steps of {pictures} by day and {pictures} by night",
        f"{processes} process{'' if processes == 1 else 'es'} on {device.type}",
        *(f"  {name} = {value}" for name, value in recipe.model_dump().items() if value not in ({}, None)),
    ]


def _unheard(line: str) -> None:
    """Say nothing: the first process of the group has said it."""
