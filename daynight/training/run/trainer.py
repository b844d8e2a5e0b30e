"""A training run: steps until the last one, checkpoints, falls and resumes, and those who watch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from daynight.errors import UsageError
from daynight.plugin.network_kind import NetworkKind
from daynight.training.data.loading import TrainingData
from daynight.training.methods.cycle_gan.step import Batch, CycleGan
from daynight.training.methods.cycle_gan.translation import translate
from daynight.training.run.callbacks import Watcher
from daynight.training.run.checkpoint import load_checkpoint, save_checkpoint
from daynight.training.run.precision import quicker_precision
from daynight.training.run.processes import Group
from daynight.training.run.recipe import Recipe
from daynight.training.run.rng import Chance
from daynight.training.run.samples import Direction, Sample
from daynight.training.run.schedules import Rates

_SAMPLES: Final = 4
"""Photographs of each side in the sample grids."""
_FALLS: Final = 3
"""Times that a run goes back to its last checkpoint before it gives up."""
_NO_NUMBER: Final = "a loss or a weight is no number"
_PICTURES: Final = frozenset({"framing", "size", "pool"})
"""Settings on which the pools' pictures depend."""
_WEIGHTS: Final = frozenset(
    {"adversarial", "gradient_penalty", "cycle", "cycle_start", "cycle_ramp", "identity", "attention"}
    | {"paired", "structure", "level", "night_level", "day_level", "tint", "burn", "smoothness"}
)
"""Settings on which the sum of losses depends."""
_EXTREME: Final = 0.1
"""Part of the photographs that is brighter than any day, or darker than any night, that is asked for."""


