"""What an exporter is: the contract of plugins that turn a trained generator into a model file.

An exporter only builds. :func:`daynight.export.export` loads the run, compares what was built with the
network, and refuses or writes it, alike for every target.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol

from daynight.frames.frame import NCHW
from daynight.plugin.network_kind import NetworkKind

if TYPE_CHECKING:
    from torch import nn


class Runner(Protocol):
    """A network or a model file as a function of pictures."""

    def __call__(self, pictures: NCHW, /) -> Sequence[NCHW]:
        """Return its outputs, in their order."""


class Trained(Protocol):
    """A trained generator, ready to run: it takes and returns what its kind of network does."""

    @property
    def network(self) -> nn.Module:
        """The running average, in eval mode. It returns ``outputs``: a tensor, or a tuple of them."""

    @property
    def kind(self) -> NetworkKind:
        """What kind of network it is."""

    @property
    def direction(self) -> Literal["night", "day"] | None:
        """What it translates to; ``None``: it tells what a plate shows."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what it returns."""

    @property
    def size(self) -> int:
        """Short side of the pictures that it was trained on, in pixels."""

    def __call__(self, pictures: NCHW, /) -> Sequence[NCHW]:
        """Run it on arrays."""


class Tolerance(NamedTuple):
    """How far an output may differ, in its unit."""

    largest: float
    """In any pixel of any picture."""
    mean: float
    """Averaged over all pictures."""


@dataclass(frozen=True)
class Output:
    """One output to compare."""

    name: str
    unit: str
    tolerance: Tolerance
    scale: float = 1.0
    """Units in a difference of 1 between values."""


@dataclass(frozen=True)
class Artefact:
    """A model file, built and not yet written."""

    content: Callable[[Mapping[str, str]], bytes]
    """Returns the bytes of the file, with this metadata in it: facts, and the parity report as JSON."""
    run: Runner | None = None
    """Runs what was built. ``None``: it can't be run here, and is written without a comparison."""
    outputs: Sequence[Output] = ()
    """What ``run`` returns, in order, and how far each may differ."""
    reference: Runner | None = None
    """What ``run`` is compared with; ``None``: the trained generator."""
    as_input: Callable[[NCHW], NCHW] | None = None
    """Turns a sample (display-encoded, [-1, 1]) into what ``run`` and ``reference`` take, if they differ."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of the libraries that took part, for the report."""
    fallback: Callable[[], Artefact] | None = None
    """Builds a more exact artefact, which is tried where this one is beyond its tolerance."""


@dataclass(frozen=True)
class ExportOptions:
    """How a file is built."""

    precision: str = "fp32"
    """How it computes and stores its weights: one of the exporter's ``precisions``."""
    calibration: Sequence[NCHW] = ()
    """Samples, 1×3×H×W each, for a precision in the exporter's ``calibrated``. Never those compared on."""


class Exporter(ABC):
    """Builds a model file of a trained generator for one target."""

    name: ClassVar[str]
    """What ``daynight export`` calls its target."""
    precisions: ClassVar[tuple[str, ...]] = ("fp32",)
    """What it can build; any other is refused."""
    calibrated: ClassVar[tuple[str, ...]] = ()
    """Those of its precisions that must be calibrated on pictures."""

    @abstractmethod
    def build(self, trained: Trained, options: ExportOptions) -> Artefact:
        """Build the file.

        Raises:
            DaynightError: the network can't be converted.
        """
