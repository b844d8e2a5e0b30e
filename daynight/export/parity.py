"""How near a model file comes to the network it was made from: measured at export, told by the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from daynight.models.facts import PREFIX

KEY: Final = f"{PREFIX}parity"
"""Where a model's metadata holds the report, as JSON."""
ARCHIVED: Final = "daynight.json"
"""Where a TorchScript archive holds the metadata that an ONNX file has a place for, as JSON."""

Tensor = NDArray[np.float32]


class Runs(Protocol):
    """A network or a file: takes pictures N×3×H×W and gives its outputs, in their order."""

    def __call__(self, pictures: Tensor, /) -> Sequence[Tensor]:
        """Run it."""


class Tolerance(NamedTuple):
    """What an output may differ by, in its unit."""

    largest: float
    """Anywhere in a picture."""
    mean: float
    """On the average over all pictures."""


@dataclass(frozen=True)
class Output:
    """One output to be compared."""

    name: str
    unit: str
    tolerance: Tolerance
    scale: float = 1.0
    """Units in a difference of 1 between values."""


class Difference(BaseModel):
    """How an output of the file differs from the network's over all pictures, in its unit."""

    model_config = ConfigDict(frozen=True)

    unit: str
    largest: float
    mean: float
    tolerance: Tolerance

    @property
    def within(self) -> bool:
        """Whether it may; NaN may not."""
        return self.largest <= self.tolerance.largest and self.mean <= self.tolerance.mean


class Parity(BaseModel):
    """The report of a comparison between a model file and its network in PyTorch."""

    model_config = ConfigDict(frozen=True)

    precision: str
    """As the file was asked for."""
    pictures: int
    """How many both were run on."""
    real: bool
    """Whether these were someone's pictures; else drawn ones."""
    sizes: tuple[str, ...]
    """Their sizes, ``WIDTHxHEIGHT``, each once."""
    differences: dict[str, Difference]
    """By the name of the output."""
    versions: dict[str, str]
    """Of the libraries that took part."""

    @property
    def fault(self) -> str | None:
        """What is beyond its tolerance, in words; ``None``: nothing."""
        for name, difference in self.differences.items():
            if not difference.within:
                return f"its {name} would differ from the network's by {_words(difference)}"
        return None

    def lines(self) -> Iterator[str]:
        """Tell the report."""
        kind = "pictures" if self.real else "drawn pictures"
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        yield f"parity: {self.precision}, on {self.pictures} {kind} ({', '.join(self.sizes)}), {versions}"
        for name, difference in self.differences.items():
            yield f"  {name}: {_words(difference)}"

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Parity | None:
        """Read the report out of a model's metadata; ``None`` where there is none that can be read."""
        try:
            return cls.model_validate_json(metadata.get(KEY, ""))
        except ValidationError:
            return None


def compare(
    network: Runs,
    file: Runs,
    pictures: Sequence[Tensor],
    outputs: Sequence[Output],
    **facts: Any,
) -> Parity:
    """Run network and file on the same pictures.

    Args:
        network: the network, in PyTorch.
        file: the file.
        pictures: N×3×H×W each.
        outputs: what both give, in their order.
        facts: ``precision``, ``real`` and ``versions`` of the report.
    """
    largest, total = np.zeros(len(outputs)), np.zeros(len(outputs))
    for each in pictures:
        pairs = zip(network(each), file(each), strict=True)
        differences = [np.abs(mine - theirs) for mine, theirs in pairs]
        largest = np.maximum(largest, [difference.max() for difference in differences])  # keeps NaN
        total += [difference.mean() for difference in differences]
    return Parity(
        pictures=len(pictures),
        sizes=tuple(dict.fromkeys(f"{each.shape[3]}x{each.shape[2]}" for each in pictures)),
        differences={
            output.name: Difference(
                unit=output.unit,
                largest=largest[place] * output.scale,
                mean=total[place] / len(pictures) * output.scale,
                tolerance=output.tolerance,
            )
            for place, output in enumerate(outputs)
        },
        **facts,
    )


def _words(difference: Difference) -> str:
    most, usual = difference.tolerance
    return (
        f"{difference.largest:.2g} {difference.unit} at most ({most:g} allowed), "
        f"{difference.mean:.2g} on the average ({usual:g} allowed)"
    )
