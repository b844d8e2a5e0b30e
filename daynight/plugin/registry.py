"""The tables of what there is: steps, looks, models, networks and exporters, each by name."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from daynight.errors import PluginError
from daynight.models.facts import Model
from daynight.plugin.exporter import Exporter
from daynight.plugin.loading import Loaded, Plugins
from daynight.plugin.look import LookSpec, read_look
from daynight.plugin.network_kind import NetworkKind
from daynight.plugin.step import BaseStep, Step, WindowStep


@dataclass
class Registry:
    """What the loaded plugins registered."""

    steps: dict[str, type[BaseStep]] = field(default_factory=dict)
    looks: dict[str, LookSpec] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    networks: dict[str, NetworkKind] = field(default_factory=dict)
    exporters: dict[str, type[Exporter]] = field(default_factory=dict)
    plugins: list[Loaded] = field(default_factory=list)

    @classmethod
    def load(cls, *, warn: Callable[[str], None] | None = None, strict: bool = False) -> Registry:
        """Load all plugins and sort what they register.

        Args:
            warn: takes one line for each plugin that is left out; ``None``: a Python warning.
            strict: raise instead of leaving a plugin out.

        Raises:
            PluginError: a plugin is broken and ``strict`` is set.
        """
        plugins = Plugins(warn or python_warning, strict=strict)
        registry = cls()
        for loaded in plugins.loaded:
            with plugins.left_out_on_fault(f"plugin {loaded.plugin.name}"):
                registry.add(loaded, plugins)
        for path in plugins.look_files:
            with plugins.left_out_on_fault(str(path)):
                registry.looks |= _named("look", registry.looks, [read_look(path)], _is_look)
        return registry

    def add(self, loaded: Loaded, plugins: Plugins) -> None:
        """Add all that a plugin registers; on a fault, none of it.

        Raises:
            PluginError: a name is taken, or a thing is not of its kind.
        """
        kinds: list[tuple[str, dict[str, Any], Callable[[Any], bool]]] = [
            ("step", self.steps, _is_step),
            ("look", self.looks, _is_look),
            ("model", self.models, lambda thing: isinstance(thing, Model)),
            ("network", self.networks, lambda thing: isinstance(thing, NetworkKind)),
            ("exporter", self.exporters, _is_exporter),
        ]
        new = [
            _named(kind, table, plugins.registered(f"daynight_{kind}s", loaded), fits)
            for kind, table, fits in kinds
        ]
        for (_, table, _), things in zip(kinds, new, strict=True):
            table.update(things)
        for name in new[1]:
            self.looks[name] = dataclasses.replace(self.looks[name], origin=loaded.plugin.origin)
        self.plugins.append(loaded)


def _named(
    kind: str, table: Mapping[str, Any], things: Iterable[Any], fits: Callable[[Any], bool]
) -> dict[str, Any]:
    """Return things by their names, each of its kind and each name free."""
    named: dict[str, Any] = {}
    for thing in things:
        if not fits(thing):
            raise PluginError(f"{kind} {thing!r}", f"is not a {kind}", "see docs/plugins.md")
        if thing.name in table or thing.name in named:
            raise PluginError(f"{kind} {thing.name!r}", "is registered twice", "rename one of them")
        named[thing.name] = thing
    return named


def _is_step(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Step | WindowStep)


def _is_look(thing: Any) -> bool:
    return isinstance(thing, LookSpec)


def _is_exporter(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Exporter)


def python_warning(message: str) -> None:
    """Warn a program, as ``warn`` warns a user."""
    warnings.warn(message, stacklevel=3)
