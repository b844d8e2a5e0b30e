"""One step of the scene network."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from daynight.models.scene import SURFACES
from daynight.training.methods.average import follow
from daynight.training.methods.kind import Recipe
from daynight.training.methods.scene.labels import UNLABELLED
from daynight.training.methods.scene.recipe import SceneRecipe
from daynight.training.networks.efficientnet import pretrained
from daynight.training.networks.scene import Scene
from daynight.training.networks.weights import load_model
from daynight.training.run.checkpoint import Parts
from daynight.training.run.method import Batch, Method
from daynight.training.run.precision import autocast
from daynight.training.run.processes import ProcessGroup
from daynight.training.run.rng import StepRng

_EMA: Final = 0.995
_RARE: Final = 3.0
"""Weight of a window's or lamp's pixels over the others: they are few."""
_UNCERTAIN: Final = 0.3
"""Weight of a building's pixels as no window: many labels leave windows out."""


class SceneMethod(Method):
    """Trains the scene network's decoder on labelled pictures.

    Args:
        recipe: every hyper-parameter.
        device: where to train.
        group: the processes that share the run.
    """

    def __init__(self, recipe: Recipe[SceneRecipe], *, device: torch.device, group: ProcessGroup) -> None:
        run = recipe.run
        self._recipe, self._device, self._group = run, device, group
        self.network = Scene()
        self.network.encoder.load_state_dict(pretrained().state_dict())
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).eval()
        self.network.encoder.requires_grad_(recipe.method.encoder_rate > 0)
        self._rates = {
            1.0: [each for name, each in self.network.named_parameters() if "encoder." not in name]
        }
        if recipe.method.encoder_rate:
            self._rates[recipe.method.encoder_rate] = [*self.network.encoder.parameters()]
        self._trained = [each for parameters in self._rates.values() for each in parameters]
        groups = [{"params": parameters} for parameters in self._rates.values()]
        self._adam = torch.optim.Adam(groups, run.learning_rate, run.betas, weight_decay=run.weight_decay)

    def step(self, batches: Sequence[Batch], rng: StepRng) -> dict[str, float]:
        """Take one step down the cross-entropies of surfaces, windows and lights."""
        losses: dict[str, float] = defaultdict(float)
        self._adam.zero_grad()
        for pictures, targets in batches:
            with autocast(self._recipe.precision, self._device):
                logits = self.network.logits(pictures.to(memory_format=torch.channels_last))
            terms = scene_losses(logits, targets)
            loss = torch.stack([*terms.values()]).sum()
            (loss / len(batches)).backward()  # type: ignore[no-untyped-call]
            for name, term in {**terms, "total": loss}.items():
                losses[name] += float(term.detach()) / len(batches)
        self._group.average_gradients(self._trained)
        self._adam.step()
        follow(self.average, self.network, _EMA, rng.step)
        return self._group.average(losses, self._device)

    def set_rate(self, share: float) -> None:
        """Set the learning rate to this part of the recipe's."""
        for group, part in zip(self._adam.param_groups, self._rates, strict=True):
            group["lr"] = self._recipe.learning_rate * share * part

    def parts(self) -> Parts:
        """Return the network, its running average and its optimiser."""
        return Parts({"scene": self.network, "scene-average": self.average}, {"adam": self._adam})

    def networks(self) -> Mapping[str, nn.Module]:
        """Return the network."""
        return {"scene": self.network}

    def start_from(self, models: Sequence[Path]) -> None:
        """Load the weights of a scene model's file."""
        for network in (self.network, self.average):
            load_model(network, models[0])


def scene_losses(logits: Tensor, targets: Tensor) -> dict[str, Tensor]:
    """Return the losses of a batch: cross-entropy of surfaces, and binary ones of windows and lights.

    Args:
        logits: N×8×H×W, as the network returns them.
        targets: N×3×H×W int64: surface, window, light; 255 where it is not known.
    """
    surfaces = len(SURFACES)
    surface, window, light = targets.unbind(dim=1)
    known = (surface != UNLABELLED).sum().clamp(min=1)
    cross = functional.cross_entropy(logits[:, :surfaces], surface, ignore_index=UNLABELLED, reduction="sum")
    building = surface == SURFACES.index("building")
    windows = torch.where(building & (window == 0), _UNCERTAIN, 1.0)
    return {
        "surface": cross / known,
        "window": _binary(logits[:, surfaces], window, windows),
        "light": _binary(logits[:, surfaces + 1], light, torch.ones_like(windows)),
    }


def _binary(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy where the target is known, its rare positives weighted up."""
    known = target != UNLABELLED
    if not known.any():
        return logits.sum() * 0
    weights = torch.where(target == 1, _RARE, weights)[known]
    values = functional.binary_cross_entropy_with_logits(
        logits[known], target[known].float(), weight=weights, reduction="sum"
    )
    return values / weights.sum()
