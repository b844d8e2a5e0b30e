"""The scene network's training as a method that recipes can name."""

from __future__ import annotations

from typing import Final

from daynight.training.data.crops import CropSampler
from daynight.training.methods.kind import Context, MethodKind, Recipe, Sources
from daynight.training.methods.scene.data import LabelledPhotographs
from daynight.training.methods.scene.recipe import SceneRecipe
from daynight.training.methods.scene.step import SceneMethod
from daynight.training.networks.scene import SIZE_MULTIPLE


def open_scene(
    recipe: Recipe[SceneRecipe], sources: Sources, context: Context
) -> tuple[SceneMethod, LabelledPhotographs]:
    """Read labelled photographs and build the network.

    Args:
        recipe: the whole recipe.
        sources: the folder of the photographs, and in the place of nights the table of their labels.
        context: device, processes and warnings.

    Raises:
        UsageError: the table or its photographs can't be read, or the pretrained weights are not installed.
    """
    crops = CropSampler.for_size(recipe.data, name="scene", multiple=SIZE_MULTIPLE, least_side=64)
    data = LabelledPhotographs.read(
        sources.night, sources.day, crops, context.warn, exposure=recipe.data.exposure, jobs=context.jobs
    )
    return SceneMethod(recipe, device=context.device, group=context.group), data


SCENE: Final = MethodKind(
    name="scene",
    summary="a network that tells sky, buildings, vegetation, ground, water, windows and lights",
    recipe=SceneRecipe,
    open=open_scene,
    network="scene",
)
