"""A run's trained generators, and the facts that a model file states about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from daynight.errors import UsageError
from daynight.models.facts import ModelDirection, ModelFacts
from daynight.models.session import OUTPUTS
from daynight.plugin.network_kind import NetworkKind
from daynight.training.methods import find_method
from daynight.training.methods.cycle_gan.recipe import CycleGanRecipe
from daynight.training.methods.cycle_gan.samples import Direction
from daynight.training.methods.kind import MethodRecipe, Recipe
from daynight.training.networks.outputs import Translation
from daynight.training.recipe import read_recipe
from daynight.training.run.checkpoint import Parts, load_checkpoint


@dataclass(frozen=True)
class TrainedGenerator:
    """The generator of one direction, ready to run."""

    network: nn.Module
    """The running average, in eval mode: takes N×3×H×W, display-encoded in [-1, 1], and
    returns ``outputs``: a tensor, or a tuple of them."""
    kind: NetworkKind
    recipe: Recipe[Any]
    step: int
    """Steps of training."""
    direction: Direction | None
    """The domain that it translates to; ``None``: it tells what a plate shows."""

    @property
    def size(self) -> int:
        """Short side of the pictures that it was trained on, in pixels."""
        return self.recipe.data.size

    @property
    def short_side(self) -> int:
        """Short side of pictures that it can be tried on: its size, or the least that its kind takes."""
        return max(self.size, self.kind.least_side)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what it returns, N×3×H×W each."""
        return _outputs(self.kind)

    @torch.no_grad()
    def __call__(self, pictures: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
        """Run it on arrays."""
        result = self.network(torch.from_numpy(pictures))
        return [each.numpy() for each in (result if isinstance(result, tuple) else (result,))]


class Outputs(nn.Module):
    """A generator that returns plain tensors, as a model file does.

    Args:
        network: the generator.
        names: fields of its :class:`Translation` to return, in their order.
    """

    def __init__(self, network: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network = network
        self._names = names

    def forward(self, picture: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Run the generator."""
        translation: Translation = self.network(picture)
        results: tuple[Tensor, ...] = tuple(getattr(translation, name) for name in self._names)
        return results if len(results) > 1 else results[0]


def load_generator(
    run: Path,
    direction: Direction | None,
    kinds: Mapping[str, NetworkKind],
    *,
    best: bool = False,
    warn: Callable[[str], None] = lambda _: None,
) -> TrainedGenerator:
    """Load a generator of a run, or its one network.

    Args:
        run: folder of a training run.
        direction: which of its two generators; ``None``: the run has one network.
        kinds: the registered kinds of network, by name.
        best: load the run's best checkpoint instead of its newest.
        warn: called with one line for each broken checkpoint.

    Raises:
        UsageError: the folder is not a run that can be read, or no plugin has its kind of network.
    """
    recipe = read_recipe(run)
    name, part, settings = _network(run, recipe.method, direction)
    if name not in kinds:
        fault = f"is a run of network {name!r}, which no installed plugin has"
        raise UsageError(run, fault, "install its plugin, or set DAYNIGHT_PLUGIN_PATH")
    kind = kinds[name]
    network = kind.generator(**settings)
    step, _ = load_checkpoint(run, Parts({part: network}), warn, best=best)
    if kind.output == "lights":
        direction = "night"
    return TrainedGenerator(Outputs(network, _outputs(kind)).eval(), kind, recipe, step, direction)


def _network(
    run: Path, method: MethodRecipe, direction: Direction | None
) -> tuple[str, str, Mapping[str, Any]]:
    """Return the kind of the network, its part of a checkpoint, and its settings."""
    if isinstance(method, CycleGanRecipe):
        if direction is None:
            raise UsageError("`direction`", "is missing: the run has two generators", "say night or day")
        own = method.to_night if direction == "night" else method.to_day
        return method.network, f"{direction}-average", {**method.generator, **own}
    name = find_method(method.name).network
    if name is None:
        raise UsageError(
            run, f"is a run of {method.name}, which has no generator", "give a run of another method"
        )
    if direction is not None:
        raise UsageError(
            f"`direction={direction}`", f"a run of {method.name} has one network", "leave it out"
        )
    return name, f"{name}-average", {}


def facts_of(run: Path, trained: TrainedGenerator) -> ModelFacts:
    """Return the facts of a model file of a run's generator.

    A card, ``night.md``, ``day.md`` or ``scene.md``, and facts in ``facts.json`` are included if the run has
    them.

    Raises:
        UsageError: ``facts.json`` is not a JSON object.
        ModelError: it states a fact that is unknown, or of the wrong type.
    """
    kind, direction = trained.kind, trained.direction
    name = direction or kind.name
    directions: dict[str | None, ModelDirection] = {"night": "day-to-night", "day": "night-to-day"}
    facts = ModelFacts(
        name=name,
        direction=directions.get(direction, "other"),
        kind=kind.output,
        size_multiple=kind.size_multiple,
        radius=kind.radius,
        exact_tiling=kind.exact_tiling,
        bytes_per_pixel=kind.bytes_per_pixel,
        short_side=None if kind.output == "pixels" else trained.size,
        architecture=f"{kind.name}: {kind.summary}",
        training=f"{trained.step} steps, seed {trained.recipe.run.seed}",
    )
    card, stated = run / f"{name}.md", run / "facts.json"
    if card.is_file():
        facts = facts.updated({"card": card.read_text(encoding="utf-8")})
    return facts.updated(_read_facts(stated)) if stated.is_file() else facts


def _outputs(kind: NetworkKind) -> tuple[str, ...]:
    return OUTPUTS.get(kind.output, ("picture",))


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(
            path, f"is not JSON ({error.msg}, line {error.lineno})", "correct it or remove it"
        ) from None
    if not isinstance(facts, dict):
        raise UsageError(path, "is not a JSON object", 'write {"licence": "..."}')
    return facts
