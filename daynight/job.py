"""A job: all options of a conversion as one value, from Python, the command line, a job file or a farm.

Each option is stated once, here: name, type, default, one line of help, and the group it belongs to. The
command line, the table in the docs, job files and :func:`daynight.convert` are made from these fields.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic.dataclasses import dataclass

from daynight.errors import UsageError, nearest

Source: TypeAlias = str | os.PathLike[str]
Group: TypeAlias = Literal["look", "plates", "results", "run"]
Depth: TypeAlias = Literal["8", "10", "12", "16", "half", "float"]
NonFinite: TypeAlias = Literal["keep", "zero", "error"]
OnMissing: TypeAlias = Literal["error", "skip", "hold", "black"]
OnError: TypeAlias = Literal["stop", "continue"]
DeviceName: TypeAlias = Literal["auto", "cuda", "cpu"]
IsPath: TypeAlias = Literal["never", "maybe", "always"]

GROUPS: Final[tuple[Group, ...]] = get_args(Group)


@dataclasses.dataclass(frozen=True)
class Option:
    """What a field of :class:`Job` says of itself, beside its type and default."""

    group: Group
    help: str
    """One line: what it does, and its default where that needs words."""
    metavar: str | None = None
    """Placeholder for its value; ``None``: made from its type."""
    decides_pixels: bool = True
    """Whether it decides a result's pixels or file, and so belongs to :attr:`Job.digest`."""
    path: IsPath = "never"
    """Whether its value is a path; one that may be a path is one if it looks like one."""


