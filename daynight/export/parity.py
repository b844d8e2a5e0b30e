"""How close a model file is to the network that it was made from: measured at export, kept in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from daynight.frames.frame import NCHW
from daynight.models.facts import PREFIX
from daynight.plugin.exporter import Output, Runner, Tolerance

KEY: Final = f"{PREFIX}parity"
"""Where a model's metadata holds the report, as JSON."""
ARCHIVED: Final = "daynight.json"
"""File in a TorchScript archive with the metadata, as JSON; an ONNX file has a field for it."""


class Difference(BaseModel):
    """How far an output of the file differs from the network's over all pictures, in its unit."""

    model_config = ConfigDict(frozen=True)

    unit: str
    largest: float
    mean: float
    tolerance: Tolerance

    @property
    def within(self) -> bool:
        """Whether the tolerance allows it; NaN is never allowed."""
        return self.largest <= self.tolerance.largest and self.mean <= self.tolerance.mean


class Parity(BaseModel):
    """The report of a comparison between a model file and its network."""

    model_config = ConfigDict(frozen=True)

    precision: str
    """Of the file."""
    pictures: int
    """Number of pictures that both ran on."""
    real: bool
    """Whether these were the user's; else they were synthetic."""
    sizes: tuple[str, ...]
    """Their distinct sizes, ``WIDTHxHEIGHT``."""
    differences: dict[str, Difference]
    """By name of the output."""
    versions: dict[str, str]
    """Of the libraries that took part."""

    @property
    def fault(self) -> str | None:
        """What is beyond its tolerance, for a message; ``None``: nothing."""
        for name, difference in self.differences.items():
            if not difference.within:
                return f"its {name} would differ from the network's by {_words(difference)}"
        return None

    def lines(self) -> Iterator[str]:
        """Yield the report's lines."""
        pictures = "pictures" if self.real else "synthetic pictures"
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        yield f"parity: {self.precision}, on {self.pictures} {pictures} ({', '.join(self.sizes)}), {versions}"
        for name, difference in self.differences.items():
            yield f"  {name}: {_words(difference)}"

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Parity | None:
        """Read the report from a model's metadata; ``None`` where it is absent or can't be read."""
        try:
            return cls.model_validate_json(metadata.get(KEY, ""))
        except ValidationError:
            return None


def compare(
    network: Runner, file: Runner, samples: Sequence[NCHW], outputs: Sequence[Output], **about: Any
) -> Parity:
    """Run network and file on the same pictures.

    Args:
        network: the network.
        file: the file.
        samples: N×3×H×W each.
        outputs: what both return, in order.
        about: ``precision``, ``real`` and ``versions`` of the report.
    """
    largest, total = np.zeros(len(outputs)), np.zeros(len(outputs))
    for sample in samples:
        pairs = zip(network(sample), file(sample), strict=True)
        differences = [np.abs(expected - actual) for expected, actual in pairs]
        largest = np.maximum(largest, [difference.max() for difference in differences])  # keeps NaN
        total += [difference.mean() for difference in differences]
    return Parity(
        pictures=len(samples),
        sizes=tuple(dict.fromkeys(f"{sample.shape[3]}x{sample.shape[2]}" for sample in samples)),
        differences={
            output.name: Difference(
                unit=output.unit,
                largest=largest[index] * output.scale,
                mean=total[index] / len(samples) * output.scale,
                tolerance=output.tolerance,
            )
            for index, output in enumerate(outputs)
        },
        **about,
    )


def _words(difference: Difference) -> str:
    largest, mean = difference.tolerance
    return (
        f"{difference.largest:.2g} {difference.unit} at most ({largest:g} allowed), "
        f"{difference.mean:.2g} on average ({mean:g} allowed)"
    )
