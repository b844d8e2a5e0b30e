"""A training run: steps until the last one, checkpoints, rollbacks and resumes, whatever the method."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from daynight.errors import UsageError
from daynight.training.run.callbacks import Callback
from daynight.training.run.checkpoint import load_checkpoint, save_checkpoint
from daynight.training.run.method import OBJECTIVE, RGB, Batch, Data, Method
from daynight.training.run.processes import ProcessGroup
from daynight.training.run.recipe import RunRecipe
from daynight.training.run.rng import StepRng
from daynight.training.run.schedules import Rates

_SAMPLES: Final = 4
"""Batches of one in the sample grids."""
_ROLLBACKS: Final = 3
"""Consecutive rollbacks to the last checkpoint before a run gives up."""
_NOT_FINITE: Final = "a loss or a weight is not finite"


class Trainer:
    """Trains by a method.

    Args:
        method: the networks and how they take a step.
        data: what the batches are drawn from.
        recipe: hyper-parameters of the run.
        device: where to train.
        group: the processes that share the run.
    """

    def __init__(
        self,
        method: Method,
        data: Data,
        recipe: RunRecipe,
        *,
        device: torch.device = torch.device("cpu"),  # noqa: B008 - it can't change
        group: ProcessGroup = ProcessGroup(),  # noqa: B008
    ) -> None:
        self.method, self.recipe, self.step_count = method, recipe, 0
        self._data, self._device, self._group = data, device, group
        self._rates = Rates(recipe)
        self._rollbacks = 0
        self._best, self._since_checkpoint = math.inf, (0.0, 0)

    def draw(self) -> list[Batch]:
        """Draw this process's share of the next step's batches."""
        random = self._rng().numpy("data")
        rank, size = self._group.rank, self._group.size
        # Every process draws the whole step and keeps its share, so that none sees another's photographs.
        drawn = [self._data.draw(random, self.recipe.batch) for _ in range(self.recipe.accumulate * size)]
        return [self._moved(batch) for batch in drawn[rank::size]]

    def step(self, batches: Sequence[Batch]) -> dict[str, float]:
        """Take one step on a share of the batches, and return its losses by name."""
        self.method.set_rate(self._rates.share(self.step_count))
        # For networks that draw random numbers themselves, like those with dropout.
        torch.manual_seed(int(self._rng().numpy(f"networks {self._group.rank}").integers(2**62)))
        losses = self.method.step(batches, self._rng())
        self.step_count += 1
        return losses

    def train(  # noqa: C901 - the order of a run in one place
        self, run: Path, *, stop: Callable[[], bool] = lambda: False, callbacks: Sequence[Callback] = ()
    ) -> None:
        """Train to the recipe's last step or until ``stop``; checkpoints go to ``run``.

        A step after which a loss or a weight is not finite is not kept: the run goes back to its last
        checkpoint and draws other batches.

        Args:
            run: folder of the run; made if absent.
            stop: called before each step.
            callbacks: called in their order.

        Raises:
            UsageError: more than three such steps without a checkpoint in between.
            OSError: a checkpoint can't be written.
        """
        if self._group.is_main:
            run.mkdir(parents=True, exist_ok=True)
        self.save(run)
        for callback in callbacks:
            callback.on_begin(run, self)
        failures = 0
        while self.step_count < self.recipe.steps and not self._group.any(stop(), self._device):
            losses = self.step(self.draw())
            saves = self.step_count % self.recipe.checkpoint_every == 0
            # A gradient may overflow where its loss does not; such weights must not be saved.
            if not all(map(math.isfinite, losses.values())) or (saves and not self.method.is_sound()):
                failures += 1
                self._go_back(run, failures, callbacks)
                for callback in callbacks:
                    callback.on_begin(run, self)
                continue
            self._count(losses["total"])
            for callback in callbacks:
                callback.on_step(self.step_count, losses)
            if saves:
                failures = 0
                self._checkpoint(run, callbacks)
        if not self.method.is_sound():
            self._go_back(run, failures + 1, callbacks)
        elif self.step_count % self.recipe.checkpoint_every:
            self._checkpoint(run, callbacks)
        for callback in callbacks:
            callback.on_end(self.step_count)

    def save(self, run: Path) -> None:
        """Write a checkpoint; the one with the lowest mean loss since the one before is the best."""
        total, steps = self._since_checkpoint
        whole = steps >= self.recipe.checkpoint_every
        best = whole and total / steps < self._best
        if best:
            self._best = total / steps
        if whole:
            self._since_checkpoint = (0.0, 0)
        if self._group.is_main:
            save_checkpoint(run, self.step_count, self.method.parts(), self._state(), best=best)
        self._group.wait()

    def resume(self, run: Path, warn: Callable[[str], None] = lambda _: None) -> None:
        """Continue from a run's checkpoint as if it had never stopped: bit for bit, on one processor.

        If the recipe has changed, the method drops the state that is no longer valid.

        Raises:
            UsageError: there is no checkpoint, or it belongs to other networks.
        """
        self.step_count, state = load_checkpoint(run, self.method.parts(), warn)
        self._rollbacks, self._best = state["rollbacks"], state["best"]
        self._since_checkpoint = tuple(state["since_checkpoint"])
        self._rates.plateau.restore(state["plateau"])
        for name, value in self._conditions().items():
            if state["conditions"].get(name) == value:
                continue
            self.method.reset(name)
            if name == OBJECTIVE:
                self._best, self._since_checkpoint = math.inf, (0.0, 0)

    def samples(self) -> RGB | None:
        """Return the method's results for a few batches, the same all through the run."""
        random = np.random.default_rng(self.recipe.seed)
        drawn = [self._data.draw(random, 1) for _ in range(_SAMPLES)]
        return self.method.samples([self._moved(batch) for batch in drawn])

    def _moved(self, batch: Batch) -> Batch:
        return tuple(each.to(self._device) for each in batch)

    def _rng(self) -> StepRng:
        return StepRng(self.recipe.seed, self.step_count, self._rollbacks)

    def _count(self, total: float) -> None:
        self._rates.plateau.add(total)
        self._since_checkpoint = (self._since_checkpoint[0] + total, self._since_checkpoint[1] + 1)

    def _checkpoint(self, run: Path, callbacks: Sequence[Callback]) -> None:
        self.save(run)
        for callback in callbacks:
            callback.on_checkpoint(self.step_count)

    def _go_back(self, run: Path, failures: int, callbacks: Sequence[Callback]) -> None:
        """Go back to the last checkpoint, to draw other batches from there."""
        broken = self.step_count
        if failures > _ROLLBACKS:
            remedy = "lower `learning_rate`, or check the sample grids"
            raise UsageError(run, f"{_NOT_FINITE}, {failures} times up to step {broken}", remedy)
        rollbacks = self._rollbacks + 1
        self.resume(run)
        self._rollbacks = rollbacks
        for callback in callbacks:
            callback.on_message(f"step {broken}: {_NOT_FINITE}; back to step {self.step_count}")

    def _conditions(self) -> dict[str, Any]:
        # As JSON returns them, so that they can be compared with a checkpoint's.
        conditions: dict[str, Any] = json.loads(json.dumps(dict(self.method.conditions())))
        return conditions

    def _state(self) -> dict[str, Any]:
        return {
            "rollbacks": self._rollbacks,
            "best": self._best,
            "since_checkpoint": self._since_checkpoint,
            "plateau": self._rates.plateau.state(),
            "conditions": self._conditions(),
        }
