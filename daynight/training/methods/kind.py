"""A kind of method: the schema of its recipe, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import Field, model_validator

from daynight.plugin.network_kind import NetworkKind
from daynight.training.data.recipe import DataRecipe
from daynight.training.run.method import Data, Method
from daynight.training.run.recipe import RunRecipe, Table

if TYPE_CHECKING:
    import torch

    from daynight.training.run.processes import ProcessGroup


class MethodRecipe(Table):
    """The ``[method]`` table; each method adds its own fields."""

    name: str
    """The method, such as ``cycle-gan``."""

    def check(self, run: RunRecipe, data: DataRecipe) -> None:
        """Check what must hold between the tables.

        Raises:
            ValueError: it doesn't.
        """


Settings = TypeVar("Settings", bound=MethodRecipe)


class Recipe(Table, Generic[Settings]):
    """Every hyper-parameter of a run, in three tables."""

    run: RunRecipe
    data: DataRecipe = Field(default_factory=lambda: DataRecipe.model_validate({}))
    method: Settings

    @model_validator(mode="after")
    def _check(self) -> Recipe[Settings]:
        self.method.check(self.run, self.data)
        return self


@dataclass(frozen=True)
class Sources:
    """Where the photographs are."""

    day: Path
    """A folder (searched through), a pattern such as ``shot.####.exr``, or one image."""
    night: Path
    """Likewise; with pairs, both are folders."""
    pairs: Path | None = None
    """CSV with the header ``day,night``, of names below both folders."""


@dataclass(frozen=True)
class Context:
    """What a method is built with, in addition to its recipe."""

    networks: Mapping[str, NetworkKind]
    """The registered kinds of network, by name."""
    models: Mapping[str, Path]
    """Files of the registered models, by name."""
    device: torch.device
    group: ProcessGroup
    warn: Callable[[str], None]
    """Called with one line for each file that can't be read; it is left out."""
    jobs: int | None = None
    """Files to decode at a time; ``None``: one for each CPU core."""


@dataclass(frozen=True)
class MethodKind(Generic[Settings]):
    """A method that recipes can name."""

    name: str
    summary: str
    """One line for lists."""
    recipe: type[Settings]
    """Its ``[method]`` table."""
    open: Callable[[Recipe[Settings], Sources, Context], tuple[Method, Data]]
    """Reads the photographs and builds the networks, whose weights come from PyTorch's global generator."""
    network: str | None = None
    """The registered kind of the one network that its runs are for, kept as ``NAME-average``; none: it has a
    generator each way, or none that is exported."""
