"""Steps by name, as the registry gives them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import intake, open_spec

from daynight import Frame
from daynight.colour.spaces import ColourSpaces
from daynight.plugin.look import LookSpec, StepSpec

Apply = Callable[..., Frame]


@pytest.fixture
def warnings_told() -> list[str]:
    return []


@pytest.fixture
def apply(warnings_told: list[str]) -> Apply:
    """Run steps over a frame: ``apply(frame, ("crop", {...}), "grade", model=path)``."""

    def run(frame: Frame, *steps: str | tuple[str, dict[str, object]], model: Path | None = None) -> Frame:
        specs = tuple(StepSpec(step) if isinstance(step, str) else StepSpec(*step) for step in steps)
        chain = open_spec(LookSpec("test", specs, model), warn=warnings_told.append)
        return chain.apply(intake(chain, ColourSpaces()).working(frame))

    return run
