"""One step of a cycle GAN: two generators, their discriminators, and every loss by its paper's equation."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from daynight.errors import UsageError
from daynight.plugin.network_kind import NetworkKind
from daynight.training.methods.cycle_gan.losses import (
    ADVERSARIAL,
    burn_loss,
    cam_discriminator_loss,
    cam_generator_loss,
    cycle_loss,
    gradient_penalty,
    identity_loss,
    level_loss,
    pair_loss,
    smoothness_loss,
    structure_loss,
    tint_loss,
    total_loss,
)
from daynight.training.methods.cycle_gan.pool import ImagePool
from daynight.training.methods.cycle_gan.translation import Translation, Verdict, translate, verdict
from daynight.training.run.checkpoint import Parts
from daynight.training.run.processes import Group
from daynight.training.run.recipe import Recipe
from daynight.training.run.rng import Chance

Batch = tuple[Tensor, Tensor]
"""Day and night photographs, each N×3×H×W, display-encoded in [-1, 1]."""
Terms = dict[str, Tensor]
"""Losses by name, unweighted."""
Band = tuple[Tensor, Tensor]
"""Darkest and brightest that a picture is to be, part by part of the frame: rows×columns, in [-1, 1]."""
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Turn:
    """A photograph translated, and translated back."""

    photograph: Tensor
    """a"""
    there: Translation
    """G_AB(a)"""
    again: Translation
    """G_BA(G_AB(a))"""
    same: Translation | None
    """G_BA(a), which should change nothing; where the identity or the attention loss asks for it."""


class CycleGan:
    """Two generators with their discriminators, and the step that trains them.

    Args:
        recipe: every hyper-parameter.
        kind: the recipe's kind of network.
        night_band: what the level loss holds nights in.
        day_band: and days.
        device: where to train.
        group: the processes that share the run.

    Raises:
        UsageError: the networks can't be built with the recipe's settings.
    """

    def __init__(
        self,
        recipe: Recipe,
        kind: NetworkKind,
        *,
        night_band: Band,
        day_band: Band,
        device: torch.device,
        group: Group,
    ) -> None:
        self._recipe, self._kind, self._device, self._group = recipe, kind, device, group
        self.to_night = self._built(kind.generator, {**recipe.generator, **recipe.to_night})
        self.to_day = self._built(kind.generator, {**recipe.generator, **recipe.to_day})
        averages = (copy.deepcopy(network).eval() for network in (self.to_night, self.to_day))
        self.night_average, self.day_average = averages
        self.night_judges = self._built(partial(_judges, kind), recipe.discriminators)
        self.day_judges = self._built(partial(_judges, kind), recipe.discriminators)
        self._night_pool, self._day_pool = ImagePool(recipe.pool), ImagePool(recipe.pool)
        self._generators = [*self.to_night.parameters(), *self.to_day.parameters()]
        self._judges = [*self.night_judges.parameters(), *self.day_judges.parameters()]
        self.generator_adam, self.judge_adam = self._adam(self._generators), self._adam(self._judges)
        self._adversarial = ADVERSARIAL[recipe.adversarial]
        self._night_band: Band = (night_band[0].to(device), night_band[1].to(device))
        self._day_band: Band = (day_band[0].to(device), day_band[1].to(device))

    def step(self, batches: Sequence[Batch], chance: Chance) -> dict[str, float]:
        """Take one step: the generators down their losses, then the discriminators down theirs.

        Args:
            batches: the step's photographs, in as many parts as the recipe accumulates.
            chance: the step's.

        Returns:
            The losses by name, unweighted, each summed over both directions (the cycle's: their mean), and
            ``total``, their weighted sum with the discriminators'.

        Source: P0, with the losses of eq. (1) to (6); P1 for identity and attention.
        """
        losses: dict[str, float] = defaultdict(float)
        weights = self._weights(chance.step)
        noise = Noise(self._recipe, chance, self._group.rank, self._device)

        made = []
        self.generator_adam.zero_grad()
        _require_gradients(self._judges, False)
        for day, night in batches:
            with self._arithmetic():
                a = self._turn(day, self.to_night, self.to_day)  # a, G_AB(a), G_BA(G_AB(a))
                b = self._turn(night, self.to_day, self.to_night)  # b, G_BA(b), G_AB(G_BA(b))
                terms = self._deceiving(a, b, noise)
            _descend(terms | self._picturing(a, b), weights, len(batches), losses)
            made.append((a.there.picture.detach(), b.there.picture.detach()))
        if chance.step >= self._recipe.judges_first:
            self._move(self.generator_adam, self._generators, self._recipe.clip)
            for generator in (self.to_night, self.to_day):
                self._kind.settle(generator)

        self.judge_adam.zero_grad()
        _require_gradients(self._judges, True)
        pools = chance.of("pools")
        for (day, night), (made_night, made_day) in zip(batches, made, strict=True):
            earlier_night = self._night_pool.swapped(made_night, pools)
            earlier_day = self._day_pool.swapped(made_day, pools)
            nights = self._telling(self.night_judges, night, earlier_night, noise)
            days = self._telling(self.day_judges, day, earlier_day, noise)
            terms = {name: term + days[name] for name, term in nights.items()}
            _descend(terms, weights, len(batches), losses)
        self._move(self.judge_adam, self._judges)

        self._follow(chance.step)
        return self._group.averaged(losses, self._device)

    def set_rate(self, share: float) -> None:
        """Let both learning rates be this part of the recipe's."""
        rate = self._recipe.learning_rate * share
        for adam, factor in ((self.generator_adam, 1.0), (self.judge_adam, self._recipe.discriminator_rate)):
            for group in adam.param_groups:
                group["lr"] = rate * factor

    @torch.no_grad()
    def is_sound(self) -> bool:
        """Whether every weight is a number."""
        return all(bool(torch.isfinite(each).all()) for each in (*self._generators, *self._judges))

    def forget(self) -> None:
        """Empty the pools: their pictures are not of the size that is trained on now."""
        self._night_pool.pictures, self._day_pool.pictures = [], []

    def parts(self) -> Parts:
        """Give all that a checkpoint must hold."""
        modules = {
            "night": self.to_night,
            "day": self.to_day,
            "night-average": self.night_average,
            "day-average": self.day_average,
            "night-judges": self.night_judges,
            "day-judges": self.day_judges,
        }
        optimisers = {"generator-adam": self.generator_adam, "judge-adam": self.judge_adam}
        return Parts(modules, optimisers, {"night-pool": self._night_pool, "day-pool": self._day_pool})

    def _turn(self, photograph: Tensor, there: nn.Module, back: nn.Module) -> Turn:
        """Translate a photograph with one generator, and the result with the other."""
        made = translate(self._kind, there, photograph)
        wanted = self._recipe.identity or (self._recipe.attention and self._kind.attends)
        same = translate(self._kind, back, photograph) if wanted else None
        return Turn(photograph, made, translate(self._kind, back, made), same)

    def _deceiving(self, a: Turn, b: Turn, noise: Noise) -> Terms:
        """Say how far the generators are from deceiving the discriminators: P0 eq. (5), (6), first term."""
        verdicts = [
            *self._verdicts(self.night_judges, noise(a.there.picture)),
            *self._verdicts(self.day_judges, noise(b.there.picture)),
        ]
        loss = self._adversarial.generator
        terms = [loss(each.scores) for each in verdicts]
        terms += [loss([each.logits]) for each in verdicts if each.logits is not None]
        return {"generator": total_loss(terms)}

    def _picturing(self, a: Turn, b: Turn) -> Terms:
        """Say what the generated pictures are worth by themselves and beside the photographs."""
        recipe = self._recipe
        terms = {"cycle": cycle_loss(a.photograph, a.again.picture, b.photograph, b.again.picture)}
        for name, each in (
            ("identity", _identity),
            ("structure", _structure),
            ("burn", _burn),
            ("tint", _tint),
        ):
            if getattr(recipe, name):
                terms[name] = each(a) + each(b)
        if recipe.smoothness:
            terms["smoothness"] = _smoothness(a) + _smoothness(b)
        if recipe.attention:
            terms["attention"] = _attention(a, b) + _attention(b, a)
        if recipe.paired:
            terms["paired"] = pair_loss(a.there.picture, b.photograph) + pair_loss(
                b.there.picture, a.photograph
            )
        if recipe.level:
            terms["level"] = level_loss(a.there.picture, *self._night_band) + level_loss(
                b.there.picture, *self._day_band
            )
        return terms

    def _telling(self, judges: nn.Module, real: Tensor, made: Tensor, noise: Noise) -> Terms:
        """Say how far one side's discriminators are from telling photographs from what is made."""
        with self._arithmetic():
            of_real, of_made = (self._verdicts(judges, noise(picture)) for picture in (real, made))
        terms = []
        for one, other in zip(of_real, of_made, strict=True):
            terms.append(self._adversarial.discriminator(one.scores, other.scores))
            if one.logits is not None and other.logits is not None:
                terms.append(cam_discriminator_loss(one.logits, other.logits))
        if not self._adversarial.penalised:
            return {"discriminator": total_loss(terms)}
        # In 32 bits: the gradient of a gradient has none to spare.
        penalties = [
            gradient_penalty(
                lambda picture, judge=judge: verdict(self._kind, judge, picture).scores,  # type: ignore[misc]
                real,
                made,
                noise.shares(len(real)),
            )
            for judge in judges.children()
        ]
        return {"discriminator": total_loss(terms), "penalty": total_loss(penalties)}

    def _verdicts(self, judges: nn.Module, picture: Tensor) -> list[Verdict]:
        """Ask every discriminator of a side."""
        return [verdict(self._kind, judge, picture) for judge in judges.children()]

    def _move(
        self, adam: torch.optim.Optimizer, parameters: Sequence[nn.Parameter], clip: float = 0.0
    ) -> None:
        """Move parameters along the gradient of all processes; with ``clip``, its norm is at most that."""
        self._group.average_gradients(parameters)
        if clip:
            nn.utils.clip_grad_norm_(parameters, clip)
        adam.step()

    @torch.no_grad()
    def _follow(self, step: int) -> None:
        """Let the running averages follow the networks; sooner at first, when they change most."""
        decay = min(self._recipe.ema, (1 + step) / (10 + step))
        for average, network in ((self.night_average, self.to_night), (self.day_average, self.to_day)):
            for kept, new in zip(average.parameters(), network.parameters(), strict=True):
                kept.lerp_(new, 1 - decay)
            for buffer, newest in zip(average.buffers(), network.buffers(), strict=True):
                buffer.copy_(newest)

    def _weights(self, step: int) -> Mapping[str, float]:
        recipe = self._recipe
        start = recipe.cycle if recipe.cycle_start is None else recipe.cycle_start
        grown = min(step / recipe.cycle_ramp, 1.0) if recipe.cycle_ramp else 1.0
        return {
            "generator": 1.0,
            "discriminator": 1.0,
            "penalty": recipe.gradient_penalty,
            "cycle": start + grown * (recipe.cycle - start),
            "identity": recipe.identity,
            "attention": recipe.attention,
            "paired": recipe.paired,
            "structure": recipe.structure,
            "level": recipe.level,
            "tint": recipe.tint,
            "burn": recipe.burn,
            "smoothness": recipe.smoothness,
        }

    def _arithmetic(self) -> AbstractContextManager[object]:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.precision == "bf16")

    def _built(self, factory: Callable[..., Network], settings: Mapping[str, Any]) -> Network:
        """Build a network, laid out as convolutions like it."""
        try:
            network = factory(**settings)
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"network {self._kind.name}", str(error), "change the recipe's settings"
            ) from None
        return network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def _adam(self, parameters: Sequence[nn.Parameter]) -> torch.optim.Adam:
        recipe = self._recipe
        return torch.optim.Adam(
            parameters, recipe.learning_rate, recipe.betas, weight_decay=recipe.weight_decay
        )


