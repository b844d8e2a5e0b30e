"""The command line: one module a command, imported only when it is called."""

from __future__ import annotations

import errno
import importlib
import sys
import traceback
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

import click

from daynight.cli.flags import flagged, translate_errors
from daynight.errors import DaynightError, PluginError, nearest
from daynight.version import __version__

COMMANDS: Final = {
    "completion": "Print the shell's completion script.",
    "convert": "Convert plates to a look.",
    "dataset": "Sort, count and crop photographs to train on.",
    "doctor": "Check this installation, and say how to fix what is wrong.",
    "evaluate": "Evaluate a look by figures, beside baselines it must beat.",
    "export": "Write the network of the training run RUN as one model file.",
    "looks": "List the looks.",
    "models": "List the models.",
    "networks": "List the kinds of network that can be trained, or show one of them.",
    "plugins": "List plugins, or show a step's options.",
    "show": "Show what a model file holds: facts, card, and parity.",
    "train": "Train a night and a day network on two sets of photographs.",
}
"""Each command and its line in ``daynight --help``, so that the list needs no command's module."""


INTERRUPTED: Final = 130
"""Exit code after Ctrl-C or a farm's SIGTERM."""


class Commands(click.Group):
    """daynight's own commands, and those of plugins."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*COMMANDS, *self._plugin_commands})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import the command of this name, or take a plugin's."""
        if name in COMMANDS:
            return _own_command(name)
        return self._plugin_commands.get(name)

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest a command where one is unknown."""
        try:
            return super().resolve_command(context, arguments)
        except click.UsageError as error:
            meant = nearest(arguments[0], self.list_commands(context))
            raise click.UsageError(f"{error.message.rstrip('.')}; {meant}", context) from None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """List all commands without importing daynight's own."""
        lines = dict(COMMANDS)
        lines |= {name: command.get_short_help_str(70) for name, command in self._plugin_commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(lines.items()))

    def invoke(self, context: click.Context) -> Any:
        """Run a command; an error that a user can mend becomes one line and an exit code."""
        with _errors_in_one_line(debug="--debug" in sys.argv):
            return super().invoke(context)

    @cached_property
    def _plugin_commands(self) -> dict[str, click.Command]:
        """Commands that plugins register; daynight's own plugins have none and stay unloaded."""
        from daynight.plugin.loading import Plugins

        plugins = Plugins(warn, first_party=False)
        commands: dict[str, click.Command] = {}
        for loaded in plugins.loaded:
            with plugins.left_out_on_fault(f"plugin {loaded.plugin.name}"):
                found = plugins.registered("daynight_commands", loaded)
                commands |= _checked(found, {*COMMANDS, *commands})
        return commands


def _checked(found: Sequence[object], taken: Collection[str]) -> dict[str, click.Command]:
    """Return a plugin's commands by name; all of them fit, or none is taken."""
    commands: dict[str, click.Command] = {}
    for command in found:
        if not isinstance(command, click.Command) or not command.name:
            raise PluginError(f"command {command!r}", "is not a click command", "see docs/plugins.md")
        if command.name in taken or command.name in commands:
            raise PluginError(f"command {command.name!r}", "is registered twice", "rename one of them")
        commands[command.name] = command
    return commands


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="Turn daytime plates to night, and back.",
)
@click.version_option(__version__, prog_name="daynight")
def main() -> None:
    """Run the command line."""


def warn(message: str) -> None:
    """Print a warning to the error stream."""
    click.echo(f"warning: {flagged(message)}", err=True)


def error(message: str) -> None:
    """Print an error to the error stream."""
    click.echo(f"error: {flagged(message)}", err=True)


def _own_command(name: str) -> click.Command:
    command = importlib.import_module(f"daynight.cli.{name}").command
    assert isinstance(command, click.Command)
    return translate_errors(command)


@contextmanager
def _errors_in_one_line(*, debug: bool) -> Iterator[None]:
    try:
        yield
    except DaynightError as fault:
        if debug:
            traceback.print_exc()
        error(str(fault))
        sys.exit(fault.exit_code)
    except OSError as fault:
        if debug or fault.strerror is None or fault.errno == errno.EPIPE:
            raise
        error(f"{fault.filename or 'a file'}: {fault.strerror}; check permissions and disk space")
        sys.exit(DaynightError.exit_code)
    except KeyboardInterrupt:
        click.echo("interrupted: what was being written is finished; start again to go on", err=True)
        sys.exit(INTERRUPTED)
