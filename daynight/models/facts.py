"""What a model file says of itself: the facts needed to run it right.

A model is one ONNX file; its facts travel in the file's own metadata, so that a file on a farm
is never parted from them. The bundled models lie beside this module.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from daynight.errors import ModelError, nearest
from daynight.frames.encoding import Encoding

PREFIX = "daynight."

Kind = Literal["pixels", "maps"]
Direction = Literal["day-to-night", "night-to-day", "other"]
ValueRange = Literal["-1..1", "0..1", "0..255"]
ChannelOrder = Literal["rgb", "bgr"]


@dataclass(frozen=True)
class Model:
    """A model that a plugin offers by name.

    Args:
        name: its name in looks, and for the option ``model``.
        path: its ONNX file.
        summary: one line for ``daynight models list``.
    """

    name: str
    path: Path
    summary: str = ""


@dataclass(frozen=True)
class ModelFacts:
    """Everything needed to run a model right; stored as ``daynight.*`` in its ONNX metadata."""

    name: str = ""
    """What the model calls itself."""
    direction: Direction = "other"
    """What it turns into what."""
    kind: Kind = "pixels"
    """``pixels``: gives the picture. ``maps``: gives stops and emission, to be applied to the plate."""
    value_range: ValueRange = "-1..1"
    """Range in which the network takes (and, for ``pixels``, gives) a picture."""
    encoding: Encoding = "display"
    """How light is encoded in what the network sees."""
    channel_order: ChannelOrder = "rgb"
    """Order of the three channels."""
    size_multiple: int = 1
    """Height and width must be multiples of this, in pixels."""
    radius: int | None = None
    """Receptive-field radius in pixels; ``None``: the whole frame, or unknown."""
    exact_tiling: bool = False
    """Whether tiles with a halo of at least ``radius`` equal the whole frame to float rounding."""
    short_side: int | None = None
    """Short side, in pixels, of the proxy that a ``maps`` network sees."""
    bytes_per_pixel: int = 1024
    """Memory at the peak of one run, per input pixel, in bytes: the tile planner's measure."""
    architecture: str = ""
    """Name of the network, with its source."""
    training: str = ""
    """One line: data, steps, seed."""
    licence: str = ""
    """Licence of the weights."""
    card: str = ""
    """The whole model card, in Markdown."""

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            allowed = get_args(hints[field.name])
            value = getattr(self, field.name)
            if allowed and all(isinstance(choice, str) for choice in allowed) and value not in allowed:
                raise ModelError(f"model fact {field.name}", f"{value!r} is not one", nearest(value, allowed))
        for name in ("size_multiple", "short_side", "bytes_per_pixel", "radius"):
            least, value = (0 if name == "radius" else 1), getattr(self, name)
            if value is not None and value < least:
                raise ModelError(f"model fact {name}", f"{value} is below {least}", f"give {least} or more")
        if self.exact_tiling and self.radius is None:
            raise ModelError("model fact exact_tiling", "needs a radius", "give radius in pixels too")

    def to_metadata(self) -> dict[str, str]:
        """Return the facts as ONNX metadata: text under ``daynight.`` keys, unknown facts left out."""
        values = dataclasses.asdict(self)
        return {PREFIX + key: str(value) for key, value in values.items() if value not in (None, "")}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> ModelFacts:
        """Read the facts out of ONNX metadata; what is not there keeps its default.

        Raises:
            ModelError: a fact is not of its kind.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        told = {key.removeprefix(PREFIX): value for key, value in metadata.items() if key.startswith(PREFIX)}
        return cls().updated({key: value for key, value in told.items() if key in known})

    def updated(self, facts: Mapping[str, Any]) -> ModelFacts:
        """Return these facts with some replaced; text is read as the fact's own type.

        Raises:
            ModelError: a fact is unknown, or its value is not of its kind.
        """
        hints = get_type_hints(type(self))
        for key in facts:
            if key not in hints:
                raise ModelError(f"model fact {key!r}", "is unknown", nearest(key, hints))
        return dataclasses.replace(self, **{key: _typed(key, facts[key], hints[key]) for key in facts})


def _typed(key: str, value: Any, hint: Any) -> Any:
    """Read a fact's text as the type that the dataclass declares."""
    if not isinstance(value, str):
        wanted = get_args(hint) or (hint,)
        if type(value) not in wanted:
            raise ModelError(f"model fact {key}", f"{value!r} is not of its kind", f"give {_kinds(wanted)}")
        return value
    if hint is bool:
        if value.lower() not in ("true", "false"):
            raise ModelError(f"model fact {key}", f"{value!r} is neither true nor false", "write one of them")
        return value.lower() == "true"
    if hint is int or int in get_args(hint):
        try:
            return int(value)
        except ValueError:
            raise ModelError(f"model fact {key}", f"{value!r} is no whole number", "write one") from None
    return value


def _kinds(wanted: tuple[Any, ...]) -> str:
    names = {int: "a whole number", bool: "true or false", str: "text"}
    return " or ".join(names.get(kind, repr(kind)) for kind in wanted if kind is not type(None))
