"""Model facts: what a model file states about itself, so that it is run correctly.

A model is one ONNX file. Its facts are stored in the file's own metadata, so that they stay with it
wherever it is copied. The bundled models are in the folder ``bundled`` beside this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from daynight.errors import ModelError, nearest
from daynight.frames.encoding import Encoding

PREFIX: Final = "daynight."
"""Of the metadata keys that hold facts."""

ModelKind = Literal["pixels", "maps", "mattes", "lights"]
ModelDirection = Literal["day-to-night", "night-to-day", "other"]
ValueRange = Literal["-1..1", "0..1", "0..255"]
ChannelOrder = Literal["rgb", "bgr"]


@dataclass(frozen=True)
class Model:
    """A model that a plugin registers by name.

    Args:
        name: as looks and jobs refer to it.
        path: its ONNX file.
        summary: one line for ``daynight models``.
    """

    name: str
    path: Path
    summary: str = ""


class ModelFacts(BaseModel):
    """Everything needed to run a model correctly; stored as ``daynight.*`` in its ONNX metadata.

    Raises:
        ModelError: a fact is unknown, or its value is not allowed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    """The model's own name."""
    direction: ModelDirection = "other"
    """What it translates, and to what."""
    kind: ModelKind = "pixels"
    """What it returns. ``pixels``: the picture. ``maps``: stops and emission, to be applied to the plate.
    ``mattes``: what is sky, building and so on (:data:`.scene.MATTES`). ``lights``: light of moon, practicals
    and lamps (:data:`.lights.MAPS`)."""
    value_range: ValueRange = "-1..1"
    """Range of the pictures that the network takes and, for ``pixels``, returns."""
    encoding: Encoding = "display"
    """Encoding of the pictures that the network takes."""
    channel_order: ChannelOrder = "rgb"
    """Order of the three channels."""
    size_multiple: int = Field(1, ge=1)
    """Height and width must be multiples of this, in pixels."""
    radius: int | None = Field(None, ge=0)
    """Receptive-field radius in pixels; ``None``: the whole frame, or unknown."""
    exact_tiling: bool = False
    """Whether tiles with a halo of at least ``radius`` equal the whole frame, up to float rounding."""
    short_side: int | None = Field(None, ge=1)
    """Short side, in pixels, of the proxy that a network of any kind but ``pixels`` takes."""
    bytes_per_pixel: int = Field(1024, ge=1)
    """Peak memory of one run, in bytes per input pixel; the tile planner uses it."""
    architecture: str = ""
    """Name of the network, and where it comes from."""
    training: str = ""
    """One line: data, steps, seed."""
    licence: str = ""
    """Licence of the weights."""
    card: str = ""
    """The whole model card, in Markdown."""

    def __init__(self, **facts: Any) -> None:
        try:
            super().__init__(**facts)
        except ValidationError as error:
            raise _refusal(error.errors()[0]) from None

    @model_validator(mode="after")
    def _exact_tiling_has_a_radius(self) -> ModelFacts:
        if self.exact_tiling and self.radius is None:
            raise ModelError("model fact exact_tiling", "needs a radius", "give radius in pixels too")
        return self

    def to_metadata(self) -> dict[str, str]:
        """Return the facts as ONNX metadata: text under ``daynight.`` keys, without unknown facts."""
        return {
            PREFIX + key: str(value) for key, value in self.model_dump().items() if value not in (None, "")
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> ModelFacts:
        """Read the facts from ONNX metadata; those that are absent keep their defaults.

        Raises:
            ModelError: the value of a fact is not allowed.
        """
        facts = {key.removeprefix(PREFIX): value for key, value in metadata.items() if key.startswith(PREFIX)}
        # Other tools, and later versions, may add keys of their own: in a file they are not an error.
        return cls(**{key: value for key, value in facts.items() if key in cls.model_fields})

    def updated(self, facts: Mapping[str, Any]) -> ModelFacts:
        """Return a copy with some facts replaced; text is converted to the type of the fact.

        Raises:
            ModelError: a fact is unknown, or its value is not allowed.
        """
        # Not model_copy, which checks nothing.
        return type(self)(**{**self.model_dump(), **facts})


def _refusal(error: ErrorDetails) -> ModelError:
    """Turn pydantic's first error into one line that names the fact, the fault and the remedy."""
    name, value = str(error["loc"][0]), error["input"]
    if error["type"] == "extra_forbidden":
        return ModelError(f"model fact {name!r}", "is unknown", nearest(name, ModelFacts.model_fields))
    if error["type"] == "literal_error":
        choices = get_args(ModelFacts.model_fields[name].annotation)
        return ModelError(f"model fact {name}", f"{value!r} is not allowed", nearest(str(value), choices))
    if error["type"] == "greater_than_equal":
        least = error["ctx"]["ge"]
        return ModelError(f"model fact {name}", f"{value} is below {least}", f"give {least} or more")
    wanted = error["type"].partition("_")[0]  # int_parsing, int_from_float, bool_parsing, string_type, ...
    noun = {"int": "a whole number", "bool": "true or false", "string": "text"}.get(wanted, error["msg"])
    return ModelError(f"model fact {name}", f"{value!r} is not {noun}", f"give {noun}")
