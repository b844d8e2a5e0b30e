"""What an exporter is: the contract of the plugins that turn a training run into a model file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Literal


class Exporter(ABC):
    """Writes the network of a training run in one target format."""

    name: ClassVar[str]
    """What ``daynight export --to`` calls it."""

    @abstractmethod
    def export(self, run: Path, out: Path, *, direction: Literal["night", "day"]) -> Path:
        """Write the run's network of one direction to ``out`` and give the path written.

        Raises:
            DaynightError: the run can't be read, or the result differs from the network beyond the
                exporter's stated tolerance.
        """
