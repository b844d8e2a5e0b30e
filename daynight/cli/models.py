"""``daynight models``: the models that can be used by name."""

from __future__ import annotations

import click

from daynight.cli.options import strict_plugins_option


@click.command("models")
@strict_plugins_option
def command(strict_plugins: bool) -> None:
    """List the models."""
    from daynight.cli import warn
    from daynight.plugin.registry import Registry

    models = Registry.load(warn=warn, strict=strict_plugins).models
    width = max((len(name) for name in models), default=0)
    for name in sorted(models):
        click.echo(f"{name:<{width}}  {models[name].summary}  [{models[name].path.name}]")
