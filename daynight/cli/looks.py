"""``daynight looks``: the looks that ``--to`` takes."""

from __future__ import annotations

import click

from daynight.cli.options import strict_plugins_option


@click.command("looks")
@strict_plugins_option
def command(strict_plugins: bool) -> None:
    """List the looks."""
    from daynight.cli import warn
    from daynight.plugin.registry import Registry

    looks = Registry.load(warn=warn, strict=strict_plugins).looks
    width = max((len(name) for name in looks), default=0)
    for name in sorted(looks):
        click.echo(f"{name:<{width}}  {looks[name].summary}  [{looks[name].origin}]")
