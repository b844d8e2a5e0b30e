"""The training loop of the relighting cycle GAN: two generators, two judges, unpaired photographs."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from daynight.errors import UsageError
from daynight.training.checkpoint import Parts, load_checkpoint, save_checkpoint
from daynight.training.data import Photographs
from daynight.training.image_pool import ImagePool
from daynight.training.losses import (
    burn_loss,
    cycle_loss,
    discriminator_loss,
    generator_loss,
    level_loss,
    smoothness_loss,
    tint_loss,
)
from daynight.training.networks.judges import Judges
from daynight.training.networks.relight import Relight, apply_maps, decode_display, encode_display
from daynight.training.recipe import Recipe
from daynight.training.samples import write_samples

_LOG_EVERY: Final = 50
_SAMPLES: Final = 4
_FALLS: Final = 3
"""Times that a run goes back to its last checkpoint before it gives up."""
_EXTREME: Final = 0.1
"""Part of the photographs that is brighter than any day, or darker than any night, that is asked for."""

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Losses:
    """The losses of one step, each summed over both directions (the cycle's: their mean)."""

    generator: float
    """Adversarial part of the generators' loss."""
    discriminator: float
    cycle: float
    level: float


@dataclass(frozen=True)
class _Turn:
    """A photograph relit, and relit back."""

    photograph: Tensor  # a, display-encoded in [0, 1], 1×3×H×W like all here
    stops: Tensor
    light: Tensor  # G_AB(a), scene-linear
    shown: Tensor  # the same, display-encoded: what judges see
    again: Tensor  # G_BA(G_AB(a)), display-encoded


class Trainer:
    """Trains a night and a day network together.

    Args:
        recipe: every hyper-parameter.
        day: daytime photographs (A in P0).
        night: night photographs (B in P0).
    """

    def __init__(self, recipe: Recipe, day: Photographs, night: Photographs) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.step_count = 0
        self._day, self._night = day, night
        self._day_band = day.levels(recipe.day_level, 1 - _EXTREME)
        self._night_band = night.levels(_EXTREME, recipe.night_level, levelled=True)
        self._random = np.random.default_rng(recipe.seed)
        self.to_night = _channels_last(Relight(recipe.night_start))
        self.to_day = _channels_last(Relight(recipe.day_start))
        self.night_average, self.day_average = copy.deepcopy(self.to_night), copy.deepcopy(self.to_day)
        self._night_judges, self._day_judges = _channels_last(Judges()), _channels_last(Judges())
        self._night_pool, self._day_pool = ImagePool(recipe.pool), ImagePool(recipe.pool)
        self._generators = [*self.to_night.parameters(), *self.to_day.parameters()]
        self._judges = [*self._night_judges.parameters(), *self._day_judges.parameters()]
        rate = recipe.learning_rate
        self._generator_adam = torch.optim.Adam(self._generators, rate, recipe.betas)
        self._judge_adam = torch.optim.Adam(self._judges, rate * recipe.discriminator_rate, recipe.betas)

    def step(self, day: Tensor, night: Tensor) -> Losses:
        """Take one step on a day and a night photograph, each 1×3×H×W in [0, 1]; their sizes may differ.

        Source: P0, with the losses of eq. (1) to (6) in this order.
        """
        with torch.autocast("cpu", torch.bfloat16):
            a = _turn(day, self.to_night, self.to_day)  # a, G_AB(a), G_BA(G_AB(a))
            b = _turn(night, self.to_day, self.to_night)  # b, G_BA(b), G_AB(G_BA(b))
            _require_gradients(self._judges, False)
            adversarial = generator_loss(self._night_judges(self._noisy(a.shown))) + generator_loss(
                self._day_judges(self._noisy(b.shown))
            )
        cycle = cycle_loss(a.photograph, a.again, b.photograph, b.again)
        level = level_loss(a.shown, *self._night_band) + level_loss(b.shown, *self._day_band)
        loss = adversarial + self._cycle_weight() * cycle + self.recipe.level * level + self._restraint(a, b)
        _descend(self._generator_adam, loss, self._generators, self.recipe.clip)

        night_made = self._night_pool.swapped(a.shown, self._random)
        day_made = self._day_pool.swapped(b.shown, self._random)
        with torch.autocast("cpu", torch.bfloat16):
            _require_gradients(self._judges, True)
            judged = discriminator_loss(
                self._night_judges(self._noisy(night)), self._night_judges(self._noisy(night_made))
            ) + discriminator_loss(
                self._day_judges(self._noisy(day)), self._day_judges(self._noisy(day_made))
            )
        _descend(self._judge_adam, judged)

        self._follow()
        self.step_count += 1
        return Losses(*(float(value.detach()) for value in (adversarial, judged, cycle, level)))

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw a day and a night photograph."""
        day = self._day.draw(self._random, exposure=self.recipe.exposure)
        return day, self._night.draw(self._random, levelled=True)

    def train(
        self, run: Path, *, stop: Callable[[], bool] = lambda: False, tell: Callable[[str], None]
    ) -> None:
        """Train to the recipe's last step or until told to stop; checkpoints and samples go to ``run``.

        A step whose loss is no number is not kept: the run goes back to its last checkpoint and draws anew.

        Args:
            run: folder of the run; made if absent.
            stop: asked before each step.
            tell: takes a line of progress now and then.

        Raises:
            UsageError: the loss stopped being a number three times without a checkpoint between.
        """
        run.mkdir(parents=True, exist_ok=True)
        self.recipe.write(run)
        samples = self._samples()
        began, first, falls = time.monotonic(), self.step_count, 0
        self.save(run)
        while self.step_count < self.recipe.steps and not stop():
            self._set_rates()
            losses = self.step(*self.draw())
            if not all(map(math.isfinite, dataclasses.astuple(losses))):
                falls += 1
                self._go_back(run, falls, tell)
                continue
            if self.step_count % _LOG_EVERY == 0:
                pace = (time.monotonic() - began) / (self.step_count - first)
                tell(self._line(losses, pace))
                _log(run, self.step_count, losses)
            if self.step_count % self.recipe.checkpoint_every == 0:
                self.save(run)
                falls = 0
                grid = run / f"samples-{self.step_count:06d}.png"
                write_samples(grid, samples, self.night_average, self.day_average)
        self.save(run)

    def save(self, run: Path) -> None:
        """Write a checkpoint."""
        save_checkpoint(run, self.step_count, self._parts())

    def resume(self, run: Path, warn: Callable[[str], None] = lambda _: None) -> None:
        """Go on from a run's checkpoint as if it had never stopped: to the last bit on one processor.

        Raises:
            UsageError: there is no checkpoint, or it is not of these networks.
        """
        self.step_count = load_checkpoint(run, self._parts(), warn)

    def _go_back(self, run: Path, falls: int, tell: Callable[[str], None]) -> None:
        if falls > _FALLS:
            remedy = "lower learning_rate, or look at the samples for what goes wrong"
            raise UsageError(
                run, f"the loss is no number, {falls} times since step {self.step_count}", remedy
            )
        broken = self.step_count
        self.resume(run)
        # With the same chance it would fall again.
        self._random.bit_generator.state = np.random.default_rng(
            [self.recipe.seed, self.step_count, falls]
        ).bit_generator.state
        tell(f"step {broken}: the loss is no number; back to step {self.step_count}")

    def _samples(self) -> list[tuple[Tensor, Tensor]]:
        """Draw the sample grids' photographs by a chance of their own: the same when a run goes on."""
        random = np.random.default_rng(self.recipe.seed)
        return [(self._day.draw(random), self._night.draw(random, levelled=True)) for _ in range(_SAMPLES)]

    def _parts(self) -> Parts:
        pools = {"night-pool": self._night_pool, "day-pool": self._day_pool}
        return Parts(self._modules(), self._optimisers(), pools, self._random)

    def _modules(self) -> dict[str, nn.Module]:
        return {
            "night": self.to_night,
            "day": self.to_day,
            "night-average": self.night_average,
            "day-average": self.day_average,
            "night-judges": self._night_judges,
            "day-judges": self._day_judges,
        }

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator-adam": self._generator_adam, "judge-adam": self._judge_adam}

    def _restraint(self, a: _Turn, b: _Turn) -> Tensor:
        """Sum what keeps the maps in bounds: no burning out, little tint, smooth stops."""
        recipe = self.recipe
        burn = burn_loss(a.light) + burn_loss(b.light)
        tint = tint_loss(a.stops) + tint_loss(b.stops)
        smoothness = smoothness_loss(a.stops) + smoothness_loss(b.stops)
        return recipe.burn * burn + recipe.tint * tint + recipe.smoothness * smoothness

    def _cycle_weight(self) -> float:
        grown = min(self.step_count / max(self.recipe.cycle_ramp, 1), 1.0)
        return self.recipe.cycle_start + grown * (self.recipe.cycle - self.recipe.cycle_start)

    def _noisy(self, picture: Tensor) -> Tensor:
        """Give a picture as judges see it: in [-1, 1], with noise that fades over the run."""
        deviation = self.recipe.noise * max(1 - self.step_count / self.recipe.steps, 0.0)
        return _centred(picture) + deviation * torch.randn_like(picture)

    def _set_rates(self) -> None:
        left = 1 - self.step_count / self.recipe.steps
        share = min(left / max(self.recipe.decay, 1e-9), 1.0)
        for adam, factor in ((self._generator_adam, 1.0), (self._judge_adam, self.recipe.discriminator_rate)):
            for group in adam.param_groups:
                group["lr"] = self.recipe.learning_rate * factor * share

    @torch.no_grad()
    def _follow(self) -> None:
        """Let the running averages follow the networks; sooner at first, when they change most."""
        decay = min(self.recipe.ema, (1 + self.step_count) / (10 + self.step_count))
        for average, network in ((self.night_average, self.to_night), (self.day_average, self.to_day)):
            for kept, new in zip(average.parameters(), network.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)

    def _line(self, losses: Losses, pace: float) -> str:
        values = "  ".join(f"{name} {value:.3f}" for name, value in dataclasses.asdict(losses).items())
        return f"step {self.step_count}/{self.recipe.steps}  {values}  {pace:.2f} s/step"


def _turn(photograph: Tensor, there: Relight, back: Relight) -> _Turn:
    """Relight a photograph with one network, and the result with the other.

    Between both it stays scene-linear, so that what burns out on the way is not lost for the way back.
    """
    stops, emission = there(_centred(photograph))
    light = apply_maps(decode_display(photograph), stops, emission)
    shown = encode_display(light)
    again = apply_maps(light, *back(_centred(shown)))
    return _Turn(photograph, stops, light, shown, encode_display(again))


def _descend(
    adam: torch.optim.Optimizer, loss: Tensor, parameters: Iterable[Tensor] = (), clip: float = 0.0
) -> None:
    """Take one step down the loss; with ``clip``, the norm of the gradient is at most that."""
    adam.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if clip:
        nn.utils.clip_grad_norm_(parameters, clip)
    adam.step()


def _centred(picture: Tensor) -> Tensor:
    """From [0, 1] to [-1, 1]."""
    return picture * 2 - 1


def _require_gradients(parameters: Iterable[Tensor], wanted: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(wanted)


def _channels_last(network: Network) -> Network:
    """Lay weights out as the processor's convolutions like them."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _log(run: Path, step: int, losses: Losses) -> None:
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"step": step, **dataclasses.asdict(losses)}) + "\n")
