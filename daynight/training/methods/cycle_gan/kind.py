"""The cycle GAN as a method that recipes can name."""

from __future__ import annotations

from typing import Final

from daynight.errors import UsageError, nearest
from daynight.training.data.loading import TrainingData, open_data
from daynight.training.methods.cycle_gan.recipe import CycleGanRecipe
from daynight.training.methods.cycle_gan.step import CycleGan
from daynight.training.methods.kind import Context, MethodKind, Recipe, Sources


def open_cycle_gan(
    recipe: Recipe[CycleGanRecipe], sources: Sources, context: Context
) -> tuple[CycleGan, TrainingData]:
    """Read day and night photographs and build the networks.

    Raises:
        UsageError: the network is unknown or doesn't fit the recipe, or there is nothing to train on.
    """
    name = recipe.method.network
    if name not in context.networks:
        raise UsageError(f"network {name!r}", "is unknown", nearest(name, context.networks))
    network = context.networks[name]
    data = open_data(recipe.data, network, sources.day, sources.night, sources.pairs, context)
    return CycleGan(recipe, network, data, device=context.device, group=context.group), data


CYCLE_GAN: Final = MethodKind(
    name="cycle-gan",
    summary="a night and a day generator, trained together on unpaired photographs",
    recipe=CycleGanRecipe,
    open=open_cycle_gan,
)
