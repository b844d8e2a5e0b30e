"""Opening a training run: recipe, photographs, networks, device, and the processes that share it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from daynight.errors import DeviceError, UsageError
from daynight.plugin.registry import Registry
from daynight.training.methods import find_method
from daynight.training.methods.kind import Context, Recipe, Sources
from daynight.training.options import Setting, TrainOptions
from daynight.training.recipe import read_preset, read_recipe, update_recipe, write_recipe
from daynight.training.run.callbacks import Callback
from daynight.training.run.checkpoint import checkpoints
from daynight.training.run.method import Data
from daynight.training.run.precision import faster_precision
from daynight.training.run.processes import ProcessGroup, join_processes
from daynight.training.run.trainer import Trainer


@dataclass(frozen=True)
class Session:
    """A run that is ready to train."""

    run: Path
    recipe: Recipe[Any]
    data: Data
    trainer: Trainer
    group: ProcessGroup
    device: torch.device
    device_reason: str
    """Why it is this device."""

    def train(
        self,
        *,
        minutes: float | None = None,
        stop: Callable[[], bool] = lambda: False,
        callbacks: Sequence[Callback] = (),
    ) -> int:
        """Train until the recipe's last step, or until stopped; return the steps done.

        Args:
            minutes: stop after this long, with a checkpoint.
            stop: called before each step.
            callbacks: called in the first process of a group only.

        Raises:
            DeviceError: the device has too little memory for a step.
        """
        until = float("inf") if minutes is None else time.monotonic() + minutes * 60
        if self.group.is_main:
            self.run.mkdir(parents=True, exist_ok=True)
            write_recipe(self.recipe, self.run)
        try:
            self.trainer.train(
                self.run,
                stop=lambda: stop() or time.monotonic() >= until,
                callbacks=callbacks if self.group.is_main else (),
            )
        except torch.OutOfMemoryError:
            remedy = "lower `batch` (and raise `accumulate`), or `size`"
            raise DeviceError("`device=cuda`", "has too little memory for a step", remedy) from None
        return self.trainer.step_count


@contextmanager
def open_session(day: Path, night: Path, run: Path, *, new: bool = True, **options: Any) -> Iterator[Session]:
    """Open a run; see :func:`daynight.training.train` for its arguments.

    Args:
        day: where the day photographs are.
        night: where the night photographs are.
        run: its folder; nothing is written there yet.
        new: refuse a folder that already holds a run, except with ``resume``.
        options: as :class:`TrainOptions`.

    Raises:
        UsageError: an option or the recipe is not valid, or there is nothing to train on.
    """
    opts = TrainOptions(**options)  # type: ignore[typeddict-item]
    resume, start, warn = opts.get("resume", False), opts.get("start"), opts.get("warn", _ignore)
    recipe = _recipe(run, opts.get("preset"), opts.get("settings", {}), resume=resume)
    if start and resume:
        raise UsageError("`start`", "is for new runs only", "leave it out, or give another `out`")
    if new and not resume and checkpoints(run):
        raise UsageError(run, "already holds a run", "continue it with `resume`, or give another `out`")
    jobs = opts.get("jobs")
    if jobs:
        torch.set_num_threads(jobs)
    device, reason = find_device(opts.get("device", "auto"))
    if recipe.run.precision == "auto":
        # Resolved here, so that the run keeps its arithmetic wherever it is resumed.
        run_table = recipe.run.model_copy(update={"precision": faster_precision(device)})
        recipe = recipe.model_copy(update={"run": run_table})
    registry = Registry.load(warn=warn)
    with join_processes(device) as group:
        group_warn = warn if group.is_main else _ignore
        torch.manual_seed(recipe.run.seed)
        method, data = find_method(recipe.method.name).open(
            recipe,
            Sources(day, night, opts.get("pairs")),
            Context(
                registry.networks,
                {name: model.path for name, model in registry.models.items()},
                device,
                group,
                group_warn,
                jobs,
            ),
        )
        trainer = Trainer(method, data, recipe.run, device=device, group=group)
        if start:
            models = registry.models
            method.start_from([models[name].path if name in models else Path(name) for name in start])
        if resume:
            trainer.resume(run, group_warn)
        yield Session(run, recipe, data, trainer, group, device, reason)


def find_device(name: str) -> tuple[torch.device, str]:
    """Return the device to train on, and why it is that one.

    Raises:
        DeviceError: it is not available.
    """
    if name == "cpu":
        return torch.device("cpu"), "as requested"
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        return device, torch.cuda.get_device_name(device)
    fault = "PyTorch finds no NVIDIA GPU or driver" if torch.version.cuda else "this PyTorch has no CUDA"
    if name == "cuda":
        raise DeviceError("`device=cuda`", fault, "train with `device=cpu`")
    return torch.device("cpu"), fault


def _recipe(run: Path, preset: str | None, settings: Mapping[str, Setting], *, resume: bool) -> Recipe[Any]:
    if resume and preset:
        raise UsageError("`preset`", "is for new runs only", "change single `settings` instead")
    recipe = read_recipe(run) if resume else read_preset(preset or "relight")
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in settings.items()
    }
    return update_recipe(recipe, texts)


def _ignore(_: str) -> None:
    """Ignore a warning: the first process of the group reports it."""
