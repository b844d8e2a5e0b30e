"""The light network's training as a method that recipes can name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daynight.training.methods.kind import Context, MethodKind, Recipe, Sources
from daynight.training.methods.night.data import DayAndNight
from daynight.training.methods.night.recipe import NightRecipe
from daynight.training.methods.night.step import NightMethod


def open_night(
    recipe: Recipe[NightRecipe], sources: Sources, context: Context
) -> tuple[NightMethod, DayAndNight]:
    """Read day and night photographs and build the networks.

    Raises:
        UsageError: there is nothing to train on, or the pretrained weights are not installed.
        ModelError: the scene network can't be read.
    """
    data = DayAndNight.read(recipe.data, sources.day, sources.night, sources.pairs, context)
    name = recipe.method.scene
    scene = context.models.get(name, Path(name))
    return NightMethod(recipe, data, scene, device=context.device, group=context.group), data


NIGHT: Final = MethodKind(
    name="night",
    summary="a network of lights over the plate: moon, practicals, lamps",
    recipe=NightRecipe,
    open=open_night,
    network="lights",
)
