"""On the command line a message names flags, and in Python the fields that they set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result
from pictures import convert

from daynight.cli.flags import flagged
from daynight.errors import UsageError


@click.command()
@click.option("--max-pixels", "max_pixels")
@click.option("--to", "-t", "to")
@click.option("--set", "settings", multiple=True)
def command() -> None:
    """A command with a few options."""


TEXTS = {
    "a name": ("raise `max_pixels` if so", "raise --max-pixels if so"),
    "with its value": ("`to=nigth`: is unknown", "--to nigth: is unknown"),
    "with an empty value": ("`to=`: is empty", "--to '': is empty"),
    "a setting": ("`size=63`: must be a multiple of 8", "--set size=63: must be a multiple of 8"),
    "two": ("give `to` or `max_pixels`", "give --to or --max-pixels"),
    "none": ("a `b c` d", "a `b c` d"),
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.values(), ids=TEXTS)
def test_fields_become_flags(text: str, expected: str) -> None:
    assert flagged(text, click.Context(command)) == expected


def test_a_command_without_the_option_keeps_its_name() -> None:
    bare = click.Command("bare")
    assert flagged("raise `max_pixels`; `to=x`", click.Context(bare)) == "raise max_pixels; to=x"


def test_python_hears_of_the_field_and_the_command_line_of_the_flag(
    daynight: Callable[..., Result], make_shot: Callable[..., Path]
) -> None:
    folder = make_shot("sh")
    with pytest.raises(UsageError, match="`ext=webm`: can't be written"):
        convert(folder, "passthrough", ext="webm")
    result = daynight("convert", folder, "--to", "passthrough", "--ext", "webm")
    assert result.stderr.startswith("error: --ext webm: can't be written")


def test_a_frames_fault_names_the_flag(
    daynight: Callable[..., Result], make_shot: Callable[..., Path]
) -> None:
    folder = make_shot("sh")
    result = daynight("convert", folder, "--to", "passthrough", "--max-pixels", "9", "--out", folder / "o")
    assert result.exit_code == 1
    assert "raise --max-pixels if that is right" in result.stderr
