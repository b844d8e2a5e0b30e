"""What to evaluate, and how."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daynight.errors import UsageError
from daynight.job import DeviceName

Target = Literal["night", "day"]


@dataclass(frozen=True)
class EvaluationOptions:
    """What to evaluate, and how."""

    plates: Path
    """Folder of plates, searched recursively."""
    to: str
    """The look to evaluate."""
    classifier: Path
    """Weights of the day/night classifier."""
    out: Path
    """Folder for the report and every converted picture."""
    converted: Path | None = None
    """Existing results, named like their plates, to measure instead of converting."""
    real: Path | None = None
    """Folder of real photographs of the target."""
    sequences: Path | None = None
    """Folder of shots to measure flicker on."""
    back: str | None = None
    """The look of the opposite direction, for the cycle error."""
    target: Target | None = None
    """What results should read as; ``None``: taken from the look's model."""
    limit: int | None = None
    """Largest number of plates, and of real photographs."""
    strong: bool = False
    """Also train a classifier to tell results from real photographs."""
    inception: Path | None = None
    """Public Inception weights as safetensors, for FID and KID."""
    model: str | None = None
    """A model to use instead of the look's."""
    settings: tuple[str, ...] = ()
    """Changes to the look's steps, as ``step.option=value``."""
    device: DeviceName = "auto"
    """Device to run models on."""
    jobs: int | None = None
    """CPU cores to use; ``None``: all available."""

    def check(self) -> None:
        """Check that the options agree with each other.

        Raises:
            UsageError: two of them do not.
        """
        for option, value in (("inception", self.inception), ("strong", self.strong)):
            if value and not self.real:
                raise UsageError(f"`{option}`", "needs real photographs to compare with", "add `real`")
        if self.converted and self.sequences:
            fault = "would be converted by the look, but `converted` holds other results"
            raise UsageError("`sequences`", fault, "leave out one of them")
        for folder in (self.plates, self.converted, self.real, self.sequences):
            # Pictures written there would be found and measured by the next run.
            if folder and self.out.resolve().is_relative_to(folder.resolve()):
                raise UsageError(f"`out={self.out}`", f"lies in {folder}", "choose a folder outside it")
