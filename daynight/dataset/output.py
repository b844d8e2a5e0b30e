"""The folders that results go to: apart from the photographs, and never over files of others."""

from __future__ import annotations

import csv
import os
import secrets
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from daynight.errors import UsageError
from daynight.plates import written_whole
from daynight.plates.photographs import Photograph

Mode = Literal["link", "hardlink", "copy"]

LIST: Final = "brightness.csv"
GRAPH: Final = "brightness.png"
COLUMNS: Final = ("path", "brightness", "normalised", "class")


def require_apart(source: Path, out: Path, photographs: Sequence[Photograph]) -> None:
    """Check that nothing would be written into the photographs' folder, or into one that holds any of them.

    Raises:
        UsageError: it would.
    """
    there, here = source.resolve(), out.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise UsageError(out, f"and {source} lie in one another", "choose a folder beside it")
    for photograph in photographs:
        if photograph.path.resolve().is_relative_to(here):
            raise UsageError(out, f"holds {photograph.name} of {source}", "choose another folder")


def earlier_result(out: Path) -> set[Path]:
    """Return the files of an earlier split in ``out``, according to its list; none if it has no such list."""
    try:
        with (out / LIST).open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            head, *rows = csv.reader(file)
    except (OSError, ValueError, csv.Error):
        return set()
    if tuple(head) != COLUMNS:
        return set()
    return {out / LIST, out / GRAPH} | {out / row[3] / row[0] for row in rows if len(row) == len(COLUMNS)}


def require_free(out: Path, earlier: Collection[Path], *, overwrite: bool) -> None:
    """Check that a folder holds nothing but an earlier result.

    Raises:
        UsageError: it holds other files, or a link to a folder.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(out, "is not a folder, and the results would go there", "choose another name")
    files, links = _contents(out)
    if links:
        raise UsageError(
            links[0], "is a link to a folder, whose files are not ours to replace", "remove the link"
        )
    foreign = sorted(set(files) - set(earlier))
    if foreign and not overwrite:
        others = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        named = foreign[0].relative_to(out)
        raise UsageError(out, f"already holds {named}{others}", "choose another folder, or set `overwrite`")


def _contents(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return all files below a folder, and links to folders, which are not followed."""
    files: list[Path] = []
    links: list[Path] = []
    for name, below, here in os.walk(folder):
        files += [Path(name, each) for each in here]
        links += [Path(name, each) for each in below if Path(name, each).is_symlink()]
    return files, links


def remove_earlier(out: Path, earlier: Collection[Path]) -> None:
    """Remove an earlier result's photographs, and folders that are empty then; its list is replaced later."""
    for path in set(_contents(out)[0]) & (set(earlier) - {out / LIST, out / GRAPH}):
        path.unlink()
    for side in ("day", "night"):
        for name, _, _ in os.walk(out / side, topdown=False):
            with suppress(OSError):  # not empty
                Path(name).rmdir()


def link_or_copy(source: Path, target: Path, mode: Mode) -> None:
    """Link or copy a photograph into a class's folder, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if mode == "copy":
        with written_whole(target) as temporary:
            shutil.copyfile(source, temporary)
        return
    temporary = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{target.suffix}")
    real = source.resolve()
    try:
        if mode == "hardlink":
            temporary.hardlink_to(real)
        else:
            # Between real folders: through a link, ".." would lead elsewhere.
            temporary.symlink_to(os.path.relpath(real, target.parent.resolve()))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)  # renaming one name of a file to another of it leaves both
