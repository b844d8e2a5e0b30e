"""What is asked for: one value, from Python, the command line, a job file or a farm.

Each option is stated once, here: name, type, default, one line of help, and the group it belongs to. The
command line, the table in the docs, job files and :func:`daynight.convert` are made from these fields.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args, get_type_hints

import tomli_w
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

GROUPS: Final[tuple[Group, ...]] = get_args(Group)


@dataclasses.dataclass(frozen=True)
class Option:
    """What a field of :class:`Job` says of itself, beside its type and default."""

    group: Group
    help: str
    """One line: what it does, and what happens where it is not given."""
    metavar: str | None = None
    """Placeholder for its value; ``None``: made from its type."""
    decides_pixels: bool = True
    """Whether it decides a result's pixels or file, and so belongs to :attr:`Job.digest`."""


def _look(text: str, metavar: str | None = None) -> Option:
    return Option("look", text, metavar)


def _plates(text: str, metavar: str | None = None, *, decides_pixels: bool = True) -> Option:
    return Option("plates", text, metavar, decides_pixels)


def _results(text: str, metavar: str | None = None, *, decides_pixels: bool = True) -> Option:
    return Option("results", text, metavar, decides_pixels)


def _run(text: str, metavar: str | None = None) -> Option:
    return Option("run", text, metavar, decides_pixels=False)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Job:
    """All that is asked of a conversion: the look, the plates, the results, and the run.

    Raises:
        UsageError: a value is not one that its field takes. The message names the field.
    """

    sources: Annotated[
        Source | Sequence[Source],
        _plates("Folders (searched), images, or patterns such as sh010.%04d.exr.", decides_pixels=False),
    ]
    to: Annotated[str | None, _look("The look: night, day, … See daynight looks.", "LOOK")] = None
    _: KW_ONLY
    chain: Annotated[Source | None, _look("A chain file, in place of a look.", "FILE.toml")] = None
    model: Annotated[
        Source | None, _look("A model, in place of the look's own: a name or an ONNX file.", "NAME|FILE.onnx")
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
            "Where the look applies: an image, a sequence, or a channel of the plates. White is changed.",
            "FILE|LAYER",
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
        Source | None, _plates("OCIO config. Default: $OCIO, otherwise a built-in ACES config.", "CONFIG")
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
    report: Annotated[Source | None, _run("Write an HTML page with before/after wipes.", "FILE.html")] = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The sources, as paths."""
        sources = self.sources
        return tuple(
            Path(each) for each in ([sources] if isinstance(sources, str | os.PathLike) else sources)
        )

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

    @field_validator(
        "sources",
        "to",
        "chain",
        "model",
        "mask",
        "layer",
        "colorspace",
        "ocio",
        "out",
        "ext",
        "out_colorspace",
        "report",
        mode="before",
    )
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        """Refuse an empty text: an unset shell variable must not mean that nothing was asked for."""
        if value == "":
            raise ValueError("is empty; is a variable not set?")
        return value

    @model_validator(mode="after")
    def _one_look(self) -> Job:
        if self.to and self.chain:
            raise ValueError("has both `to` and `chain`")
        return self

    @field_validator("settings", mode="before")
    @classmethod
    def _parsed(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) else parse_settings(value)

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


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Parse ``step.option=value`` texts: values are TOML, or plain text where they are not.

    Raises:
        ValueError: a text has another form.
    """
    parsed: dict[str, Any] = {}
    for text in settings:
        name, equals, value = text.partition("=")
        step, dot, option = name.partition(".")
        if not (equals and dot and step and option):
            raise ValueError(f"{text!r} must have the form step.option=value")
        parsed[name] = parse_value(value)
    return parsed


def parse_value(text: str) -> Any:
    """Parse a value as TOML; return the text itself where it is not."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def read_options(path: Path) -> dict[str, Any]:
    """Read the options of a job file or a house config: TOML with the tables look, plates, results and run.

    Relative paths in it start at the file's own folder, so that a show's settings can move.

    Raises:
        UsageError: the file can't be read, or holds something that is not an option.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(path, f"can't be read ({error.strerror})", "check the name") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(path, f"is not TOML ({error})", "see docs/jobs.md") from None
    values: dict[str, Any] = {}
    for group, table in tables.items():
        if group not in GROUPS or not isinstance(table, dict):
            raise UsageError(path, f"unknown table [{group}]", nearest(group, GROUPS))
        known = [name for name, option in OPTIONS.items() if option.group == group]
        for name in table:
            if name not in known:
                raise UsageError(path, f"unknown option {name!r} in [{group}]", nearest(name, known))
        values |= table
    base = Path(os.path.abspath(path)).parent
    return {name: _with_paths(name, value, lambda each: str(base / each)) for name, value in values.items()}


def layered(*layers: Mapping[str, Any]) -> Job:
    """Return the job of several layers of options, of which a later one takes precedence.

    Settings are merged one by one, so that a job file may change one option of a house's look. A look takes
    the place of an earlier layer's chain, and a chain that of its look.

    Raises:
        UsageError: a value is not one that its field takes.
    """
    values: dict[str, Any] = {"sources": ()}
    settings: dict[str, Any] = {}
    for layer in layers:
        for name, other in (("to", "chain"), ("chain", "to")):
            if layer.get(name):
                values.pop(other, None)
        values |= layer
        own = layer.get("settings", {})
        settings |= own if isinstance(own, Mapping) else _settings(own)
    return Job(**{**values, "settings": settings})


def to_toml(job: Job, folder: Path) -> str:
    """Return a job file of what differs from the defaults; :func:`read_options` reads it back.

    Args:
        job: what to write.
        folder: of the file: paths below it are written as relative to it, others as absolute.
    """

    def from_folder(path: str) -> str:
        absolute = Path(os.path.abspath(path))
        base = Path(os.path.abspath(folder))
        return str(absolute.relative_to(base) if absolute.is_relative_to(base) else absolute)

    tables: dict[str, dict[str, Any]] = {}
    for name, value in job.changed().items():
        tables.setdefault(OPTIONS[name].group, {})[name] = _with_paths(name, value, from_folder)
    return tomli_w.dumps({group: tables[group] for group in GROUPS if group in tables})


def _with_paths(name: str, value: Any, change: Callable[[str], str]) -> Any:
    """Return a field's value with its paths changed; what only may be a path is one if it looks like one."""
    if name == "sources":
        return [change(each) for each in ([value] if isinstance(value, str) else value)]
    is_path = name in ("chain", "out", "report")
    if name in ("model", "mask", "ocio") and isinstance(value, str):
        looks_like_one = "/" in value or os.sep in value or value.endswith((".onnx", ".ocio")) or "#" in value
        is_path = looks_like_one and not value.startswith("ocio:")
    return change(str(value)) if is_path else value


def _settings(texts: Sequence[str]) -> dict[str, Any]:
    try:
        return parse_settings(texts)
    except ValueError as error:
        raise UsageError(f"`settings={' '.join(texts)}`", str(error), "see docs/chains.md") from None


def refusal(error: ValidationError) -> UsageError:
    """Return pydantic's first complaint about a job as one line that names the field."""
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return UsageError(f"option {name!r}", "is unknown", nearest(name, OPTIONS))
    if not name:
        return UsageError("job", first["msg"].removeprefix("Value error, "), "give one of them")
    if first["type"] in ("missing", "missing_argument"):
        return UsageError(f"`{name}`", "is missing", "give at least one")
    subject = f"`{name}={'' if first['input'] is None else first['input']}`"
    if first["type"] == "value_error":
        return UsageError(
            subject, first["msg"].removeprefix("Value error, "), _REMEDIES.get(name, "see docs/jobs.md")
        )
    return UsageError(subject, _must_be(first), "see docs/jobs.md")


_REMEDIES: Final = {"settings": "write step.option=value"}
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
