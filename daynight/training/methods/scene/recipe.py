"""Hyper-parameters of the scene network's training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from daynight.training.methods.kind import MethodRecipe


class SceneRecipe(MethodRecipe):
    """The ``[method]`` table of the scene network."""

    name: Literal["scene"] = "scene"
    encoder_rate: float = Field(0.0, ge=0, le=1)
    """Part of the learning rate at which the pretrained encoder learns; 0 keeps it frozen, which costs a CPU
    half as much a step."""
