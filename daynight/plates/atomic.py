"""Files that have their final name only when they are whole and on disk."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MARGIN: Final = 2**20
"""Space, in bytes, for attributes and for what other writers take meanwhile."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Return a temporary name in the same folder, and rename it when the file is on disk.

    If the block fails the temporary file is removed and ``path`` stays as it was.

    Raises:
        OSError: the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_space(folder: Path, size: int) -> None:
    """Refuse to begin a file of ``size`` bytes that the disk may not hold.

    Some writers don't tell when it is full: libpng's reports nothing then, and libjpeg's ends the process.

    Raises:
        OSError: there may be too little space.
    """
    if shutil.disk_usage(folder).free < size + _MARGIN:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def require_end(path: Path, marker: bytes) -> None:
    """Check that a file ends in its format's end marker: the disk may have run full while it was written.

    Raises:
        OSError: it does not.
    """
    if marker:
        with path.open("rb") as written:
            written.seek(-len(marker), os.SEEK_END)
            if written.read() != marker:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _flush(path: Path) -> None:
    """Wait until the content is on disk: else a crash after the rename could leave an empty frame."""
    descriptor = os.open(path, os.O_RDWR)  # Windows flushes only what may be written
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
