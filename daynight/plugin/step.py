"""What a step of the chain is: the contract of every plugin that touches pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from daynight.errors import ChainError
from daynight.frames.frame import Frame, Pixels
from daynight.models.facts import Encoding

if TYPE_CHECKING:
    from daynight.models.session import Network

Tiling = Literal["whole", "tiles", "either"]


class StepOptions(BaseModel):
    """Base of every step's options: unknown keys are refused, and values don't change later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class StepContext:
    """What a chain hands its steps when it is opened."""

    network: Network | None
    """The chain's model, ready to run; ``None`` where the chain has none."""
    warn: Callable[[str], None]
    """Tells the user something once, in one line."""
    still: Callable[[Path], Pixels]
    """Reads a picture that a step compares with, as a display shows it: H×W×3 in [0, 1], sRGB.

    Its colour space is its own file's, by the chain's OCIO config. Raises ``PlateError``.
    """
    aovs: bool = False
    """Whether maps are to be written: a step that has some puts them into ``Frame.aovs``, by name."""

    @property
    def model(self) -> Network:
        """The chain's model, for a step that needs one.

        Raises:
            ChainError: the chain has none.
        """
        if self.network is None:
            raise ChainError("chain", "has no model", "name one: --model FILE.onnx")
        return self.network


class Step(ABC):
    """One step of a chain: takes a frame, gives a frame, and knows nothing of files or queues.

    A step is made once for a chain, before any frame is read; what can be refused is refused there.
    The first line of its docstring is what ``daynight plugins list`` shows.
    """

    name: ClassVar[str]
    """What chains call it."""
    Options: ClassVar[type[StepOptions]] = StepOptions
    """Its options, checked when a chain is read."""
    works_in: Encoding | None = None
    """Encoding in which it wants its frame; ``None``: as it comes. May be set when the step is made."""
    takes: ClassVar[Tiling] = "whole"
    """Whether its frame must be whole or in tiles."""
    gives: ClassVar[Tiling] = "either"
    """Whether its result is whole or in tiles; ``either``: as its frame was."""
    needs_model: ClassVar[bool] = False
    """Whether its chain must have a model."""
    preroll: int = 0
    """For a step with memory: how many earlier frames it must see before the first one that counts.

    With 0 the step is stateless: it may be called for any frame, in any order, from any thread.
    Else it gets the frames of a shot in order, after ``start_shot``, on one thread.
    """

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        self.options = options
        self.context = context

    def start_shot(self, name: str) -> None:  # noqa: B027 - most steps have no memory
        """Forget the shot before; called ahead of each shot's first frame."""

    @abstractmethod
    def apply(self, frame: Frame) -> Frame:
        """Give the changed frame. Never writes into an array of the frame it was given.

        Raises:
            PlateError: this frame can't be processed; the others go on.
        """
