"""Write files so that they survive a power loss (fsync, rename, fsync the directory) and only we can read them."""

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
# Directories that hold what belongs to others, even if we run as their owner, root.
SHARED: Final = frozenset({"/", "/home", "/usr", "/usr/local", "/var", "/var/lib", "/var/spool"})


def create_privately() -> None:
    """Let every file and directory that this process creates be for us alone, whatever umask it inherited."""
    os.umask(OTHERS)


def make_private(directory: Path) -> None:
    """Take the rights of others on a directory away, and on the files and folders in it that triaged makes.

    What belongs to another user is left alone, and so is a directory that others need, such as /tmp. Never raises.
    """
    if str(directory.resolve()) not in SHARED:
        _take_rights(directory)
    for pattern in ("*.db", "*.lock"):
        for path in directory.glob(pattern):
            _take_rights(path)
    for folder in ("models", "outgoing"):
        for root, folders, names in os.walk(directory / folder):
            for path in (Path(root), *(Path(root, name) for name in (*folders, *names))):
                _take_rights(path)


def is_private(path: Path) -> bool:
    """Return whether only its owner has rights on an existing file or directory. Raises OSError."""
    return not path.stat().st_mode & OTHERS


def _take_rights(path: Path) -> None:
    with contextlib.suppress(OSError):
        found = path.lstat()
        wanted = found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode) and not found.st_mode & stat.S_ISVTX
        if wanted and found.st_mode & OTHERS:
            path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)


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
