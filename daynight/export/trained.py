"""A run's trained networks, and what is to be said of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from daynight.errors import UsageError
from daynight.models.facts import ModelFacts
from daynight.plugin.network_kind import NetworkKind
from daynight.training.run.checkpoint import Parts, load_checkpoint
from daynight.training.run.recipe import Recipe

Direction = Literal["night", "day"]


@dataclass(frozen=True)
class TrainedGenerator:
    """The generator of one direction, ready to run."""

    network: nn.Module
    """The running average, in eval mode: takes N×3×H×W, display-encoded in [-1, 1], and gives ``outputs``."""
    kind: NetworkKind
    recipe: Recipe
    step: int
    """Steps that it was trained for."""
    direction: Direction
    """Where it translates to."""

    @property
    def short_side(self) -> int:
        """Short side, in pixels, of pictures as it was trained on them."""
        return max(self.recipe.size, self.kind.least_side)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what it gives, N×3×H×W each."""
        return ("stops", "emission") if self.kind.gives == "maps" else ("picture",)

    @torch.no_grad()
    def __call__(self, pictures: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
        """Run it on arrays."""
        given = self.network(torch.from_numpy(pictures))
        return [each.numpy() for each in (given if isinstance(given, tuple) else (given,))]


def load_generator(
    run: Path,
    direction: Direction,
    kinds: Mapping[str, NetworkKind],
    *,
    best: bool = False,
    warn: Callable[[str], None] = lambda _: None,
) -> TrainedGenerator:
    """Load a generator of a run.

    Args:
        run: folder of a training run.
        direction: which of its two generators.
        kinds: the registered kinds of network, by name.
        best: take the run's best checkpoint instead of its newest.
        warn: takes one line for each checkpoint that is broken.

    Raises:
        UsageError: the folder is no run that can be read, or no plugin has its kind of network.
    """
    recipe = Recipe.read(run)
    if recipe.network not in kinds:
        fault = f"is a run of network {recipe.network!r}, which no plugin here has"
        raise UsageError(run, fault, "install the plugin, or see DAYNIGHT_PLUGIN_PATH")
    kind = kinds[recipe.network]
    own = recipe.to_night if direction == "night" else recipe.to_day
    network = kind.generator(**{**recipe.generator, **own})
    step, _ = load_checkpoint(run, Parts({f"{direction}-average": network}), warn, best=best)
    if kind.attends:
        network.register_forward_hook(_picture_alone)
    return TrainedGenerator(network.eval(), kind, recipe, step, direction)


def facts_of(run: Path, trained: TrainedGenerator) -> ModelFacts:
    """Gather what a file of a run's generator says of itself.

    A card ``night.md`` or ``day.md`` and facts in ``facts.json``, where the run's folder has them, go along.

    Raises:
        UsageError: ``facts.json`` is no JSON object.
        ModelError: it tells a fact that is unknown, or not of its kind.
    """
    kind, direction = trained.kind, trained.direction
    facts = ModelFacts(
        name=direction,
        direction="day-to-night" if direction == "night" else "night-to-day",
        kind=kind.gives,
        size_multiple=kind.size_multiple,
        radius=kind.radius,
        exact_tiling=kind.exact_tiling,
        bytes_per_pixel=kind.bytes_per_pixel,
        short_side=trained.recipe.size if kind.gives == "maps" else None,
        architecture=f"{kind.name}: {kind.summary}",
        training=f"{trained.step} steps, seed {trained.recipe.seed}",
    )
    card, told = run / f"{direction}.md", run / "facts.json"
    if card.is_file():
        facts = facts.updated({"card": card.read_text(encoding="utf-8")})
    return facts.updated(_read_facts(told)) if told.is_file() else facts


def _picture_alone(_: nn.Module, __: Any, given: Any) -> Any:
    """Drop what a network that attends gives beside the picture."""
    return given.picture


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise UsageError(
            path, f"is no JSON ({error.msg}, line {error.lineno})", "mend it or remove it"
        ) from None
    if not isinstance(facts, dict):
        raise UsageError(path, "is no JSON object", 'write {"licence": "..."}')
    return facts
