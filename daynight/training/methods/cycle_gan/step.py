"""One step of a cycle GAN: two generators, their discriminators, and every loss by its paper's equation."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from torch import Tensor, nn

from daynight.errors import UsageError
from daynight.plugin.network_kind import NetworkKind
from daynight.training.data.loading import TrainingData
from daynight.training.methods.average import follow
from daynight.training.methods.cycle_gan import terms
from daynight.training.methods.cycle_gan.pool import ImagePool
from daynight.training.methods.cycle_gan.recipe import CycleGanRecipe
from daynight.training.methods.cycle_gan.samples import Direction, Sample, sample_grid
from daynight.training.methods.cycle_gan.terms import Band, Pass, Term
from daynight.training.methods.cycle_gan.translation import Scores, score, translate
from daynight.training.methods.descent import descend, move, require_gradients
from daynight.training.methods.kind import Recipe
from daynight.training.methods.losses import (
    ADVERSARIAL,
    cam_discriminator_loss,
    gradient_penalty,
    total_loss,
)
from daynight.training.networks.weights import load_model
from daynight.training.run.checkpoint import Parts
from daynight.training.run.method import OBJECTIVE, RGB, Batch, Method
from daynight.training.run.precision import autocast
from daynight.training.run.processes import ProcessGroup
from daynight.training.run.rng import StepRng

_EXTREME: Final = 0.1
"""The level loss's bands leave out this part of the photographs: the brightest days, the darkest nights."""
Losses = dict[str, Tensor]
"""Losses by name, unweighted."""
Network = TypeVar("Network", bound=nn.Module)


