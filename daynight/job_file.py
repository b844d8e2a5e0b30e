"""Job files: a job as TOML, a studio's defaults, and how several are layered."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from daynight.errors import UsageError, nearest
from daynight.job import GROUPS, OPTIONS, Job, is_list


def read_options(path: Path) -> dict[str, Any]:
    """Read a job file or a studio's defaults: TOML with the tables look, plates, results and run.

    Relative paths in it start at the file's own folder, so that a show's settings can move.

    Raises:
        UsageError: the file can't be read, or holds something that is not an option, or a value that its
            option doesn't take. The message names the file.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(path, f"can't be read ({error.strerror})", "check the name") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(path, f"is not TOML ({error})", "see docs/jobs.md") from None
    values: dict[str, Any] = {}
    for group, table in tables.items():
        if group in GROUPS and not isinstance(table, dict):
            raise UsageError(path, f"{group} is not a table", f"write [{group}]")
        if group not in GROUPS:
            raise UsageError(path, f"unknown table [{group}]", nearest(group, GROUPS))
        known = [name for name, option in OPTIONS.items() if option.group == group]
        for name in table:
            if name not in known:
                raise UsageError(path, f"unknown option {name!r} in [{group}]", nearest(name, known))
        values |= table
    try:
        Job(**{"sources": (), **values})
    except UsageError as error:
        raise UsageError(path, f"{error.subject.strip('`')} {error.fault}", error.remedy) from None
    base = Path(os.path.abspath(path)).parent
    return {name: _with_paths(name, value, lambda each: str(base / each)) for name, value in values.items()}


def layered(*layers: Mapping[str, Any]) -> Job:
    """Return the job of several layers of options, of which a later one takes precedence.

    Settings are merged one by one, so that a job file may change one option of a studio's look. A look takes
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
        settings |= Job((), settings=layer.get("settings", {})).named_settings
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
        return [change(each) for each in (value if is_list(value) else [value])]
    is_path = OPTIONS[name].path == "always"
    if OPTIONS[name].path == "maybe":
        looks_like_one = "/" in value or os.sep in value or value.endswith((".onnx", ".ocio")) or "#" in value
        is_path = looks_like_one and not value.startswith("ocio:")
    return change(value) if is_path else value
