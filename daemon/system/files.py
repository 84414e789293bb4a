"""Write files so that they survive a power loss: fsync the content, rename, fsync the directory."""

import contextlib
import os
import secrets
from pathlib import Path


def write_durably(path: Path, content: bytes, temporary: Path | None = None) -> None:
    """Write a file completely or not at all, for us alone, replacing what had its name.

    The content is first written to `temporary`, by default a hidden name beside `path`; it must be on the same file
    system and must not exist. Raises OSError and removes it when the disk does not take the content.
    """
    temporary = temporary or path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    write_new(temporary, content)
    try:
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file for us alone (mode 0600) and fsync it; the caller fsyncs the directory.

    Raises FileExistsError, or another OSError after removing the incomplete file.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def sync(path: Path) -> None:
    """Make the content of a file, or the names in a directory, durable (fsync(2)). Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
