"""One step of the light network: a night made of plates, judged on pretrained features and on colour."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from daynight.models.scene import SURFACES
from daynight.training.methods.average import follow
from daynight.training.methods.descent import descend, move, require_gradients
from daynight.training.methods.kind import Recipe
from daynight.training.methods.losses import (
    hinge_discriminator_loss,
    linear_generator_loss,
    pair_loss,
)
from daynight.training.methods.night.data import DayAndNight, Shift, intruded
from daynight.training.methods.night.losses import steadiness_loss
from daynight.training.methods.night.recipe import NightRecipe
from daynight.training.methods.night.samples import light_grid
from daynight.training.methods.night.terms import TERMS, Relit
from daynight.training.networks.efficientnet import pretrained
from daynight.training.networks.lights import Lights
from daynight.training.networks.night import exposed, night, rolled_off, standardised
from daynight.training.networks.projected import ColourDiscriminator, ProjectedDiscriminator
from daynight.training.networks.relight import decode_display, encode_display
from daynight.training.networks.scene import Scene
from daynight.training.networks.weights import load_model
from daynight.training.run.checkpoint import Parts
from daynight.training.run.method import OBJECTIVE, RGB, Batch, Method
from daynight.training.run.precision import autocast
from daynight.training.run.processes import ProcessGroup
from daynight.training.run.rng import StepRng

_UNITS: Final = (4.4, 6.4, 1.0, 1.0, 1.0, 4.5, 1.0)
"""What a difference of 1 is in each of the maps, for the loss of steadiness."""
_SKY, _BUILDING = SURFACES.index("sky"), SURFACES.index("building")


class NightMethod(Method):
    """The light network with its discriminators, and the step that trains them.

    Args:
        recipe: every hyper-parameter.
        data: what the band of the level loss is measured on.
        scene: file of the scene network, whose mattes gate the lights.
        device: where to train.
        group: the processes that share the run.
    """

    def __init__(
        self,
        recipe: Recipe[NightRecipe],
        data: DayAndNight,
        scene: Path,
        *,
        device: torch.device,
        group: ProcessGroup,
    ) -> None:
        self._run, self._recipe = recipe.run, recipe.method
        self._device, self._group = device, group
        self._scene = self._placed(Scene()).eval().requires_grad_(False)
        load_model(self._scene, scene)
        self._encoder = self._placed(pretrained())
        self.lights = self._placed(Lights())
        self.lights.encoder.load_state_dict(self._encoder.state_dict())
        self.average = copy.deepcopy(self.lights).eval()
        self.projected = self._placed(ProjectedDiscriminator(self._encoder.widths))
        self.colour = self._placed(ColourDiscriminator())
        self._generators = [each for each in self.lights.parameters() if each.requires_grad]
        judges = (*self.projected.parameters(), *self.colour.parameters())
        self._discriminators = [each for each in judges if each.requires_grad]
        self.generator_adam = self._adam(self._generators)
        self.discriminator_adam = self._adam(self._discriminators)
        darkest, brightest = data.night_levels(*self._recipe.night_levels)
        self._band = darkest.to(device), brightest.to(device)

    def step(self, batches: Sequence[Batch], rng: StepRng) -> dict[str, float]:
        """Take one step: the light network down its losses, then the discriminators down theirs.

        Args:
            batches: day and night photographs, N×3×H×W each, display-encoded in [-1, 1]; where there are
                pairs, also their days and nights.
            rng: seeds all randomness of the step.

        Returns:
            The losses by name, unweighted, and ``total``, their weighted sum.
        """
        losses: dict[str, float] = defaultdict(float)
        random = rng.torch("noise", self._group.rank, self._device)
        noise = self._recipe.noise * max(1 - rng.step / self._run.steps, 0.0)
        made = []
        self.generator_adam.zero_grad()
        require_gradients(self._discriminators, False)
        for day, _, *pair in batches:
            it = self.relit(day, self.lights)
            seen = _noisy(it.picture, noise, random)
            terms = {
                "projected": linear_generator_loss(self._projected_scores(seen)),
                "colour": linear_generator_loss(self._colour_scores(seen)),
                **{term.name: term.loss(it, self._band) for term in TERMS if self._weight(term.name)},
            }
            if pair and rng.step % self._recipe.paired_every == 0 and self._weight("paired"):
                terms["paired"] = pair_loss(self.relit(pair[0], self.lights).picture, pair[1])
            if self._steadies(rng.step):
                terms["steadiness"] = self._steadiness(it, random)
            descend(terms, self._recipe.weights, len(batches), losses)
            made.append(it.picture.detach())
        move(self.generator_adam, self._generators, self._group, clip=1.0)

        self.discriminator_adam.zero_grad()
        require_gradients(self._discriminators, True)
        for (_, real, *_), generated in zip(batches, made, strict=True):
            photograph, picture = _noisy(real, noise, random), _noisy(generated, noise, random)
            terms = {
                "projected_discriminator": hinge_discriminator_loss(
                    self._projected_scores(photograph), self._projected_scores(picture)
                ),
                "colour_discriminator": hinge_discriminator_loss(
                    self._colour_scores(photograph), self._colour_scores(picture)
                ),
            }
            descend(terms, self._recipe.weights, len(batches), losses)
        move(self.discriminator_adam, self._discriminators, self._group)

        follow(self.average, self.lights, self._recipe.ema, rng.step)
        return self._group.average(losses, self._device)

    def relit(self, day: Tensor, network: nn.Module) -> Relit:
        """Make nights of day photographs N×3×H×W, display-encoded in [-1, 1]."""
        day = day.to(memory_format=torch.channels_last)
        with torch.no_grad(), self._arithmetic():
            told = self._scene(day).mattes
        sky = told[:, _SKY : _SKY + 1]
        light = exposed(decode_display((day + 1) / 2), sky)
        maps = self._maps(light, network)
        groups = night(light, maps, told)
        return Relit(light, told, maps, groups, encode_display(groups.picture) * 2 - 1)

    def set_rate(self, share: float) -> None:
        """Set both learning rates to this part of the recipe's."""
        for adam in (self.generator_adam, self.discriminator_adam):
            for group in adam.param_groups:
                group["lr"] = self._run.learning_rate * share

    def parts(self) -> Parts:
        """Return everything that a checkpoint must hold."""
        modules = {
            "lights": self.lights,
            "lights-average": self.average,
            "projected": self.projected,
            "colour": self.colour,
        }
        return Parts(
            modules, {"generator-adam": self.generator_adam, "discriminator-adam": self.discriminator_adam}
        )

    def networks(self) -> Mapping[str, nn.Module]:
        """Return the light network and its discriminators."""
        return {
            "lights": self.lights,
            "discriminator of features": self.projected,
            "discriminator of colour": self.colour,
        }

    def conditions(self) -> Mapping[str, Any]:
        """Return the settings on which the sum of losses depends."""
        return {OBJECTIVE: (self._recipe.weights, self._recipe.night_levels)}

    @torch.no_grad()
    def samples(self, batches: Sequence[Batch]) -> RGB:
        """Make nights of a few photographs by the averaged network, with their light groups."""
        return light_grid([(day, self.relit(day, self.average)) for day, *_ in batches])

    def start_from(self, models: Sequence[Path]) -> None:
        """Load the weights of a light model's file."""
        for network in (self.lights, self.average):
            load_model(network, models[0])

    def _maps(self, light: Tensor, network: nn.Module) -> Tensor:
        with self._arithmetic():
            maps: Tensor = network((rolled_off(light) * 2 - 1).to(memory_format=torch.channels_last)).lights
        return maps.float()

    def _steadies(self, step: int) -> bool:
        recipe = self._recipe
        return (
            bool(self._weight("steadiness"))
            and step >= recipe.steady_from
            and step % recipe.steadied_every == 1
        )

    def _steadiness(self, it: Relit, random: torch.Generator) -> Tensor:
        """Compare the maps of a plate, and those after the camera has moved a little and a thing came in.

        What was told before the move is the averaged network's.
        """
        shift = Shift(random)
        encoded, same = intruded(shift(rolled_off(it.light) * 2 - 1), random)
        building = it.mattes[:, _BUILDING : _BUILDING + 1]
        with torch.no_grad():
            kept = shift(_in_units(self._maps(it.light, self.average), building))
        with self._arithmetic():
            changed = self.lights(encoded.to(memory_format=torch.channels_last)).lights.float()
        units = changed.new_tensor(_UNITS)[:, None, None]
        seen = _in_units(changed, shift(building))
        return steadiness_loss(seen / units, kept / units, same * shift.inside(kept))

    def _projected_scores(self, picture: Tensor) -> list[Tensor]:
        with self._arithmetic():
            return [
                each.float()
                for each in self.projected(self._encoder(picture.to(memory_format=torch.channels_last)))
            ]

    def _colour_scores(self, picture: Tensor) -> list[Tensor]:
        with self._arithmetic():
            return [each.float() for each in self.colour(picture)]

    def _weight(self, name: str) -> float:
        return self._recipe.weights.get(name, 1.0)

    def _arithmetic(self) -> AbstractContextManager[object]:
        return autocast(self._run.precision, self._device)

    def _placed(self, network: Any) -> Any:
        return network.to(self._device, memory_format=torch.channels_last)

    def _adam(self, parameters: Sequence[nn.Parameter]) -> torch.optim.Adam:
        run = self._run
        return torch.optim.Adam(parameters, run.learning_rate, run.betas, weight_decay=run.weight_decay)


def _in_units(maps: Tensor, building: Tensor) -> Tensor:
    """Return maps with the logit of lamps as it counts: in deviations over what is built."""
    lamp = standardised(maps[:, 3:4], building)
    return torch.cat([maps[:, :3], lamp, maps[:, 4 : len(_UNITS)]], dim=1)


def _noisy(picture: Tensor, deviation: float, random: torch.Generator) -> Tensor:
    if not deviation:
        return picture
    return picture + deviation * torch.randn(picture.shape, generator=random, device=picture.device)
