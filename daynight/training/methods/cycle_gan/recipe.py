"""Hyper-parameters of a cycle GAN; the presets hold their values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from daynight.errors import nearest
from daynight.training.data.recipe import DataRecipe
from daynight.training.methods.cycle_gan import terms
from daynight.training.methods.kind import MethodRecipe
from daynight.training.run.recipe import RunRecipe

Adversary = Literal["least-squares", "hinge", "wasserstein"]
Arguments = dict[str, bool | int | float | str]
"""Keyword arguments of a network."""
Weight = Annotated[float, Field(ge=0)]


class CycleGanRecipe(MethodRecipe):
    """The ``[method]`` table of a cycle GAN.

    By default, no optional loss or regulariser is active. Pictures are in [-1, 1] wherever a loss has a
    unit.
    """

    name: Literal["cycle-gan"] = "cycle-gan"

    # Networks
    network: str
    """Kind of both generators and of their discriminators, as ``daynight networks list`` names it."""
    generator: Arguments = Field({})
    """Settings of both generators."""
    to_night: Arguments = Field({})
    """Settings of the night generator alone."""
    to_day: Arguments = Field({})
    """Settings of the day generator alone."""
    discriminators: Arguments = Field({})
    """Settings of the discriminators."""

    # Losses
    weights: dict[str, Weight] = Field({}, validate_default=True)
    """Weight of each loss in :data:`.terms.TERMS`, by name; those left out have their default."""
    adversarial: Adversary = "least-squares"
    """Kind of adversarial loss, of weight 1."""
    gradient_penalty: float = Field(10.0, ge=0)
    """Weight of the gradient penalty, where the adversarial loss is ``wasserstein``."""
    cycle_start: float | None = Field(None, ge=0)
    """Weight of the cycle loss at the first step; none: ``weights.cycle``."""
    cycle_ramp: int = Field(0, ge=0)
    """Steps over which the cycle loss reaches its weight."""
    night_level: float = Field(0.9, ge=0, le=1)
    """The level loss lets a generated night be no brighter than this part of the night photographs."""
    day_level: float = Field(0.1, ge=0, le=1)
    """The level loss lets a generated day be no darker than this part of the day photographs."""

    # Balance
    discriminator_rate: float = Field(1.0, gt=0)
    """Learning rate of the discriminators, as a part of the generators'."""
    discriminator_warmup: int = Field(0, ge=0)
    """Steps at the start in which only the discriminators learn: for generators that start trained."""
    clip: float = Field(0.0, ge=0)
    """Largest norm of the generators' gradient in one step; 0: any."""
    ema: float = Field(0.0, ge=0, lt=1)
    """Decay of the running average of the generators' weights, which is what is exported; 0: none."""
    pool: int = Field(50, ge=0)
    """Generated pictures kept for the discriminators; 0: they see the newest only."""
    noise: float = Field(0.0, ge=0)
    """Deviation of the noise on what discriminators see; it falls to zero over the run."""

    @field_validator("weights")
    @classmethod
    def _complete(cls, weights: dict[str, float]) -> dict[str, float]:
        known = {term.name: term.weight for term in terms.TERMS}
        for name in weights:
            if name not in known:
                raise ValueError(f"{name} is not a loss; {nearest(name, known)}")
        return {**known, **weights}

    def check(self, run: RunRecipe, data: DataRecipe) -> None:
        """Check what must hold between the tables."""
        if data.framing == "whole" and run.batch > 1:
            raise ValueError(
                f"batch={run.batch} needs pictures of one shape: framing=square, random, or accumulate"
            )
        if self.adversarial == "wasserstein" and data.framing == "whole":
            raise ValueError("adversarial=wasserstein mixes pictures of one shape: framing=square or random")

    def weight(self, term: str, step: int) -> float:
        """Return the weight of a loss at a step."""
        weight = self.weights[term]
        if term != "cycle" or self.cycle_start is None or not self.cycle_ramp:
            return weight
        return self.cycle_start + min(step / self.cycle_ramp, 1.0) * (weight - self.cycle_start)
