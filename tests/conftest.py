"""What many tests need: shots on disk, and the command line run for real."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pictures import as_uint8, picture, write_image


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plugin of the machine's own may change a test."""
    monkeypatch.setenv("DAYNIGHT_PLUGINS", "")
    monkeypatch.delenv("DAYNIGHT_PLUGIN_PATH", raising=False)
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture(scope="session")
def kinds() -> dict[str, object]:
    """The kinds of network, by name."""
    from daynight.plugin.registry import Registry

    return Registry.load(strict=True).networks


@pytest.fixture
def as_nobody(tmp_path: Path) -> Callable[[], AbstractContextManager[None]]:
    """Root may read everything: be nobody for a while, in a folder that nobody may enter."""
    from daynight.plugin.registry import Registry

    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to(tempfile.gettempdir()) and os.access(folder, os.W_OK):
            folder.chmod(folder.stat().st_mode | 0o055)

    Registry.load(strict=True)  # nobody may not read the plugins' modules, nor what they import

    @contextmanager
    def nobody() -> Iterator[None]:
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield
        finally:
            if root:
                os.seteuid(0)

    return nobody


@pytest.fixture
def make_shot(tmp_path: Path) -> Callable[..., Path]:
    """Write a shot of 8-bit PNGs below ``tmp_path`` and give its folder."""

    def make(
        name: str = "shots/sh010", numbers: tuple[int, ...] = (1001, 1002, 1003), ext: str = "png"
    ) -> Path:
        folder = tmp_path / name
        for number in numbers:
            write_image(folder / f"{folder.name}.{number:04d}.{ext}", as_uint8(picture(seed=number % 97)))
        return folder

    return make


@pytest.fixture
def daynight() -> Callable[..., Result]:
    """Run the command line in this process."""
    from daynight.cli import main

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def daynight_process(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the installed command in a process of its own, in an empty folder."""
    empty = tmp_path / "elsewhere"
    empty.mkdir()

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("daynight")), *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=empty,
            env={**os.environ, **environment},
            timeout=120,
            check=False,
        )

    return run
