"""Tell apart stored objects of other classes: a digest of the fields of a dataclass and of those inside it."""

import hashlib
from dataclasses import fields, is_dataclass
from functools import cache
from typing import get_args, get_type_hints


@cache
def shape_of(root: type) -> str:
    """Return a digest of the names and fields of a dataclass and of those inside it.

    A stored object of another shape may load without an error, with fields that are missing or exchanged.
    """
    found: dict[type, tuple[str, ...]] = {}

    def collect(kind: object) -> None:
        for inner in get_args(kind):
            collect(inner)
        if isinstance(kind, type) and is_dataclass(kind) and kind not in found:
            found[kind] = tuple(one.name for one in fields(kind))
            for one in get_type_hints(kind).values():
                collect(one)

    collect(root)
    lines = sorted(f"{kind.__module__}.{kind.__qualname__} {' '.join(names)}" for kind, names in found.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
