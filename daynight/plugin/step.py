"""What a step of the chain is: the contract of every plugin that touches pixels.

A :class:`Step` sees one frame. A :class:`WindowStep` also sees the frames before and after it. A
:class:`ShotStep` first sees small pictures of the whole shot. All three are pure: a frame's result follows
from named frames alone, so any chunk of a shot, on any machine, gives the same pixels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeAlias, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from daynight.frames.encoding import Encoding
from daynight.frames.frame import Frame, Pixels
from daynight.models.facts import ModelKind
from daynight.plugin.key_frames import KeyFrames

if TYPE_CHECKING:
    from daynight.models.session import OpenModel

Tiling = Literal["whole", "tiles", "either"]
ShotFacts: TypeAlias = Mapping[str, Any]
"""What a step learned from a shot: JSON values, by name."""


class StepOptions(BaseModel):
    """Base of every step's options: unknown keys are refused, and values are frozen.

    Any option that is a number may also be given as :class:`KeyFrames`, ``"1001:0 1100:-2"``: a step reads
    its options by :meth:`at`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    _key_frames: dict[str, KeyFrames] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _with_key_frames(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(values, Mapping):
            return handler(values)
        found: dict[str, KeyFrames] = {}
        for name, value in values.items():
            field = cls.model_fields.get(name)
            if isinstance(value, str) and field is not None and _is_number(field.annotation):
                try:
                    key_frames = KeyFrames.parse(value)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
                if key_frames is not None:
                    found[name] = key_frames
        for name, key_frames in found.items():  # every value must be one that the option allows
            for _, value in key_frames.keys[1:]:
                handler({**values, **{each: keys.keys[0][1] for each, keys in found.items()}, name: value})
        options = handler({**values, **{name: keys.keys[0][1] for name, keys in found.items()}})
        options._key_frames = found
        return options

    def at(self, number: int | None) -> Self:
        """Return the options at a frame, with the values of their key frames there."""
        if not self._key_frames:
            return self
        return self.model_copy(update={name: keys.at(number) for name, keys in self._key_frames.items()})

    @model_serializer(mode="wrap")
    def _serialised(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = handler(self)
        keys = {name: [each.shape, *map(list, each.keys)] for name, each in self._key_frames.items()}
        return {**values, **keys}


def _is_number(annotation: Any) -> bool:
    """Whether a field may be a float: plain, constrained, or among others."""
    return annotation is float or any(map(_is_number, get_args(annotation)))


class ModelOpener(Protocol):
    """Opens the models that a step runs."""

    def __call__(self, name: str | None = None) -> OpenModel:
        """Return a model, ready to run; opened once for all steps that ask for it.

        Args:
            name: a registered model; ``None``: the look's own.

        Raises:
            ChainError: the look has no model, or no model has this name.
        """


@dataclass(frozen=True)
class StepContext:
    """What a chain hands its steps when it is opened."""

    open_model: ModelOpener
    """Opens a model by name."""
    warn: Callable[[str], None]
    """Warns the user once, in one line."""
    still: Callable[[Path], Pixels]
    """Reads a reference picture as a display shows it: H×W×3 in [0, 1], sRGB.

    Its color space is its own file's, by the OCIO config in use. Raises ``PlateError``.
    """
    aovs: bool = False
    """Whether AOVs are written: a step that has some puts them into ``Frame.aovs``, by name."""


class BaseStep(ABC):
    """What all steps have in common. Subclass :class:`Step` or :class:`WindowStep`.

    A step is made once for a chain, before any frame is read; refuse there what can be refused.
    The first line of its docstring is its summary in ``daynight plugins``.
    """

    name: ClassVar[str]
    """What chains call it."""
    Options: ClassVar[type[StepOptions]] = StepOptions
    """Its options, checked when a chain is read."""
    works_in: Encoding | None = None
    """Encoding of the frames it takes; ``None``: either. May be set when the step is made."""
    takes: ClassVar[Tiling] = "whole"
    """Whether it takes whole frames or tiles."""
    gives: ClassVar[Tiling] = "either"
    """Whether its result is whole or in tiles; ``either``: as its frame was."""
    needs_model: ClassVar[bool] = False
    """Whether it runs the look's model."""
    runs: ClassVar[frozenset[ModelKind]] = frozenset()
    """Kinds of model that it can run, if it runs the look's."""

    def __init__(self, options: StepOptions, context: StepContext) -> None:
        self.options = options
        self.context = context


class Step(BaseStep):
    """A step that sees one frame at a time. It may be called for any frame, in any order, on any thread."""

    @abstractmethod
    def apply(self, frame: Frame) -> Frame:
        """Return the changed frame. Never write into an array of the frame that was passed in.

        Raises:
            PlateError: this frame can't be processed; the others go on.
        """


@dataclass(frozen=True, eq=False)
class FrameWindow:
    """A frame and its neighbours in time, as they leave the step before.

    A neighbour is ``None`` where the shot has no such frame, where it can't be read or processed, and
    beyond a change of size, at which a new take begins. So it is the same in every run of these plates.

    All frames have the data window of ``frame``: a neighbour whose own was another is brought to it by
    :meth:`Frame.aligned`, so that pixels lie on each other. Where it has none they are black, with an alpha
    of 0.
    """

    frame: Frame
    """The frame to change."""
    before: tuple[Frame | None, ...]
    """The frames before it, in order of time: the last one is its direct predecessor."""
    after: tuple[Frame | None, ...]
    """The frames after it, in order of time: the first one is its direct successor."""

    def __getitem__(self, number: int) -> Frame | None:
        """Return the frame of this number; ``None`` where it is absent.

        Raises:
            KeyError: it lies outside the window.
        """
        frames = (*self.before, self.frame, *self.after)
        index = number - (self.frame.number or 0) + len(self.before)
        if not 0 <= index < len(frames):
            raise KeyError(number)
        return frames[index]


class WindowStep(BaseStep):
    """A step that sees the frames around the one that it changes."""

    before: int = 0
    """Frames that it sees before its own. May be set when the step is made."""
    after: int = 0
    """Frames that it sees after its own."""

    @abstractmethod
    def apply(self, window: FrameWindow) -> Frame:
        """Return ``window.frame``, changed. It is called for each frame alone, in any order.

        Raises:
            PlateError: this frame can't be processed; the others go on.
        """


class ShotStep(BaseStep):
    """A step with a first pass over its shot. Subclass it together with :class:`Step` or :class:`WindowStep`.

    The facts are written as JSON beside the results, so that all chunks of a shot share them. ``apply``
    finds them in ``Frame.facts``.
    """

    samples: ClassVar[int] = 16
    """Most frames of a shot that the first pass looks at, evenly spaced."""
    lendable: ClassVar[frozenset[str]] = frozenset()
    """Names of the facts that hold for other shots of the scene too: ``Job.light_of`` takes them over."""
    thumbnail_side: ClassVar[int] = 256
    """Short side of its pictures, in pixels; smaller plates are not enlarged."""

    @abstractmethod
    def analyse(self, thumbnails: Sequence[Frame]) -> ShotFacts:
        """Return what is to be known of a shot.

        Args:
            thumbnails: small pictures of its plates as they enter the chain, in order of time, in the
                encoding that the step works in; plates that can't be read are left out.

        Returns:
            JSON values by name.
        """
