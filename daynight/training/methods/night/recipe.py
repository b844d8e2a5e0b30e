"""Hyper-parameters of the light network's training; the preset holds their values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from daynight.errors import nearest
from daynight.training.methods.kind import MethodRecipe
from daynight.training.methods.night.terms import OTHERS, TERMS

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
_DEFAULTS = {**{term.name: term.weight for term in TERMS}, **OTHERS}


class NightRecipe(MethodRecipe):
    """The ``[method]`` table of the light network."""

    name: Literal["night"] = "night"
    scene: str = "scene"
    """The scene network: a registered model, or its ONNX file."""
    weights: dict[str, Weight] = Field({}, validate_default=True)
    """Weight of each loss, by name; those left out have their default."""
    night_levels: tuple[Share, Share] = (0.35, 0.8)
    """Shares of the night photographs that are darker than either end of the level loss's band."""
    ema: float = Field(0.998, ge=0, lt=1)
    """Decay of the running average of weights, which is what is exported."""
    noise: float = Field(0.03, ge=0)
    """Deviation of the noise on what discriminators see, falling to none at the end."""
    paired_every: int = Field(3, ge=1)
    """Steps from one with pairs to the next."""
    steadied_every: int = Field(3, ge=1)
    """Steps from one with a second look to the next."""
    steady_from: int = Field(500, ge=0)
    """Steps before the first second look: until then there is nothing to hold steady."""

    @field_validator("weights")
    @classmethod
    def _known(cls, weights: dict[str, float]) -> dict[str, float]:
        for name in weights:
            if name not in _DEFAULTS:
                raise ValueError(f"{name}: no such loss; {nearest(name, _DEFAULTS)}")
        return {**_DEFAULTS, **weights}
