"""Files that get their final name only when they are complete and on disk."""

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
"""Bytes to keep free for attributes, and for what other writers take meanwhile."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder, and rename it to ``path`` when the file is on disk.

    If the block fails, the temporary file is removed and ``path`` stays as it was.

    Raises:
        OSError: the file can't be flushed or renamed.
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
    """Check that there is disk space for a file of ``size`` bytes.

    Some writers don't survive a full disk: libpng's reports nothing, and libjpeg's ends the process.

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
    """Wait until the content is on disk: otherwise a crash after the rename could leave an empty frame."""
    descriptor = os.open(path, os.O_RDWR)  # Windows flushes only files open for writing
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
