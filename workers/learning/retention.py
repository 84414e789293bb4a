"""Delete old models: the one in use, the one before it and the newest ones stay."""

import re
import shutil
from pathlib import Path
from typing import Final

import structlog

from workers.learning.registry import MANIFEST, MODEL, POINTER_LOCK, PREVIOUS, Registry, RegistryError

log = structlog.get_logger(__name__)

NEWEST: Final = 10
# The names that trainings give. Whatever else lies in the directory, such as a copy, belongs to somebody else.
TRAINED: Final = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-z]{1,16}")
DELETED: Final = ".deleted-"


def delete_old(registry: Registry) -> None:
    """Delete the models that nobody needs; a failure is logged, and the next training tries again."""
    try:
        with registry.alone(POINTER_LOCK):
            hidden = [version for version in old(registry) if is_hidden(registry, version)]
            for folder in registry.directory.glob(f"{DELETED}*"):
                delete(folder)
    except (OSError, RegistryError) as error:
        log.warning("old models not deleted", reason=str(error))
        return
    if hidden:
        log.info("old models deleted", models=hidden)


def old(registry: Registry) -> list[str]:
    """Return the models that may be deleted; none while it is not known which one is in use."""
    current = registry.current()
    if current is None:
        return []
    kept = {current, registry.pointer(PREVIOUS)}
    ours = [name for name in registry.versions() if TRAINED.fullmatch(name) and is_model(registry.path(name))]
    return [name for name in ours[:-NEWEST] if name not in kept]


def is_model(folder: Path) -> bool:
    """Return whether a directory holds a model and nothing else."""
    return not folder.is_symlink() and {entry.name for entry in folder.iterdir()} == {MODEL, MANIFEST}


def is_hidden(registry: Registry, version: str) -> bool:
    """Rename a model so that no list has it, and return whether this succeeded.

    Deleting it takes longer: killed halfway, it would be listed as a damaged model.
    """
    try:
        registry.path(version).rename(registry.directory / f"{DELETED}{version}")
    except OSError as error:
        log.warning("old model not deleted", model=version, reason=error.strerror)
        return False
    return True


def delete(folder: Path) -> None:
    """Delete a directory that was renamed; it does not follow symbolic links."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        log.warning("old model not deleted", model=folder.name.removeprefix(DELETED), reason=error.strerror)
