"""The options of ``daynight convert``, made from the fields of a job."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import annotated_types
import click
from click.core import ParameterSource

from daynight.cli.options import FilePath, Name
from daynight.job import GROUPS, OPTIONS, Job

Command = TypeVar("Command", bound=Callable[..., Any])

_FLAGS: Final = {"settings": "--set"}
"""Flags that are not their field's name."""
_OTHERS: Final = "this command"


class JobCommand(click.Command):
    """A command whose help lists a job's options by their groups, and its own after them."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections Look, Plates, Results, Run, and the command's own."""
        sections: dict[str, list[tuple[str, str]]] = {each: [] for each in (*GROUPS, _OTHERS)}
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context)
            option = OPTIONS.get(parameter.name or "")
            if isinstance(parameter, click.Argument) and option:
                record = (parameter.make_metavar(context), option.help)
            if record:
                sections[option.group if option else _OTHERS].append(record)
        for title, records in sections.items():
            with formatter.section(title.capitalize()):
                formatter.write_dl(records)


def job_options(command: Command) -> Command:
    """Add an option for each field of a job to a command; its sources are the command's arguments."""
    for option in reversed(list(_options())):
        command = option(command)
    return command


def given(context: click.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Return the job's fields that were given on the command line, and not by default."""
    sources = {name: context.get_parameter_source(name) for name in values}
    return {
        name: value
        for name, value in values.items()
        if name in OPTIONS and sources[name] is not ParameterSource.DEFAULT and value != ()
    }


def _options() -> Iterator[Callable[[Any], Any]]:
    hints = get_type_hints(Job, include_extras=True)
    defaults = {field.name: field.default for field in dataclasses.fields(Job)}
    for name, option in OPTIONS.items():
        flag = _FLAGS.get(name, "--" + name.replace("_", "-"))
        if name == "sources":
            yield click.argument(name, metavar="SOURCE...", nargs=-1, type=FilePath())
        elif name == "settings":
            yield click.option(flag, name, multiple=True, metavar=option.metavar, help=option.help)
        elif defaults[name] is False:
            yield click.option(flag, name, is_flag=True, help=option.help)
        else:
            default = defaults[name]
            yield click.option(
                flag,
                name,
                type=_type(name, hints[name]),
                metavar=option.metavar,
                default=default,
                show_default=default is not None,
                help=option.help,
            )


def _type(name: str, hint: Any) -> click.ParamType[Any]:
    """Return the type of an option's value, from its field's annotation."""
    kind, *metadata = get_args(hint)
    bounds = [bound for each in metadata for bound in getattr(each, "metadata", ())]
    least: Any = next((each.ge for each in bounds if isinstance(each, annotated_types.Ge)), None)
    most: Any = next((each.le for each in bounds if isinstance(each, annotated_types.Le)), None)
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if OPTIONS[name].path == "always":
        return FilePath()
    for each in kinds:
        if get_origin(each) is Literal:
            return click.Choice(get_args(each))
        if each is float:
            return click.FloatRange(least, most)
        if each is int:
            return click.IntRange(least, most)
    return Name()
