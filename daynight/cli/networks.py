"""``daynight networks``: the kinds of network that can be trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from torch import nn

    from daynight.plugin.network_kind import NetworkKind


@click.group("networks")
def command() -> None:
    """List the kinds of network that can be trained, or show one of them."""


@command.command("list")
def list_networks() -> None:
    """List all kinds of network."""
    from daynight.cli import warn
    from daynight.plugin.registry import Registry

    for kind in Registry.load(warn=warn).networks.values():
        click.echo(f"{kind.name:<12} {kind.summary}")


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Show a kind's networks with their parameter counts, and the picture sizes that they take."""
    from daynight.cli import warn
    from daynight.errors import UsageError, nearest
    from daynight.plugin.registry import Registry
    from daynight.training import require_torch

    kinds = Registry.load(warn=warn).networks
    if name not in kinds:
        raise UsageError(f"network {name!r}", "is unknown", nearest(name, kinds))
    require_torch()
    for line in _described(kinds[name]):
        click.echo(line)


def _described(kind: NetworkKind) -> list[str]:
    output = {"pixels": "pictures", "maps": "stops and emission"}.get(kind.output, kind.output)
    field = f"radius {kind.radius} px" if kind.radius is not None else "the whole frame"
    exact = "exact" if kind.exact_tiling else "not exact"
    return [
        f"{kind.name}: {kind.summary}",
        f"  generator            {parameter_count(kind.generator()):>12,} parameters",
        *(
            f"  discriminator {part:<7}{parameter_count(network):>12,} parameters"
            for part, network in kind.discriminators().items()
        ),
        f"  returns {output}; sides are multiples of {kind.size_multiple} px, {kind.least_side} px or more",
        f"  sees {field}; {exact} in tiles",
    ]


def parameter_count(network: nn.Module) -> int:
    """Count a network's parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
