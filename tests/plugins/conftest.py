"""Steps by name, as the registry gives them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from daynight import Frame
from daynight.looks.chain import open_chain
from daynight.plugin.look import ChainSpec, StepSpec
from daynight.plugin.registry import Registry

Apply = Callable[..., Frame]


@pytest.fixture
def warnings_told() -> list[str]:
    return []


@pytest.fixture
def apply(warnings_told: list[str]) -> Apply:
    """Run steps over a frame: ``apply(frame, ("crop", {...}), "grade", model=path)``."""
    registry = Registry.load()

    def run(frame: Frame, *steps: str | tuple[str, dict[str, object]], model: Path | None = None) -> Frame:
        specs = tuple(StepSpec(step) if isinstance(step, str) else StepSpec(*step) for step in steps)
        spec = ChainSpec("test", specs, model)
        chain = open_chain(spec, registry.steps, registry.models, device="cpu", warn=warnings_told.append)
        return chain.apply(chain.enter(frame))

    return run
