"""``daynight plugins``: the loaded plugins, where they come from, and the options of their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from daynight.cli.options import strict_plugins_option

if TYPE_CHECKING:
    from daynight.plugin.registry import Registry


@click.group("plugins")
def command() -> None:
    """List plugins, or show a step's options."""


@command.command("list")
@strict_plugins_option
def list_plugins(strict_plugins: bool) -> None:
    """List the plugins, each with its summary and origin."""
    registry = _registry(strict_plugins)
    width = max((len(loaded.plugin.name) for loaded in registry.plugins), default=0)
    for loaded in registry.plugins:
        click.echo(f"{loaded.plugin.name:<{width}}  {loaded.summary}  [{loaded.plugin.origin}]")


@command.command("show")
@click.argument("name")
@strict_plugins_option
def show(name: str, strict_plugins: bool) -> None:
    """Show what a step does, and its options."""
    from daynight.errors import UsageError, nearest

    steps = _registry(strict_plugins).steps
    if name not in steps:
        raise UsageError(f"step {name!r}", "is unknown", nearest(name, steps))
    step = steps[name]
    click.echo(f"{name}: {(step.__doc__ or '').strip().partition(chr(10))[0]}")
    for option, field in step.Options.model_fields.items():
        default = "required" if field.is_required() else f"default {_shown(field.get_default())}"
        click.echo(f"  {name}.{option}  {field.description or ''}  ({default})")


def _shown(value: Any) -> str:
    """Write a default as a chain file would."""
    if value is None:
        return "none"
    return str(list(value)) if isinstance(value, tuple) else repr(value)


def _registry(strict: bool) -> Registry:
    from daynight.cli import warn
    from daynight.plugin.registry import Registry

    return Registry.load(warn=warn, strict=strict)
