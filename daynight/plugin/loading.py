"""Finding and loading plugins: by entry point, and from the folders of ``DAYNIGHT_PLUGIN_PATH``.

Light on purpose: the command line loads plugins for help with it, before numpy or pydantic.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pluggy

from daynight.errors import DaynightError, PluginError, nearest
from daynight.plugin import hookspecs

GROUP: Final = "daynight"
PATH_VARIABLE: Final = "DAYNIGHT_PLUGIN_PATH"
"""Folders with plugin files, separated as in ``PATH``."""
ALLOW_VARIABLE: Final = "DAYNIGHT_PLUGINS"
"""Names of the plugins to load beside the first-party ones; set and empty: none; not set: all."""


@dataclass(frozen=True)
class Plugin:
    """A plugin as it was found."""

    name: str
    origin: str
    """The distribution and its version, or the file."""
    first_party: bool
    load: Callable[[], Any] = field(repr=False)


@dataclass(frozen=True)
class Loaded:
    """A plugin that could be imported."""

    plugin: Plugin
    module: Any

    @property
    def summary(self) -> str:
        """First line of its docstring."""
        return (self.module.__doc__ or "").strip().partition("\n")[0]


class Plugins:
    """The plugins of this process, and what each registers.

    Args:
        warn: takes one line for each plugin that is left out.
        strict: raise instead of leaving a plugin out.
        first_party: whether daynight's own plugins are loaded too.
        environment: for the two variables; ``None``: the process's own.
    """

    def __init__(
        self,
        warn: Callable[[str], None],
        *,
        strict: bool = False,
        first_party: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._manager = pluggy.PluginManager("daynight")
        self._manager.add_hookspecs(hookspecs)
        self._warn = warn
        self._strict = strict
        self._environment = os.environ if environment is None else environment
        self.loaded: list[Loaded] = []
        self.look_files: list[Path] = []
        """Look files in the folders of ``DAYNIGHT_PLUGIN_PATH``, which need no plugin."""
        for plugin in self._found():
            if plugin.first_party and not first_party:
                continue
            with self.left_out_on_fault(f"plugin {plugin.name}"):
                self._load(plugin)

    def registered(self, hook: str, loaded: Loaded) -> list[Any]:
        """Call one hook of one plugin and give what it registers.

        Raises:
            Exception: whatever the plugin raises.
        """
        others = [module for module in self._manager.get_plugins() if module is not loaded.module]
        caller = self._manager.subset_hook_caller(hook, remove_plugins=others)
        return [thing for things in caller() for thing in things]

    @contextmanager
    def left_out_on_fault(self, subject: str) -> Iterator[None]:
        """Warn of a fault in the block, and go on after it.

        Args:
            subject: whose fault it is: a plugin, or the path of a look file or folder.

        Raises:
            PluginError: the block failed and plugins are loaded strictly.
        """
        try:
            yield
        except (Exception, SystemExit) as error:  # a stranger's code may raise anything
            refusal = _refusal(subject, error)
            if self._strict:
                raise refusal from error
            self._warn(f"{refusal}; it is left out")

    def _load(self, plugin: Plugin) -> None:
        if self._manager.has_plugin(plugin.name):
            taken = next(loaded for loaded in self.loaded if loaded.plugin.name == plugin.name)
            raise PluginError(
                f"plugin {plugin.name}",
                f"{plugin.origin} has the name of one from {taken.plugin.origin}",
                "rename one of them",
            )
        module = plugin.load()
        self._manager.register(module, plugin.name)
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError:
            self._manager.unregister(module)
            raise
        self.loaded.append(Loaded(plugin, module))

    def _found(self) -> Iterator[Plugin]:
        allowed = self._environment.get(ALLOW_VARIABLE)
        names = None if allowed is None else {name.strip() for name in allowed.split(",")} - {""}
        files, looks = self._files()
        found = [*_entry_points(), *files]
        known = [*(plugin.name for plugin in found), *(path.stem for path in looks)]
        for name in sorted((names or set()) - set(known)):
            self._warn(f"{ALLOW_VARIABLE}: there is no plugin {name!r}; {nearest(name, known)}")
        self.look_files = [path for path in looks if names is None or path.stem in names]
        for plugin in found:
            if plugin.first_party or names is None or plugin.name in names:
                yield plugin

    def _files(self) -> tuple[list[Plugin], list[Path]]:
        """Return the plugins and the look files of the folders of ``DAYNIGHT_PLUGIN_PATH``."""
        folders = [entry for entry in self._environment.get(PATH_VARIABLE, "").split(os.pathsep) if entry]
        plugins: list[Plugin] = []
        looks: list[Path] = []
        for folder in map(Path, folders):
            with self.left_out_on_fault(str(folder)):
                _require_folder(folder)
                plugins += [
                    Plugin(path.stem, str(path), False, partial(_import_file, path))
                    for path in _visible(folder, "*.py")
                ]
                looks += _visible(folder, "*.toml")
        return plugins, looks


def _entry_points() -> list[Plugin]:
    """Plugins of installed distributions, first-party ones first, in the order of their names."""
    plugins = [
        Plugin(
            point.name,
            f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed distribution",
            point.dist is not None and point.dist.name == "daynight",
            point.load,
        )
        for point in metadata.entry_points(group=GROUP)
    ]
    return sorted(plugins, key=lambda plugin: (not plugin.first_party, plugin.name))


def _refusal(subject: str, error: BaseException) -> PluginError:
    """Return any fault as one that names its subject."""
    if not isinstance(error, DaynightError):
        fault = " ".join(f"{type(error).__name__}: {error}".split())
        return PluginError(subject, f"is broken ({fault})", "mend or uninstall it")
    if subject in error.subject:
        return PluginError(error.subject, error.fault, error.remedy)
    return PluginError(subject, f"{error.subject} {error.fault}", error.remedy)


def _require_folder(folder: Path) -> None:
    if not folder.is_absolute():
        raise PluginError(
            f"{PATH_VARIABLE} entry {folder}",
            "is relative, and the current directory is never searched",
            "give its full path",
        )
    if not folder.is_dir():
        raise PluginError(f"{PATH_VARIABLE} entry {folder}", "is not a folder", "make it or take it out")


def _visible(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("_"))


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"daynight_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise PluginError(path, "is not a Python file", "rename it")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
