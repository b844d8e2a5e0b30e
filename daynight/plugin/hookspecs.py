"""The hooks by which everything comes in: first-party steps and a stranger's alike.

A plugin is a module with functions of these names, marked ``@daynight.hookimpl``.
Each fires once, when a command first needs what it registers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from daynight.models.facts import Model
    from daynight.plugin.exporter import Exporter
    from daynight.plugin.look import LookSpec
    from daynight.plugin.network_kind import NetworkKind
    from daynight.plugin.step import BaseStep

hookspec = pluggy.HookspecMarker("daynight")
hookimpl = pluggy.HookimplMarker("daynight")


@hookspec
def daynight_steps() -> Iterable[type[BaseStep]]:  # type: ignore[empty-body]
    """Register steps of the chain, by the ``name`` of each class."""


@hookspec
def daynight_looks() -> Iterable[LookSpec]:  # type: ignore[empty-body]
    """Register looks: the values of ``to``. A look is data: a chain and the model it needs."""


@hookspec
def daynight_models() -> Iterable[Model]:  # type: ignore[empty-body]
    """Register models by name: each one ONNX file."""


@hookspec
def daynight_networks() -> Iterable[NetworkKind]:  # type: ignore[empty-body]
    """Register kinds of network to train: a generator and its discriminators, by name."""


@hookspec
def daynight_exporters() -> Iterable[type[Exporter]]:  # type: ignore[empty-body]
    """Register exporters: the targets of ``daynight export``."""


@hookspec
def daynight_commands() -> Iterable[click.Command]:  # type: ignore[empty-body]
    """Register commands of the ``daynight`` command line; the plugin is loaded to print help too."""