class CycleGan(Method):
    """Two generators with their discriminators, and the step that trains them.

    Args:
        recipe: every hyper-parameter.
        kind: the recipe's kind of network.
        data: what the bands of the level loss are measured on.
        device: where to train.
        group: the processes that share the run.

    Raises:
        UsageError: the networks can't be built with the recipe's settings, or a loss needs what they don't
            return.
    """

    def __init__(
        self,
        recipe: Recipe[CycleGanRecipe],
        kind: NetworkKind,
        data: TrainingData,
        *,
        device: torch.device,
        group: ProcessGroup,
    ) -> None:
        self._run, self._recipe, self._framing = recipe.run, recipe.method, recipe.data.framing
        self._size = recipe.data.size
        self._kind, self._device, self._group = kind, device, group
        self._terms = [each for each in terms.TERMS if self._recipe.weights[each.name] or each.always]
        for term in self._terms:
            _require_needs(term, kind, data)
        own = recipe.method
        self.to_night = self._built(kind.generator, {**own.generator, **own.to_night})
        self.to_day = self._built(kind.generator, {**own.generator, **own.to_day})
        averages = (copy.deepcopy(network).eval() for network in (self.to_night, self.to_day))
        self.night_average, self.day_average = averages
        self.night_discriminators = self._built(partial(_discriminators, kind), own.discriminators)
        self.day_discriminators = self._built(partial(_discriminators, kind), own.discriminators)
        self._night_pool, self._day_pool = ImagePool(own.pool), ImagePool(own.pool)
        self._generators = [*self.to_night.parameters(), *self.to_day.parameters()]
        self._discriminators = [
            *self.night_discriminators.parameters(),
            *self.day_discriminators.parameters(),
        ]
        self.generator_adam = self._adam(self._generators)
        self.discriminator_adam = self._adam(self._discriminators)
        self._adversarial = ADVERSARIAL[own.adversarial]
        self._night_band = self._band(data.night_levels(_EXTREME, own.night_level))
        self._day_band = self._band(data.day_levels(own.day_level, 1 - _EXTREME))

    def step(self, batches: Sequence[Batch], rng: StepRng) -> dict[str, float]:
        """Take one step: the generators down their losses, then the discriminators down theirs.

        Args:
            batches: the step's day and night photographs, N×3×H×W each, display-encoded in [-1, 1], in as
                many parts as the recipe accumulates.
            rng: seeds all randomness of the step.

        Returns:
            The losses by name, unweighted, each summed over both directions (the cycle's: their mean), and
            ``total``, their weighted sum with the discriminators'.

        Source: P0, with the losses of eq. (1) to (6); P1 for identity and attention.
        """
        losses: dict[str, float] = defaultdict(float)
        weights = self._weights(rng.step)
        noise = Noise(self._recipe.noise * max(1 - rng.step / self._run.steps, 0.0), rng, self._group.rank)

        made = []
        self.generator_adam.zero_grad()
        require_gradients(self._discriminators, False)
        for day, night in batches:
            with self._arithmetic():
                # By day: a, G_AB(a) and G_BA(G_AB(a)); by night the same of b.
                a = self._pass(day, self.to_night, self.to_day, self._night_band)
                b = self._pass(night, self.to_day, self.to_night, self._day_band)
                adversarial = self._generator_loss(a, b, noise)
            restraints = {term.name: term.loss(a, b) for term in self._terms}
            descend({"generator": adversarial, **restraints}, weights, len(batches), losses)
            made.append((a.forward.picture.detach(), b.forward.picture.detach()))
        if rng.step >= self._recipe.discriminator_warmup:
            move(self.generator_adam, self._generators, self._group, self._recipe.clip)
            for generator in (self.to_night, self.to_day):
                self._kind.constrain(generator)

        self.discriminator_adam.zero_grad()
        require_gradients(self._discriminators, True)
        pools = rng.numpy("pools")
        for (day, night), (made_night, made_day) in zip(batches, made, strict=True):
            earlier_night = self._night_pool.swapped(made_night, pools)
            earlier_day = self._day_pool.swapped(made_day, pools)
            nights = self._discriminator_loss(self.night_discriminators, night, earlier_night, noise)
            days = self._discriminator_loss(self.day_discriminators, day, earlier_day, noise)
            both = {name: loss + days[name] for name, loss in nights.items()}
            descend(both, weights, len(batches), losses)
        move(self.discriminator_adam, self._discriminators, self._group)

        for average, network in ((self.night_average, self.to_night), (self.day_average, self.to_day)):
            follow(average, network, self._recipe.ema, rng.step)
        return self._group.average(losses, self._device)

    def set_rate(self, share: float) -> None:
        """Set both learning rates to this part of the recipe's."""
        rate = self._run.learning_rate * share
        factors = ((self.generator_adam, 1.0), (self.discriminator_adam, self._recipe.discriminator_rate))
        for adam, factor in factors:
            for group in adam.param_groups:
                group["lr"] = rate * factor

    def parts(self) -> Parts:
        """Return everything that a checkpoint must hold."""
        modules = {
            "night": self.to_night,
            "day": self.to_day,
            "night-average": self.night_average,
            "day-average": self.day_average,
            "night-discriminators": self.night_discriminators,
            "day-discriminators": self.day_discriminators,
        }
        optimisers = {"generator-adam": self.generator_adam, "discriminator-adam": self.discriminator_adam}
        return Parts(modules, optimisers, {"night-pool": self._night_pool, "day-pool": self._day_pool})

    def networks(self) -> Mapping[str, nn.Module]:
        """Return a generator and one side's discriminators; there are two of each."""
        return {
            f"{self._kind.name} generator, two": self.to_night,
            **{f"discriminator {name}, two": each for name, each in self.night_discriminators.items()},
        }

    def conditions(self) -> Mapping[str, Any]:
        """Return the settings on which the pools' pictures and the sum of losses depend."""
        own = self._recipe
        objective = (own.weights, own.adversarial, own.gradient_penalty, own.cycle_start, own.cycle_ramp)
        return {
            "pools": (self._framing, self._size, own.pool),
            OBJECTIVE: (*objective, own.night_level, own.day_level),
        }

    def reset(self, condition: str) -> None:
        """Empty the pools where their pictures are not of the size that is trained on now."""
        if condition == "pools":
            self._night_pool.pictures, self._day_pool.pictures = [], []

    @torch.no_grad()
    def samples(self, batches: Sequence[Batch]) -> RGB:
        """Translate a few photographs of each side by the averaged generators."""
        night, day = self.night_average, self.day_average
        return sample_grid(
            [
                *(self._sample("night", by_day, night, day) for by_day, _ in batches),
                *(self._sample("day", by_night, day, night) for _, by_night in batches),
            ]
        )

    def start_from(self, models: Sequence[Path]) -> None:
        """Load the night and the day generator's weights from two model files."""
        generators = ((self.to_night, self.night_average), (self.to_day, self.day_average))
        if len(models) != len(generators):
            raise UsageError("`start`", "names one model for two generators", "give a night and a day model")
        for path, networks in zip(models, generators, strict=True):
            for network in networks:
                load_model(network, path)

    def _sample(self, direction: Direction, real: Tensor, there: nn.Module, back: nn.Module) -> Sample:
        forward, identity = translate(self._kind, there, real), translate(self._kind, back, real)
        renderings = (identity, forward, translate(self._kind, back, forward))
        made_identity, made, cycled = (each.picture.cpu() for each in renderings)
        heats = tuple(None if each.heat is None else each.heat.cpu() for each in renderings)
        return Sample(direction, real.cpu(), made_identity, made, cycled, heats)

    def _pass(self, photograph: Tensor, there: nn.Module, back: nn.Module, band: Band) -> Pass:
        """Translate a photograph with one generator, and the result with the other."""
        forward = translate(self._kind, there, photograph)
        wanted = any("identity" in term.needs for term in self._terms)
        identity = translate(self._kind, back, photograph) if wanted else None
        return Pass(photograph, forward, translate(self._kind, back, forward), identity, band)

    def _generator_loss(self, a: Pass, b: Pass, noise: Noise) -> Tensor:
        """The generators' adversarial loss: P0 eq. (5), (6), first term."""
        scores = [
            *self._scores(self.night_discriminators, noise(a.forward.picture)),
            *self._scores(self.day_discriminators, noise(b.forward.picture)),
        ]
        loss = self._adversarial.generator
        losses = [loss(each.maps) for each in scores]
        losses += [loss([each.logits]) for each in scores if each.logits is not None]
        return total_loss(losses)

    def _discriminator_loss(
        self, discriminators: nn.Module, real: Tensor, made: Tensor, noise: Noise
    ) -> Losses:
        """The loss of one side's discriminators, and their gradient penalty where they need one."""
        with self._arithmetic():
            of_real, of_made = (self._scores(discriminators, noise(picture)) for picture in (real, made))
        losses = []
        for one, other in zip(of_real, of_made, strict=True):
            losses.append(self._adversarial.discriminator(one.maps, other.maps))
            if one.logits is not None and other.logits is not None:
                losses.append(cam_discriminator_loss(one.logits, other.logits))
        if not self._adversarial.penalised:
            return {"discriminator": total_loss(losses)}
        # In 32 bits: the gradient of a gradient has none to spare.
        penalties = [
            gradient_penalty(
                lambda picture, network=each: score(self._kind, network, picture).maps,  # type: ignore[misc]
                real,
                made,
                noise.shares(real),
            )
            for each in discriminators.children()
        ]
        return {"discriminator": total_loss(losses), "penalty": total_loss(penalties)}

    def _scores(self, discriminators: nn.Module, picture: Tensor) -> list[Scores]:
        """Run every discriminator of a side."""
        return [score(self._kind, each, picture) for each in discriminators.children()]

    def _weights(self, step: int) -> Mapping[str, float]:
        return {
            "generator": 1.0,
            "discriminator": 1.0,
            "penalty": self._recipe.gradient_penalty,
            **{term.name: self._recipe.weight(term.name, step) for term in self._terms},
        }

    def _arithmetic(self) -> AbstractContextManager[object]:
        return autocast(self._run.precision, self._device)

    def _band(self, levels: Band) -> Band:
        return levels[0].to(self._device), levels[1].to(self._device)

    def _built(self, factory: Callable[..., Network], settings: Mapping[str, Any]) -> Network:
        """Build a network, in the memory layout that convolutions are fastest in."""
        try:
            network = factory(**settings)
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"network {self._kind.name}", str(error), "change the recipe's settings"
            ) from None
        return network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def _adam(self, parameters: Sequence[nn.Parameter]) -> torch.optim.Adam:
        run = self._run
        return torch.optim.Adam(parameters, run.learning_rate, run.betas, weight_decay=run.weight_decay)


