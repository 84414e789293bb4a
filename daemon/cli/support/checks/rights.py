"""Say who should run a command that may not use a file, and whose file it is."""

import errno
import os
import pwd
from pathlib import Path
from typing import Final

DENIED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


def may_write(path: Path) -> bool:
    """Say whether this user may write a file and into its directory, which SQLite needs for its log."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def advice(path: Path, cause: int = errno.EACCES) -> str:
    """Say what to do about a path that cannot be used; `cause` is the number of the error."""
    if cause not in DENIED:
        return f"move away what is at {path}; triaged makes it again"
    owner = _owner(path)
    if owner is None or owner == os.geteuid():
        return "make the user that runs triaged its owner"
    return f"run this as the user that runs triaged; now {_name(owner)} owns {path}, and this is {_name(os.geteuid())}"


def _owner(path: Path) -> int | None:
    """Return the number of the owner of a path; None where it cannot be looked at."""
    try:
        return path.stat().st_uid
    except OSError:
        return _owner(path.parent) if path != path.parent else None


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
