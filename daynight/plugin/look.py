"""Looks: what an artist asks for by name. A look is data: a chain of steps, and the model that they run.

A look is written as TOML, bundled or one's own::

    summary = "dusk: half of the night, a little colder"

    [model]
    file = "night"         # a registered model, or an ONNX file in this folder or below

    [[step]]
    use = "stylize"
    strength = 0.6
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daynight.errors import ChainError, nearest

_KEYS: Final = ("name", "summary", "model", "step")
_NAME: Final = re.compile(r"[\w -][\w .-]*")


@dataclass(frozen=True)
class StepSpec:
    """One step as a look names it."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LookSpec:
    """A look as it is written down: nothing of it is checked or opened yet."""

    name: str
    """What ``to`` takes; it names the output folder."""
    steps: tuple[StepSpec, ...] = ()
    model: str | Path | None = None
    """A registered model's name, or an ONNX file."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Facts of the model that its file lacks or has wrong; see ``daynight.models.facts.ModelFacts``."""
    summary: str = ""
    """One line for ``daynight looks``."""
    origin: str = ""
    """The plugin or file that it comes from."""


def read_look(path: Path) -> LookSpec:
    """Read a look file.

    It is TOML: ``[[step]]`` tables, each with the step's name under ``use`` and its options beside it; an
    optional ``[model]`` table with ``file`` (a registered model's name, or an ONNX file in the look's folder
    or below) and any facts of the model; an optional ``summary``, and a ``name`` (default: the file's own).

    Raises:
        ChainError: the file can't be read, or is not a look.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ChainError(path, f"can't be read ({error.strerror})", "check the name") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ChainError(path, f"is not TOML ({error})", "see docs/chains.md") from None
    for key in table:
        if key not in _KEYS:
            raise ChainError(path, f"unknown key {key!r}", nearest(key, _KEYS))
    name = str(table.get("name", path.stem))
    if not _NAME.fullmatch(name):
        raise ChainError(path, f"its name {name!r} can't name a folder", "use letters, digits, - and _")
    model = table.get("model", {})
    if not isinstance(model, dict):
        raise ChainError(path, "model must be a table", 'write [model] and file = "NAME"')
    return LookSpec(
        name=name,
        steps=_steps(path, table.get("step", [])),
        model=_model(path, model.get("file")),
        facts={key: value for key, value in model.items() if key != "file"},
        summary=str(table.get("summary", "")),
        origin=str(path),
    )


def _steps(path: Path, tables: Any) -> tuple[StepSpec, ...]:
    if not isinstance(tables, list) or not all(isinstance(step, dict) and "use" in step for step in tables):
        raise ChainError(path, "a step lacks its name", 'write [[step]] and use = "NAME"')
    return tuple(
        StepSpec(str(step["use"]), {key: value for key, value in step.items() if key != "use"})
        for step in tables
    )


def _model(path: Path, named: Any) -> str | Path | None:
    """Return a look's model: a name as it stands, a file only from the look's own folder."""
    if named is not None and not isinstance(named, str):
        raise ChainError(path, f"its model {named!r} is not a name", 'write file = "NAME"')
    if named is None or not named.endswith(".onnx"):
        return named
    folder = path.resolve().parent
    file = (folder / named).resolve()
    if not file.is_relative_to(folder):
        raise ChainError(path, f"its model {named} lies outside its folder", "name it by `model`")
    return file
