"""``daynight models``: which models there are, and what one says of itself."""

from __future__ import annotations

from pathlib import Path

import click

from daynight.cli.options import strict_plugins_option


@click.group("models")
def command() -> None:
    """List models, or show what one says of itself."""


@command.command("list")
@strict_plugins_option
def list_models(strict_plugins: bool) -> None:
    """List the models."""
    from daynight.cli import warn
    from daynight.plugin.registry import Registry

    models = Registry.load(warn=warn, strict=strict_plugins).models
    width = max((len(name) for name in models), default=0)
    for name in sorted(models):
        click.echo(f"{name:<{width}}  {models[name].summary}  [{models[name].path.name}]")


@command.command("show")
@click.argument("file", metavar="FILE|NAME")
@strict_plugins_option
def show(file: str, strict_plugins: bool) -> None:
    """Show a model's facts and its card, as they stand in the file's own metadata."""
    from daynight.cli import warn
    from daynight.models.session import open_model
    from daynight.plugin.registry import Registry

    models = Registry.load(warn=warn, strict=strict_plugins).models
    path = models[file].path if file in models else Path(file)
    network = open_model(path, device="cpu")
    size = "any size" if network.fixed_size is None else "{1}x{0}".format(*network.fixed_size)
    click.echo(f"file: {path.name}, {path.stat().st_size / 2**20:.1f} MB, {size}\nsha256: {network.sha256}")
    facts = network.facts.model_dump()
    card = facts.pop("card")
    for key, value in facts.items():
        if value not in ("", None):
            click.echo(f"{key}: {value}")
    if card:
        click.echo(f"\n{card}")
