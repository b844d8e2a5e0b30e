"""The training loop of the relighting cycle GAN: two generators, two judges, unpaired photographs."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from daynight.training.checkpoint import load_checkpoint, save_checkpoint
from daynight.training.data import Photographs
from daynight.training.image_pool import ImagePool
from daynight.training.losses import cycle_loss, discriminator_loss, generator_loss, tint_loss
from daynight.training.networks.judges import Judges
from daynight.training.networks.relight import Relight, relight
from daynight.training.recipe import Recipe

_LOG_EVERY: Final = 50


@dataclass
class Losses:
    """The losses of one step."""

    generator: float
    discriminator: float
    cycle: float


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
        self._random = np.random.default_rng(recipe.seed)
        self.to_night = Relight(recipe.night_start).to(memory_format=torch.channels_last)
        self.to_day = Relight(recipe.day_start).to(memory_format=torch.channels_last)
        self.night_average, self.day_average = copy.deepcopy(self.to_night), copy.deepcopy(self.to_day)
        self._night_judges = Judges().to(memory_format=torch.channels_last)
        self._day_judges = Judges().to(memory_format=torch.channels_last)
        self._night_pool, self._day_pool = ImagePool(recipe.pool), ImagePool(recipe.pool)
        generators = [*self.to_night.parameters(), *self.to_day.parameters()]
        judges = [*self._night_judges.parameters(), *self._day_judges.parameters()]
        rate = recipe.learning_rate
        self._generator_adam = torch.optim.Adam(generators, rate, recipe.betas)
        self._judge_adam = torch.optim.Adam(judges, rate * recipe.discriminator_rate, recipe.betas)

    def step(self, day: Tensor, night: Tensor) -> Losses:
        """Take one step on a day and a night photograph, each 1×3×H×W in [0, 1]; their sizes may differ."""
        with torch.autocast("cpu", torch.bfloat16):
            stops, emission = self.to_night(_centred(day))
            night_made = relight(day, stops, emission)  # G_AB(a)
            day_again = relight(night_made, *self.to_day(_centred(night_made)))  # G_BA(G_AB(a))
            stops_back, emission_back = self.to_day(_centred(night))
            day_made = relight(night, stops_back, emission_back)  # G_BA(b)
            night_again = relight(day_made, *self.to_night(_centred(day_made)))  # G_AB(G_BA(b))

            _require_gradients(self._judges, False)
            adversarial = generator_loss(self._night_judges(self._noisy(night_made))) + generator_loss(
                self._day_judges(self._noisy(day_made))
            )
        cycle = cycle_loss(day, day_again, night, night_again)
        tint = tint_loss(stops) + tint_loss(stops_back)
        loss_g = adversarial + self._cycle_weight() * cycle + self.recipe.tint * tint
        self._generator_adam.zero_grad(set_to_none=True)
        loss_g.backward()  # type: ignore[no-untyped-call]
        self._generator_adam.step()

        _require_gradients(self._judges, True)
        night_shown = self._night_pool.swapped(night_made, self._random)
        day_shown = self._day_pool.swapped(day_made, self._random)
        with torch.autocast("cpu", torch.bfloat16):
            loss_d = discriminator_loss(
                self._night_judges(self._noisy(night)), self._night_judges(self._noisy(night_shown))
            ) + discriminator_loss(
                self._day_judges(self._noisy(day)), self._day_judges(self._noisy(day_shown))
            )
        self._judge_adam.zero_grad(set_to_none=True)
        loss_d.backward()  # type: ignore[no-untyped-call]
        self._judge_adam.step()

        self._follow()
        self.step_count += 1
        return Losses(float(adversarial.detach()), float(loss_d.detach()), float(cycle.detach()))

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw a day and a night photograph."""
        day = self._day.draw(self._random, exposure=self.recipe.exposure)
        return day, self._night.draw(self._random, levels=True)

    def train(self, run: Path, *, until: float | None = None, tell: Callable[[str], None]) -> None:
        """Train to the recipe's last step, or to a moment, with checkpoints and sample grids in ``run``.

        Args:
            run: folder of the run; made if absent.
            until: ``time.monotonic()`` at which to stop; ``None``: not before the last step.
            tell: takes a line of progress now and then.
        """
        run.mkdir(parents=True, exist_ok=True)
        self.recipe.write(run / "recipe.json")
        samples = [self.draw() for _ in range(4)]
        began, first = time.monotonic(), self.step_count
        while self.step_count < self.recipe.steps and (until is None or time.monotonic() < until):
            self._set_rates()
            losses = self.step(*self.draw())
            if self.step_count % _LOG_EVERY == 0:
                pace = (time.monotonic() - began) / (self.step_count - first)
                tell(
                    f"step {self.step_count}/{self.recipe.steps}  G {losses.generator:.3f}  "
                    f"D {losses.discriminator:.3f}  cycle {losses.cycle:.4f}  {pace:.2f} s/step"
                )
                with (run / "metrics.jsonl").open("a", encoding="utf-8") as log:
                    log.write(json.dumps({"step": self.step_count, **vars(losses)}) + "\n")
            if self.step_count % self.recipe.checkpoint_every == 0:
                self.save(run)
                self._write_samples(run / f"samples-{self.step_count:06d}.png", samples)
        self.save(run)

    def save(self, run: Path) -> None:
        """Write a checkpoint."""
        save_checkpoint(run, self.step_count, self._modules(), self._optimisers())

    def resume(self, run: Path) -> None:
        """Go on from a run's checkpoint; data order and pools begin anew.

        Raises:
            UsageError: there is no checkpoint, or it is not of these networks.
        """
        self.step_count = load_checkpoint(run, self._modules(), self._optimisers())
        self._random = np.random.default_rng([self.recipe.seed, self.step_count])

    @property
    def _judges(self) -> tuple[nn.Module, nn.Module]:
        return self._night_judges, self._day_judges

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

    @torch.no_grad()
    def _write_samples(self, path: Path, samples: list[tuple[Tensor, Tensor]]) -> None:
        """Write day, its night, night, its day, one row each sample."""
        rows = []
        for day, night in samples:
            night_made = relight(day, *self.night_average(_centred(day)))
            day_made = relight(night, *self.day_average(_centred(night)))
            cells = [_thumbnail(picture) for picture in (day, night_made, night, day_made)]
            rows.append(np.concatenate(cells, axis=1))
        cv2.imwrite(str(path), np.concatenate(rows)[..., ::-1])


def _centred(picture: Tensor) -> Tensor:
    """From [0, 1] to [-1, 1]."""
    return picture * 2 - 1


def _require_gradients(modules: tuple[nn.Module, ...], wanted: bool) -> None:
    for module in modules:
        module.requires_grad_(wanted)


def _thumbnail(picture: Tensor) -> np.typing.NDArray[np.uint8]:
    pixels = picture[0].permute(1, 2, 0).numpy()  # (H, W, 3)
    return np.rint(np.clip(cv2.resize(pixels, (256, 192), interpolation=cv2.INTER_AREA), 0, 1) * 255).astype(np.uint8)
