"""Messages for the command line: an option's name in backticks becomes the flag that sets it.

Outside ``cli`` a message names the field of a job or a recipe, with or without its value, between
backticks: a program reads it as it stands. Here ``max_pixels`` becomes ``--max-pixels``, and
``strength=2`` becomes ``--strength 2``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, Final

import click

from daynight.errors import DaynightError

_FIELD: Final = re.compile(r"`([A-Za-z_][\w.]*)(?:=([^`]*))?`")


def flagged(message: str, context: click.Context | None = None) -> str:
    """Return a message with its options as flags of the command that runs.

    An option that the command does not have is set by ``--set``, if it has that; else its name stays.

    Args:
        message: one line.
        context: of the command; ``None``: the one that runs.
    """
    context = context or click.get_current_context(silent=True)
    flags = _flags(context.command) if context else {}

    def as_flag(field: re.Match[str]) -> str:
        name, value = field[1], field[2]
        if name in flags:
            return flags[name] if value is None else f"{flags[name]} {value or repr(value)}"
        if value is None:
            return name
        return f"{flags['settings']} {name}={value}" if "settings" in flags else f"{name}={value}"

    return _FIELD.sub(as_flag, message)


def _flags(command: click.Command) -> dict[str, str]:
    """Return a command's flags, by the name of the field that each sets."""
    options = [each for each in command.params if isinstance(each, click.Option) and each.name]
    return {str(each.name): max(each.opts, key=len) for each in options}


def translate_errors(command: click.Command) -> click.Command:
    """Let a command, and those below it, raise its errors with flags in the place of fields."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            translate_errors(each)
    callback = command.callback
    if callback is not None and not hasattr(callback, "translates"):
        command.callback = _translating(callback)
    return command


def _translating(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return callback(*arguments, **options)
        except DaynightError as error:
            texts = (flagged(text) for text in (error.subject, error.fault, error.remedy))
            raise type(error)(*texts) from error

    call.translates = True  # type: ignore[attr-defined]
    return call
