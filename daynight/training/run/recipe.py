"""Hyper-parameters of a training run, whatever its method."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Schedule = Literal["constant", "linear", "cosine", "plateau"]
Precision = Literal["auto", "bf16", "fp32"]
_Beta = Annotated[float, Field(ge=0, lt=1)]


class Table(BaseModel):
    """A table of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RunRecipe(Table):
    """The ``[run]`` table: how long, how fast, and how often anything is saved."""

    steps: int = Field(ge=1)
    """Steps of the run."""
    seed: int = Field(1, ge=0, lt=2**63)
    """Of weights, data order and augmentation."""
    batch: int = Field(1, ge=1)
    """Photographs of each side that go through the networks at once, on each processor or GPU."""
    accumulate: int = Field(1, ge=1)
    """Batches of one step, one after the other: the gradient of all of them, the memory of one."""
    learning_rate: float = Field(2e-4, gt=0)
    betas: tuple[_Beta, _Beta] = (0.9, 0.999)
    """Adam's decay rates."""
    weight_decay: float = Field(0.0, ge=0)
    """Adam's weight decay."""
    schedule: Schedule = "constant"
    """How learning rates fall: ``linear`` or ``cosine`` to zero over the last ``decay`` of the steps;
    ``plateau``: to a half whenever the sum of losses has not fallen for ``patience`` steps."""
    decay: float = Field(0.5, gt=0, le=1)
    """Part of the steps, at the end, over which rates fall."""
    patience: int = Field(1000, ge=1)
    """Steps without a lower sum of losses after which ``plateau`` lowers the rates."""
    precision: Precision = "auto"
    """Arithmetic of the networks: ``bf16`` by autocast, with weights and losses in 32 bits, or ``fp32``;
    ``auto``: whichever the device computes faster."""
    checkpoint_every: int = Field(250, ge=1)
    """Steps between checkpoints."""
    log_every: int = Field(50, ge=1)
    """Steps over which the logged losses are averaged."""
