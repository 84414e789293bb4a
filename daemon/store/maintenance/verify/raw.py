"""Compare each raw email with the size and the SHA-256 of the bytes that were accepted, in bounded memory."""

import hashlib
import zlib
from collections.abc import Iterator
from typing import Final

from sqlalchemy import func, select, type_coerce
from sqlalchemy.types import NullType

from daemon.store.maintenance.verify.rule import Problem
from daemon.store.models import InboundRow
from daemon.store.store import Store

BYTES_AT_ONCE: Final = 8 * 1024 * 1024


def damaged(store: Store, low: int, high: int) -> Iterator[Problem]:
    """Yield the raw emails after `low` up to `high` that are not the accepted bytes, a few megabytes at once."""
    with store.read() as session:
        # The stored length, since a damaged `size` could make a batch of any size.
        query = select(InboundRow.id, func.length(InboundRow.raw)).where(InboundRow.id > low, InboundRow.id <= high)
        sizes = session.execute(query.where(InboundRow.raw.is_not(None)).order_by(InboundRow.id)).all()
    batch: list[int] = []
    batch_bytes = 0
    for number, size in sizes:
        batch.append(number)
        batch_bytes += size
        if batch_bytes >= BYTES_AT_ONCE:
            yield from _check(store, batch)
            batch, batch_bytes = [], 0
    yield from _check(store, batch)


def _check(store: Store, numbers: list[int]) -> Iterator[Problem]:
    with store.read() as session:
        # Without the types of the columns: SQLite may return text where bytes are declared.
        raw, size, sha256 = (
            type_coerce(column, NullType()) for column in (InboundRow.raw, InboundRow.size, InboundRow.sha256)
        )
        query = select(InboundRow.id, raw, size, sha256).where(InboundRow.id.in_(numbers)).order_by(InboundRow.id)
        rows = session.execute(query).all()
    for number, *stored in rows:
        problem = raw_problem(*stored)
        if problem:
            yield f"inbound {number}", problem


def raw_problem(raw: object, size: object, sha256: object) -> str | None:
    """Return what is wrong with a compressed email, or None. Decompresses at most one byte more than its size."""
    if not isinstance(raw, bytes) or not isinstance(size, int) or size < 0:
        return "its raw email or size is of another type than was stored"
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(raw, size + 1)
    except zlib.error as error:
        return f"its raw email does not decompress: {error}"
    if len(content) != size or not (unpacking.eof or size == 0):
        return f"its raw email has another size than the {size} bytes accepted"
    if hashlib.sha256(content).hexdigest() != sha256:
        return "its raw email is not the accepted one: the SHA-256 differs"
    return None
