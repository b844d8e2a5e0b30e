"""Errors that a user can mend: one line that names the file, the fault and the remedy.

Only ``daynight.cli`` catches them; the exit codes are listed in ``docs/cli.md``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar

__all__ = [
    "ChainError",
    "DaynightError",
    "DeviceError",
    "ModelError",
    "PlateError",
    "PluginError",
    "UsageError",
]


class DaynightError(Exception):
    """An error that is understood: it needs no stack trace.

    Args:
        subject: what it is about: a file, an option, a step.
        fault: what is wrong with it.
        remedy: what to do about it.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, subject: object, fault: str, remedy: str) -> None:
        super().__init__(subject, fault, remedy)
        self.subject = str(subject)
        self.fault = fault
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.subject}: {self.fault}; {self.remedy}"


class UsageError(DaynightError):
    """Something that was asked for does not exist or does not fit; nothing was converted."""


class ChainError(UsageError):
    """A chain names an unknown step or option, or its steps stand in a wrong order."""


class ModelError(UsageError):
    """A model can't be loaded, or lacks facts needed to run it."""


class DeviceError(UsageError):
    """The requested device can't run here."""


class PluginError(UsageError):
    """A plugin can't be loaded, or takes a name that is taken."""


class PlateError(DaynightError):
    """A frame can't be read, converted or written; other frames are not affected."""

    exit_code = 1


def nearest(name: str, known: Iterable[str]) -> str:
    """Return what was probably meant: ``did you mean 'night'?``, else the list of known names."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(known)}" if known else "none is known"
