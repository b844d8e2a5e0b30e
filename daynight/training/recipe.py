"""Reading and writing recipes: presets, TOML and JSON files, and single settings as text."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from daynight.errors import UsageError, nearest
from daynight.job import parse_value
from daynight.plates import written_whole
from daynight.training.methods import find_method, preset_files
from daynight.training.methods.kind import Recipe

_FILE: Final = "recipe.json"


def presets() -> list[str]:
    """Return the names of the presets that come with the package."""
    return [*preset_files()]


def read_preset(name: str) -> Recipe[Any]:
    """Read a preset that comes with the package, or your own TOML file.

    Raises:
        UsageError: the preset is unknown, or the file is not a recipe.
    """
    files = preset_files()
    if name in files:
        return _from_toml(name, files[name].read_text(encoding="utf-8"))
    path = Path(name)
    if path.suffix != ".toml":
        raise UsageError(f"`preset={name}`", "is unknown", nearest(name, files))
    try:
        return _from_toml(path, path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(path, f"can't be read ({error.strerror})", "give a preset or its file") from None
    except UnicodeDecodeError:
        raise UsageError(path, "is not text in UTF-8", "write it as TOML") from None


def read_recipe(run: Path) -> Recipe[Any]:
    """Read the recipe of a run.

    Raises:
        UsageError: the folder holds no recipe of this version.
    """
    path = run / _FILE
    try:
        return make_recipe(json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise UsageError(run, f"holds no {_FILE}", "give the folder of a training run") from None
    except ValidationError as error:
        fault = _fault(error)
    except ValueError as error:
        fault = str(error)
    raise UsageError(path, f"is not a recipe ({fault})", "start a new run, or give another one")


def write_recipe(recipe: Recipe[Any], run: Path) -> None:
    """Write a recipe as JSON into the folder of a run."""
    with written_whole(run / _FILE) as temporary:
        temporary.write_text(recipe.model_dump_json(indent=2) + "\n", encoding="utf-8")


def make_recipe(values: Any) -> Recipe[Any]:
    """Validate a recipe's tables, by the schema of the method that they name.

    Raises:
        ValueError: they are not a recipe; a ``ValidationError`` if a value is wrong.
        UsageError: the method is unknown.
    """
    if not isinstance(values, dict) or not isinstance(values.get("method"), dict):
        raise ValueError("no table method")
    name = values["method"].get("name")
    if not isinstance(name, str):
        raise ValueError("method.name: field required")
    return _typed(name).model_validate(values)


def update_recipe(recipe: Recipe[Any], settings: Mapping[str, str]) -> Recipe[Any]:
    """Return a recipe with some values replaced, read from text.

    Args:
        recipe: left as it is.
        settings: by full name (``run.steps``) or by its end (``steps``, ``to_night.start``).

    Raises:
        UsageError: a name is unknown or a value doesn't fit.
    """
    values = recipe.model_dump()
    model = _typed(recipe.method.name)
    for name, text in settings.items():
        full = _full_name(recipe, name)
        *tables, key = full.split(".")
        table = values
        for each in tables:
            table = table[each]
        old = table.get(key)
        table[key] = (
            [parse_value(part) for part in text.split(",")] if isinstance(old, tuple) else parse_value(text)
        )
        try:
            model.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            # Two settings may depend on each other: checks between fields wait for the last one.
            if ".".join(map(str, first["loc"])).startswith(full):
                remedy = f"write like `{name}={_text(old)}`"
                raise UsageError(f"`{name}={text}`", _fault(error, named=False), remedy) from None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError("settings", _fault(error), "change one of them") from None


def _typed(method: str) -> type[Recipe[Any]]:
    # Pydantic keeps each parametrised class, so recipes of one method are of one class.
    return Recipe[find_method(method).recipe]  # type: ignore[misc, return-value]


def _from_toml(source: object, text: str) -> Recipe[Any]:
    try:
        return make_recipe(tomllib.loads(text))
    except ValidationError as error:
        fault = _fault(error)
    except ValueError as error:  # of TOML too
        fault = str(error)
    raise UsageError(source, f"is not a recipe ({fault})", "see the presets")


def _full_name(recipe: Recipe[Any], name: str) -> str:
    """Return the full name of a setting: that of the one table that has it."""
    names = dict(_names(recipe, ""))
    matches = [full for full in names if f".{full}".endswith(f".{name}")]
    if len(matches) == 1 and not isinstance(names[matches[0]], dict):
        return matches[0]
    head, _, key = name.rpartition(".")
    tables = [full for full, value in names.items() if head and f".{full}".endswith(f".{head}")]
    if matches and isinstance(names[matches[0]], dict):
        raise UsageError(f"`{name}`", "is a table of settings", f"write {name}.NAME=VALUE")
    if len(tables) == 1 and isinstance(names[tables[0]], dict):
        return f"{tables[0]}.{key}"
    if tables:
        raise UsageError(f"`{name}`", "is not a hyper-parameter", f"write {head}=VALUE")
    if len(matches) > 1:
        raise UsageError(f"`{name}`", "is ambiguous", f"write one of {', '.join(matches)}")
    short = {full.rpartition(".")[2] for full in names}
    raise UsageError(f"`{name}`", "is not a hyper-parameter", nearest(name.rpartition(".")[2], short))


def _names(table: BaseModel, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the full name and the value of each setting; tables of free settings are dicts."""
    for field in type(table).model_fields:
        value = getattr(table, field)
        if isinstance(value, BaseModel):
            yield from _names(value, f"{prefix}{field}.")
            continue
        yield f"{prefix}{field}", value
        for key in value if isinstance(value, dict) else ():
            yield f"{prefix}{field}.{key}", value[key]


def _fault(error: ValidationError, *, named: bool = True) -> str:
    """Describe the first error in one line, with the field's name if ``named``."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    line = f"{message[0].lower()}{message[1:]}"
    return f"{'.'.join(map(str, first['loc']))}: {line}" if named and first["loc"] else line


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
