"""One step of a classifier of two classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.nn import functional

from daynight.training.run.checkpoint import Parts
from daynight.training.run.method import Batch, Method
from daynight.training.run.precision import autocast
from daynight.training.run.processes import ProcessGroup
from daynight.training.run.recipe import RunRecipe
from daynight.training.run.rng import StepRng


class BinaryClassifier(Method):
    """Trains a network that scores pictures N×3×H×W in [0, 1]: N values, above 0 for class 1.

    Args:
        network: the network.
        recipe: hyper-parameters of the run.
        device: where to train.
        group: the processes that share the run.
    """

    def __init__(
        self,
        network: nn.Module,
        recipe: RunRecipe,
        *,
        device: torch.device = torch.device("cpu"),  # noqa: B008 - it can't change
        group: ProcessGroup = ProcessGroup(),  # noqa: B008
    ) -> None:
        self.network = network.to(device).train()
        self._recipe, self._device, self._group = recipe, device, group
        self._parameters = list(network.parameters())
        self._adam = torch.optim.Adam(
            self._parameters, recipe.learning_rate, recipe.betas, weight_decay=recipe.weight_decay
        )

    def step(self, batches: Sequence[Batch], rng: StepRng) -> dict[str, float]:  # noqa: ARG002 - draws nothing
        """Take one step down the cross-entropy of pictures and their classes."""
        self._adam.zero_grad()
        total = 0.0
        for pictures, classes in batches:
            with autocast(self._recipe.precision, self._device):
                scores = self.network(pictures)  # (N,)
            loss = functional.binary_cross_entropy_with_logits(scores.float(), classes) / len(batches)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        self._group.average_gradients(self._parameters)
        self._adam.step()
        return self._group.average({"cross-entropy": total, "total": total}, self._device)

    def set_rate(self, share: float) -> None:
        """Set the learning rate to this part of the recipe's."""
        for group in self._adam.param_groups:
            group["lr"] = self._recipe.learning_rate * share

    def parts(self) -> Parts:
        """Return the network and its optimiser."""
        return Parts({"classifier": self.network}, {"adam": self._adam})

    def networks(self) -> Mapping[str, nn.Module]:
        """Return the network."""
        return {"classifier": self.network}
