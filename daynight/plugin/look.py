"""Looks: what an artist asks for by name. A look is data: a chain of steps, and the model they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class StepSpec:
    """One step as a chain names it."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ChainSpec:
    """A chain as it is written down: nothing of it is checked or opened yet."""

    name: str
    """Names the output folder."""
    steps: tuple[StepSpec, ...]
    model: str | Path | None = None
    """A registered model's name, or an ONNX file."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Facts of the model that its file lacks or has wrong; see ``daynight.models.facts.ModelFacts``."""


@dataclass(frozen=True)
class Look:
    """A chain that has a name and a line for ``daynight looks``."""

    chain: ChainSpec
    summary: str

    @property
    def name(self) -> str:
        """What ``--to`` takes."""
        return self.chain.name