class Noise:
    """A step's noise on what discriminators see.

    Args:
        deviation: of the noise; 0: none.
        rng: the step's.
        rank: index of the process.
    """

    def __init__(self, deviation: float, rng: StepRng, rank: int) -> None:
        self._deviation, self._rng, self._rank = deviation, rng, rank
        self._generator: torch.Generator | None = None

    def __call__(self, picture: Tensor) -> Tensor:
        """Return a picture with noise."""
        if not self._deviation:
            return picture
        random = self._random(picture.device)
        return picture + self._deviation * torch.randn(picture.shape, generator=random, device=picture.device)

    def shares(self, pictures: Tensor) -> Tensor:
        """Return a random share in [0, 1] for each picture, N×1×1×1."""
        random = self._random(pictures.device)
        return torch.rand(len(pictures), 1, 1, 1, generator=random, device=pictures.device)

    def _random(self, device: torch.device) -> torch.Generator:
        if self._generator is None:
            self._generator = self._rng.torch("noise", self._rank, device)
        return self._generator


def _discriminators(kind: NetworkKind, /, **settings: Any) -> nn.ModuleDict:
    """Build the discriminators of one side."""
    return nn.ModuleDict(kind.discriminators(**settings))


def _require_needs(term: Term, kind: NetworkKind, data: TrainingData) -> None:
    """Refuse a loss that needs what the networks don't return or the data doesn't have."""
    name = term.name
    if "maps" in term.needs and kind.output != "maps":
        fault = f"needs maps, which network {kind.name} does not return"
        raise UsageError(f"loss {name}", fault, f"set `{name}=0`")
    if "attention" in term.needs and not kind.attention:
        fault = f"needs attention, which network {kind.name} does not return"
        raise UsageError(f"loss {name}", fault, f"set `{name}=0`")
    if "pairs" in term.needs and not data.paired:
        raise UsageError(f"loss {name}", "needs photographs in pairs", "give `pairs`")
