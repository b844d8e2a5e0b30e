"""The public API is what ``tests/data/public_api.txt`` says: names, signatures, fields.

After a change that is meant, write it anew and read its diff::

    python tests/test_public_api.py
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

SNAPSHOT = Path(__file__).parent / "data" / "public_api.txt"
MODULES = ("daynight", "daynight.plugin", "daynight.training", "daynight.export", "daynight.errors")
PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def steady(text: str) -> str:
    """Return a text without addresses, which are others in each process."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def signature(thing: object) -> str:
    return steady(str(inspect.signature(thing)))


def fields(thing: type) -> Iterator[str]:
    """Yield the fields of a dataclass, a typed dict or a pydantic model, with their types and defaults."""
    if dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            made = field.default_factory is not dataclasses.MISSING
            default = "made" if made else steady(repr(field.default))
            required = not made and field.default is dataclasses.MISSING
            yield f"    {field.name}: {field.type}" + ("" if required else f" = {default}")
    if typing.is_typeddict(thing):
        for name, kind in inspect.get_annotations(thing).items():
            yield f"    {name}: {kind.__forward_arg__}"
    for name, field in getattr(thing, "model_fields", {}).items():
        required = field.is_required()
        default = "made" if field.default_factory else steady(repr(field.default))
        kind = inspect.formatannotation(field.annotation)
        yield f"    {name}: {kind}" + ("" if required else f" = {default}")


def described(name: str, thing: object) -> Iterator[str]:
    if inspect.isclass(thing):
        bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
        yield f"class {name}({bases})"
        yield from fields(thing)
        for member, value in sorted(vars(thing).items()):
            if member.startswith("_") and member != "__call__":
                continue
            inner = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if inspect.isfunction(inner):
                yield f"    def {member}{signature(inner)}"
            elif isinstance(value, property):
                yield f"    property {member}"
    elif inspect.isroutine(thing):
        yield f"def {name}{signature(thing)}"
    elif name == "__version__":  # its value changes with each release
        yield name
    else:
        yield f"{name}: {type(thing).__name__}"


def public_api() -> str:
    lines = []
    for name in MODULES:
        module = importlib.import_module(name)
        lines.append(f"# {name}")
        for public in sorted(getattr(module, "__all__", ())):
            lines += described(public, getattr(module, public))
        lines.append("")
    return "\n".join(lines)


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_can_be_had(name):
    module = importlib.import_module(name)
    missing = [public for public in module.__all__ if not hasattr(module, public)]
    assert not missing


def test_the_public_api_is_the_snapshot():
    expected, actual = SNAPSHOT.read_text(encoding="utf-8"), public_api()
    difference = difflib.unified_diff(
        expected.splitlines(), actual.splitlines(), "the snapshot", "the code", lineterm="", n=1
    )
    assert actual == expected, "\n".join(("the public API has changed:", *difference))


@pytest.mark.parametrize("name", MODULES)
def test_the_page_names_all_that_is_public(name):
    page = PAGE.read_text(encoding="utf-8")
    named = {word for code in re.findall(r"`([^`]+)`", page) for word in re.findall(r"\w+", code)}
    assert name in page
    assert sorted(set(importlib.import_module(name).__all__) - named) == []


if __name__ == "__main__":
    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(public_api(), encoding="utf-8")
