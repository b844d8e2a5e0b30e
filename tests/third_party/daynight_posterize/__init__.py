"""Posterize the frame: a stranger's plugin that uses every hook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from pydantic import Field

from daynight import Frame, hookimpl
from daynight.models.facts import Model
from daynight.plugin.exporter import Artefact, Exporter, ExportOptions, Trained
from daynight.plugin.look import LookSpec, StepSpec
from daynight.plugin.network_kind import NetworkKind
from daynight.plugin.step import BaseStep, FrameWindow, Step, StepOptions, WindowStep

if TYPE_CHECKING:
    from torch import nn


class PosterizeOptions(StepOptions):
    """Options of ``posterize``."""

    levels: int = Field(4, ge=2, le=256, description="levels of each channel")


class Posterize(Step):
    """Leave a few levels of each channel."""

    name = "posterize"
    Options = PosterizeOptions
    works_in = "display"
    options: PosterizeOptions

    def apply(self, frame: Frame) -> Frame:
        """Round each value to the nearest level."""
        steps = np.float32(self.options.levels - 1)
        return frame.with_image(np.rint(frame.image * steps) / steps)


class Ghost(WindowStep):
    """Show each frame half over the one before it."""

    name = "ghost"
    works_in = "scene-linear"
    before = 1

    def apply(self, window: FrameWindow) -> Frame:
        """Return the mean of a frame and its predecessor."""
        (earlier,) = window.before
        if earlier is None:
            return window.frame
        return window.frame.with_image((window.frame.image + earlier.image) / 2)


class Text(Exporter):
    """Write what a network is called: no more is needed, and there is nothing to compare."""

    name = "text"

    def build(self, trained: Trained, options: ExportOptions) -> Artefact:
        """Build one line."""
        return Artefact(lambda facts: f"{facts['daynight.name']}: {trained.kind.name}\n".encode())


@click.command("levels")
@click.argument("count", type=int)
def levels(count: int) -> None:
    """Print the levels that posterize leaves."""
    click.echo(" ".join(str(round(255 * level / (count - 1))) for level in range(count)))


@hookimpl
def daynight_steps() -> list[type[BaseStep]]:
    return [Posterize, Ghost]


@hookimpl
def daynight_looks() -> list[LookSpec]:
    return [
        LookSpec("poster", (StepSpec("posterize", {"levels": 2}),), summary="two levels a channel"),
        LookSpec("ghost", (StepSpec("ghost"),), summary="each frame over the one before it"),
    ]


@hookimpl
def daynight_models() -> list[Model]:
    return [Model("poster", Path(__file__).with_name("poster.onnx"), "no model at all")]


def _flat(*, width: int = 3) -> nn.Module:
    import torch

    from daynight.training.networks.outputs import Translation

    class Flat(torch.nn.Conv2d):
        def forward(self, picture: torch.Tensor) -> Translation:
            return Translation(super().forward(picture))

    return Flat(3, 3, width, padding=width // 2)


def _one() -> dict[str, nn.Module]:
    import torch

    return {"one": torch.nn.Conv2d(3, 1, 2)}


@hookimpl
def daynight_networks() -> list[NetworkKind]:
    return [NetworkKind("flat", "one layer", _flat, _one, 1, 4, "pixels")]


@hookimpl
def daynight_exporters() -> list[type[Exporter]]:
    return [Text]


@hookimpl
def daynight_commands() -> list[click.Command]:
    return [levels]
