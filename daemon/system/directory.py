"""Prove that a directory can be written, also one that does not exist yet."""

import tempfile
from pathlib import Path


def probe(path: Path) -> None:
    """Make and remove a directory inside `path`, or inside its nearest parent that exists; raises OSError.

    Permissions are not asked for: the superuser has all of them, also on a read-only file system.
    """
    nearest = path
    while not nearest.exists() and not nearest.is_symlink() and nearest != nearest.parent:
        nearest = nearest.parent
    with tempfile.TemporaryDirectory(prefix=".triaged-", dir=nearest):
        pass