class Trainer:
    """Trains a night and a day generator together.

    Args:
        recipe: every hyper-parameter.
        kind: the recipe's kind of network.
        data: photographs by day (A in P0) and by night (B in P0).
        device: where to train.
        group: the processes that share the run.

    Raises:
        UsageError: the networks can't be built with the recipe's settings, or a loss asks for what they don't
            give.
    """

    def __init__(
        self,
        recipe: Recipe,
        kind: NetworkKind,
        data: TrainingData,
        *,
        device: torch.device = torch.device("cpu"),  # noqa: B008 - it can't change
        group: Group = Group(),  # noqa: B008
    ) -> None:
        _require_sense(recipe, kind)
        if recipe.precision == "auto":
            recipe = recipe.model_copy(update={"precision": quicker_precision(device)})
        torch.manual_seed(recipe.seed)
        self.recipe, self.kind, self.step_count = recipe, kind, 0
        self._data, self._device, self._group = data, device, group
        self.gan = CycleGan(
            recipe,
            kind,
            night_band=data.night_levels(_EXTREME, recipe.night_level),
            day_band=data.day_levels(recipe.day_level, 1 - _EXTREME),
            device=device,
            group=group,
        )
        self._rates = Rates(recipe)
        self._falls = 0
        self._best, self._since_checkpoint = math.inf, (0.0, 0)

    def draw(self) -> list[Batch]:
        """Draw this process's share of the next step's photographs."""
        chance = self._chance().of("data")
        rank, size = self._group.rank, self._group.size
        drawn = [self._data.draw(chance, self.recipe.batch) for _ in range(self.recipe.accumulate * size)]
        return [(day.to(self._device), night.to(self._device)) for day, night in drawn[rank::size]]

    def step(self, batches: Sequence[Batch]) -> dict[str, float]:
        """Take one step on a share of photographs, and give its losses by name."""
        self.gan.set_rate(self._rates.share(self.step_count))
        # For networks that draw for themselves, like those with dropout.
        torch.manual_seed(int(self._chance().of(f"networks {self._group.rank}").integers(2**62)))
        losses = self.gan.step(batches, self._chance())
        self.step_count += 1
        return losses

    def train(
        self, run: Path, *, stop: Callable[[], bool] = lambda: False, watcher: Watcher | None = None
    ) -> None:
        """Train to the recipe's last step or until told to stop; checkpoints go to ``run``.

        A step after which a loss or a weight is no number is not kept: the run goes back to its last
        checkpoint and draws anew.

        Args:
            run: folder of the run; made if absent.
            stop: asked before each step.
            watcher: told of what happens.

        Raises:
            UsageError: that happened more than three times without a checkpoint between.
            OSError: a checkpoint can't be written.
        """
        if self._group.leads:
            run.mkdir(parents=True, exist_ok=True)
            self.recipe.write(run)
        self.save(run)
        watcher = watcher or Watcher()
        watcher.begun(run, self)
        fallen = 0
        while self.step_count < self.recipe.steps and not self._group.any(stop(), self._device):
            losses = self.step(self.draw())
            saves = self.step_count % self.recipe.checkpoint_every == 0
            # A gradient may leave all bounds where its loss does not; such weights must not be saved.
            if not all(map(math.isfinite, losses.values())) or (saves and not self.gan.is_sound()):
                fallen += 1
                watcher.told(self._go_back(run, fallen))
                watcher.begun(run, self)
                continue
            self._rates.plateau.stepped(losses["total"])
            self._since_checkpoint = (
                self._since_checkpoint[0] + losses["total"],
                self._since_checkpoint[1] + 1,
            )
            watcher.stepped(self.step_count, losses)
            if saves:
                fallen = 0
                self.save(run)
                watcher.saved(self.step_count)
        if not self.gan.is_sound():
            watcher.told(self._go_back(run, fallen + 1))
        elif self.step_count % self.recipe.checkpoint_every:
            self.save(run)
            watcher.saved(self.step_count)
        watcher.ended(self.step_count)

    def save(self, run: Path) -> None:
        """Write a checkpoint; the one with the lowest mean of losses since the one before is the best."""
        total, steps = self._since_checkpoint
        whole = steps >= self.recipe.checkpoint_every
        best = whole and total / steps < self._best
        if best:
            self._best = total / steps
        if whole:
            self._since_checkpoint = (0.0, 0)
        if self._group.leads:
            save_checkpoint(run, self.step_count, self.gan.parts(), self._state(), best=best)
        self._group.wait()

    def resume(self, run: Path, warn: Callable[[str], None] = lambda _: None) -> None:
        """Go on from a run's checkpoint as if it had never stopped: to the last bit on one processor.

        Where the recipe has changed, pictures of another size are forgotten, and a best by other weights is
        the best no more.

        Raises:
            UsageError: there is no checkpoint, or it is not of these networks.
        """
        self.step_count, state = load_checkpoint(run, self.gan.parts(), warn)
        self._falls, self._best = state["falls"], state["best"]
        self._since_checkpoint = tuple(state["since_checkpoint"])
        self._rates.plateau.restore(state["plateau"])
        now = self.recipe.model_dump(mode="json")
        changed = {name for name, value in state["recipe"].items() if now[name] != value}
        if changed & _PICTURES:
            self.gan.forget()
        if changed & _WEIGHTS:
            self._best, self._since_checkpoint = math.inf, (0.0, 0)

    @torch.no_grad()
    def samples(self) -> list[Sample]:
        """Translate a few photographs, the same all through the run, by the averaged generators."""
        chance = np.random.default_rng(self.recipe.seed)
        drawn = [self._data.draw(chance, 1) for _ in range(_SAMPLES)]
        night, day = self.gan.night_average, self.gan.day_average
        return [
            *(self._sample("night", by_day, night, day) for by_day, _ in drawn),
            *(self._sample("day", by_night, day, night) for _, by_night in drawn),
        ]

    def _sample(self, direction: Direction, real: Tensor, there: nn.Module, back: nn.Module) -> Sample:
        real = real.to(self._device)
        made = translate(self.kind, there, real)
        translations = (translate(self.kind, back, real), made, translate(self.kind, back, made))
        same, made_picture, again = (each.picture.cpu() for each in translations)
        heats = tuple(None if each.heat is None else each.heat.cpu() for each in translations)
        return Sample(direction, real.cpu(), same, made_picture, again, heats)

    def _chance(self) -> Chance:
        return Chance(self.recipe.seed, self.step_count, self._falls)

    def _go_back(self, run: Path, fallen: int) -> str:
        """Go back to the last checkpoint, to draw anew from there; give the line to tell."""
        broken = self.step_count
        if fallen > _FALLS:
            remedy = "lower learning_rate, or look at the samples for what goes wrong"
            raise UsageError(run, f"{_NO_NUMBER}, {fallen} times up to step {broken}", remedy)
        falls = self._falls + 1
        self.resume(run)
        self._falls = falls
        return f"step {broken}: {_NO_NUMBER}; back to step {self.step_count}"

    def _state(self) -> dict[str, Any]:
        return {
            "falls": self._falls,
            "best": self._best,
            "since_checkpoint": self._since_checkpoint,
            "plateau": self._rates.plateau.state(),
            "recipe": self.recipe.model_dump(mode="json"),
        }


def _require_sense(recipe: Recipe, kind: NetworkKind) -> None:
    """Refuse losses of what the networks don't give."""
    wanted = {"tint": "maps", "burn": "maps", "smoothness": "maps"}
    for name, gives in wanted.items():
        if getattr(recipe, name) and kind.gives != gives:
            raise UsageError(
                f"loss {name}", f"is of stops, and network {kind.name} gives none", f"set {name}=0"
            )
    if recipe.attention and not kind.attends:
        raise UsageError("loss attention", f"network {kind.name} does not attend", "set attention=0")