class Noise:
    """A step's noise on what discriminators see; its deviation falls to zero over the run.

    Args:
        recipe: the run's.
        chance: the step's.
        rank: number of the process.
        device: where the pictures are.
    """

    def __init__(self, recipe: Recipe, chance: Chance, rank: int, device: torch.device) -> None:
        self._deviation = recipe.noise * max(1 - chance.step / recipe.steps, 0.0)
        self._chance, self._device = chance.of_tensors("noise", rank, device), device

    def __call__(self, picture: Tensor) -> Tensor:
        """Give a picture with noise."""
        if not self._deviation:
            return picture
        grain = torch.randn(picture.shape, generator=self._chance, device=self._device)
        return picture + self._deviation * grain

    def shares(self, pictures: int) -> Tensor:
        """Give a random share in [0, 1] for each picture, N×1×1×1."""
        return torch.rand(pictures, 1, 1, 1, generator=self._chance, device=self._device)


def _descend(terms: Terms, weights: Mapping[str, float], parts: int, losses: dict[str, float]) -> None:
    """Add one part's gradient of the weighted sum of its losses, and take the losses to account."""
    loss = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
    (loss / parts).backward()  # type: ignore[no-untyped-call]
    for name, term in {**terms, "total": loss}.items():
        losses[name] += float(term.detach()) / parts


def _identity(turn: Turn) -> Tensor:
    assert turn.same is not None
    return identity_loss(turn.photograph, turn.same.picture)


def _attention(taken: Turn, other: Turn) -> Tensor:
    """Say how well a generator tells what it takes from what it makes, which it was given as ``same``."""
    assert taken.there.logits is not None
    assert other.same is not None
    assert other.same.logits is not None
    return cam_generator_loss(taken.there.logits, other.same.logits)


def _structure(turn: Turn) -> Tensor:
    return structure_loss(turn.photograph, turn.there.picture)


def _burn(turn: Turn) -> Tensor:
    assert turn.there.light is not None
    return burn_loss(turn.there.light)


def _tint(turn: Turn) -> Tensor:
    assert turn.there.stops is not None
    return tint_loss(turn.there.stops)


def _smoothness(turn: Turn) -> Tensor:
    assert turn.there.stops is not None
    return smoothness_loss(turn.there.stops)


def _judges(kind: NetworkKind, /, **settings: Any) -> nn.ModuleDict:
    """Build the discriminators of one side."""
    return nn.ModuleDict(kind.discriminators(**settings))


def _require_gradients(parameters: Iterable[Tensor], wanted: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(wanted)