_look = partial(Option, "look")
_plates = partial(Option, "plates")
_results = partial(Option, "results")
_run = partial(Option, "run", decides_pixels=False)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Job:
    """All options of a conversion: the look, the plates, the results, and the run.

    Raises:
        UsageError: a value is not one that its field takes. The message names the field.
    """

    sources: Annotated[
        Source | Sequence[Source],
        _plates(
            "Folders (searched), images, or patterns such as sh010.%04d.exr.",
            decides_pixels=False,
            path="always",
        ),
    ]
    to: Annotated[str | None, _look("The look: night, day, … See daynight looks.", "LOOK")] = None
    _: KW_ONLY
    chain: Annotated[
        Source | None, _look("A chain file, in place of a look.", "FILE.toml", path="always")
    ] = None
    model: Annotated[
        Source | None,
        _look("A model, in place of the look's own: a name or an ONNX file.", "NAME|FILE.onnx", path="maybe"),
    ] = None
    settings: Annotated[
        Mapping[str, Any] | Sequence[str],
        _look("Change an option of a step, or a fact of the model.", "STEP.OPTION=VALUE"),
    ] = dataclasses.field(default_factory=dict)
    strength: Annotated[
        float, Field(ge=0, le=1), _look("How much of the look, in stops. 0 returns the plate exactly.")
    ] = 1.0
    mask: Annotated[
        Source | None,
        _look(
            "Where the look applies: image, sequence, channel, or matte of the scene (sky, building, ...).",
            "FILE|LAYER|MATTE",
            path="maybe",
        ),
    ] = None
    light_of: Annotated[
        Source | None,
        _look(
            "Take the light of another shot of the scene: the other eye, another take.",
            "NAME.facts.json",
            path="always",
        ),
    ] = None
    protect_lights: Annotated[bool, _look("Keep the plates' own lamps and headlights.")] = False

    frames: Annotated[
        str | None,
        _plates(
            "Frames to convert, such as 1001-1100x2 or 1,5,10-20. Default: all.",
            "RANGE",
            decides_pixels=False,
        ),
    ] = None
    layer: Annotated[
        str | None, _plates("Layer, part or view that holds the picture. Default: R, G and B.", "NAME")
    ] = None
    colorspace: Annotated[
        str | None, _plates("Color space of the plates. Default: what each file declares.", "NAME")
    ] = None
    ocio: Annotated[
        Source | None,
        _plates("OCIO config. Default: $OCIO, otherwise a built-in ACES config.", "CONFIG", path="maybe"),
    ] = None
    nonfinite: Annotated[NonFinite, _plates("What to do with NaN and infinite values.")] = "keep"
    on_missing: Annotated[OnMissing, _plates("What to do about missing frames.")] = "error"
    max_pixels: Annotated[
        int, Field(ge=1), _plates("Refuse plates larger than this.", decides_pixels=False)
    ] = 2**28
    max_channels: Annotated[
        int, Field(ge=1), _plates("Refuse plates with more channels than this.", decides_pixels=False)
    ] = 1024
    max_mb: Annotated[
        int,
        Field(ge=1),
        _plates("Refuse plates that decode to more megabytes than this.", decides_pixels=False),
    ] = 16384

    out: Annotated[
        Source | None,
        _results(
            "Output folder. Default: beside a folder of shots, inside the folder of an image.",
            "DIR",
            decides_pixels=False,
            path="always",
        ),
    ] = None
    ext: Annotated[str | None, _results("File format. Default: the plates' own.", "exr|png|…")] = None
    depth: Annotated[Depth | None, _results("Pixel type. Default: the plates' own.")] = None
    compression: Annotated[
        str | None,
        _results("Compression, such as zips, dwaa:45 or jpeg:90. Default: the plates' own.", "NAME[:LEVEL]"),
    ] = None
    out_colorspace: Annotated[
        str | None, _results("Color space of the results. Default: the plates' own.", "NAME")
    ] = None
    aovs: Annotated[bool, _results("Write the look's AOVs beside the picture.")] = False
    strip_metadata: Annotated[bool, _results("Keep only the metadata needed to interpret the pixels.")] = (
        False
    )
    strict: Annotated[
        bool, _results("Fail a frame, instead of warning, if its output format would drop data.")
    ] = False
    overwrite: Annotated[bool, _results("Convert finished frames again.", decides_pixels=False)] = False

    device: Annotated[DeviceName, _run("Where models run; auto uses CUDA if it works here.")] = "auto"
    jobs: Annotated[
        int | None, Field(ge=1), _run("CPU cores to use. Default: all available to this process.", "N")
    ] = None
    on_error: Annotated[OnError, _run("Whether the run stops at the first failed frame.")] = "continue"
    report: Annotated[
        Source | None, _run("Write an HTML page with before/after wipes.", "FILE.html", path="always")
    ] = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The sources, as paths."""
        sources = self.sources
        return tuple(
            Path(each) for each in ([sources] if isinstance(sources, str | os.PathLike) else sources)
        )

    @property
    def named_settings(self) -> dict[str, Any]:
        """The settings, by ``step.option``."""
        return parse_settings(self.settings)

    @property
    def digest(self) -> str:
        """SHA-256 of the options that decide a result's pixels and file: not which frames, where, or by whom.

        A chunk of a shot, done on another machine into another folder, has the digest of the whole. It
        covers what was asked, not the contents of what that names: a result's ``daynight:`` attributes have
        the OCIO config, the opened chain and the model beside it.
        """
        values = {name: value for name, value in self.changed().items() if OPTIONS[name].decides_pixels}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def changed(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, as JSON values."""
        values = _adapter().dump_python(self, mode="json")
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        defaults["settings"] = {}
        return {name: value for name, value in values.items() if value != defaults[name]}

    @field_validator("*", mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        """Refuse an empty text: an unset shell variable must not mean that nothing was asked for."""
        if any(isinstance(each, str) and not each for each in (value if is_list(value) else [value])):
            raise ValueError("is empty; is a variable not set?")
        return value

    @model_validator(mode="after")
    def _one_look(self) -> Job:
        if self.to and self.chain:
            raise ValueError("has both `to` and `chain`; give one of them")
        return self

    @field_validator("settings", mode="before")
    @classmethod
    def _parsed(cls, value: Any) -> Any:
        return parse_settings(value)

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_line(cls, values: Any, handler: Any) -> Any:
        """Turn pydantic's report into one line that names the field."""
        try:
            return handler(values)
        except ValidationError as error:
            raise refusal(error) from None


OPTIONS: Final[Mapping[str, Option]] = {
    name: option
    for name, hint in get_type_hints(Job, include_extras=True).items()
    for option in getattr(hint, "__metadata__", ())
    if isinstance(option, Option)
}
"""What each field of a job says of itself, by the field's name, in the order of help and docs."""


def parse_settings(settings: Any) -> dict[str, Any]:
    """Return settings by ``step.option``.

    Args:
        settings: a mapping from ``step.option``, or from a step to a mapping of its options, as TOML reads
            ``stylize.strength = 0.5``; or ``step.option=value`` texts, whose values are TOML, or plain text
            where they are not.

    Raises:
        ValueError: they have another form.
    """
    parsed: dict[str, Any] = {}
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            options = value if isinstance(value, Mapping) and "." not in str(name) else None
            parsed |= {name: value} if options is None else {f"{name}.{k}": v for k, v in options.items()}
    else:
        for text in settings if is_list(settings) else [settings]:
            name, equals, value = str(text).partition("=")
            if not equals:
                raise ValueError(f"{text!r} is not a setting; write step.option=value")
            parsed[name] = parse_value(value)
    for name in parsed:
        step, _, option = str(name).partition(".")
        if not (step and option):
            raise ValueError(f"{name!r} is not an option of a step; write step.option")
    return parsed


def is_list(value: Any) -> bool:
    """Whether a value is a sequence of values; a text is one value."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def parse_value(text: str) -> Any:
    """Parse a value as TOML; return the text itself where it is not."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def refusal(error: ValidationError) -> UsageError:
    """Return pydantic's first complaint about a job as one line that names the field."""
    first = error.errors()[0]
    key = first["loc"][0] if first["loc"] else ""
    name = list(OPTIONS)[key] if isinstance(key, int) else key  # an index: the argument has no keyword
    message, _, remedy = first["msg"].removeprefix("Value error, ").partition("; ")
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return UsageError(f"option {name!r}", "is unknown", nearest(name, OPTIONS))
    if not name:
        return UsageError("job", message, remedy)
    if first["type"] in ("missing", "missing_argument"):
        return UsageError(f"`{name}`", "is missing", "give at least one")
    if name == "settings":
        return UsageError("`settings`", message, remedy)
    subject = f"`{name}={'' if first['input'] is None else first['input']}`"
    if first["type"] == "value_error":
        return UsageError(subject, message, remedy)
    return UsageError(subject, _must_be(first), "see docs/jobs.md")


_BOUNDS: Final = {
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "finite_number": "must be a finite number",
}


def _must_be(error: Mapping[str, Any]) -> str:
    """Return what a value must be: ``must be 1 or more``, ``must be 'keep', 'zero' or 'error'``."""
    template = _BOUNDS.get(error["type"])
    if template:
        return template.format(**error.get("ctx", {}))
    expected = str(error["msg"]).removeprefix("Input should be ")
    return f"must be {expected[0].lower()}{expected[1:]}"


@cache
def _adapter() -> TypeAdapter[Job]:
    return TypeAdapter(Job)
