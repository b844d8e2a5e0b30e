"""What an exporter is: the contract of the plugins that turn a training run into a model file."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from daynight.errors import UsageError, nearest


def _python_warning(line: str) -> None:
    """Tell a program of what the command line would tell a user."""
    warnings.warn(line, stacklevel=3)


@dataclass(frozen=True)
class ExportOptions:
    """What is asked for beside the run, the direction and the file."""

    precision: str = "fp32"
    """How the file computes and stores its weights."""
    pictures: Path | None = None
    """Folder of what the network shall translate: what the file is compared on, and calibrated by."""
    best: bool = False
    """Whether the run's best checkpoint is taken, and not its newest."""
    warn: Callable[[str], None] = _python_warning
    """Takes one line about what is broken and can be done without."""


class Exporter(ABC):
    """Writes the network of a training run in one target format.

    Args:
        options: what is asked for; ``None``: nothing.

    Raises:
        UsageError: the exporter does not write this precision.
    """

    name: ClassVar[str]
    """What ``daynight export`` calls its target."""
    precisions: ClassVar[tuple[str, ...]] = ("fp32",)
    """What it writes; any other is refused."""

    def __init__(self, options: ExportOptions | None = None) -> None:
        self.options = options or ExportOptions()
        if self.options.precision not in self.precisions:
            known = nearest(self.options.precision, self.precisions)
            raise UsageError(
                f"`precision={self.options.precision}`", f"is not one that {self.name} writes", known
            )

    @abstractmethod
    def export(self, run: Path, out: Path, *, direction: Literal["night", "day"]) -> Path:
        """Write the run's network of one direction to ``out`` and give the path written.

        Raises:
            DaynightError: the run can't be read, or the result differs from the network beyond the
                exporter's stated tolerance.
        """
