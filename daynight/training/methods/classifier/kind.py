"""The classifier of day and night as a method that recipes can name."""

from __future__ import annotations

from typing import Final, Literal

from daynight.training.data.crops import CropSampler
from daynight.training.data.photographs import Photographs
from daynight.training.methods.classifier.data import DayOrNight
from daynight.training.methods.classifier.step import BinaryClassifier
from daynight.training.methods.kind import Context, MethodKind, MethodRecipe, Recipe, Sources
from daynight.training.networks.classifier import SIZE, Classifier

_MULTIPLE: Final = 64
"""Both sides of the frames drawn are multiples of this, in pixels."""


class ClassifierRecipe(MethodRecipe):
    """The ``[method]`` table of the classifier: it has no settings."""

    name: Literal["classifier"] = "classifier"


def open_classifier(
    recipe: Recipe[ClassifierRecipe], sources: Sources, context: Context
) -> tuple[BinaryClassifier, DayOrNight]:
    """Read day and night photographs and build the network.

    Raises:
        UsageError: a folder holds no image that can be read.
    """
    crops = CropSampler.for_size(recipe.data, name="classifier", multiple=_MULTIPLE, least_side=min(SIZE))
    power = recipe.data.source_power
    day, night = (
        Photographs.read(source, crops, context.warn, source_power=power, jobs=context.jobs)
        for source in (sources.day, sources.night)
    )
    data = DayOrNight(day, night, exposure=recipe.data.exposure)
    return BinaryClassifier(Classifier(), recipe.run, device=context.device, group=context.group), data


CLASSIFIER: Final = MethodKind(
    name="classifier",
    summary="a classifier of day and night, by which results are evaluated",
    recipe=ClassifierRecipe,
    open=open_classifier,
)
