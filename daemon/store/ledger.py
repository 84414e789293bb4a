"""The ledger: every received email and its disposition."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from daemon.mail.envelope import Envelope, Inbound
from daemon.store.models import Event, InboundRow
from daemon.store.sql import WRITER, BulkInsert, indexable, table
from daemon.vocabulary import Disposition, EarlierDelivery

INBOUND = table(InboundRow)
INSERT_INBOUND = BulkInsert.to(INBOUND)
SELECT_SAME_EMAILS = select(INBOUND.c.id, INBOUND.c.content_key, INBOUND.c.received_at).where(
    INBOUND.c.content_key.in_(bindparam("keys", expanding=True))
)
# A copy that counts as new has the key of the original, followed by its time in hexadecimal digits.
AFTER_HEX = "g"
SELECT_NEWEST_COPY = (
    select(INBOUND.c.id, INBOUND.c.received_at)
    .where(INBOUND.c.content_key >= bindparam("key"), INBOUND.c.content_key < bindparam("end"))
    .order_by(INBOUND.c.id.desc())
    .limit(1)
)
LOCK_STATES = (
    select(INBOUND.c.id, INBOUND.c.disposition)
    .where(INBOUND.c.id.in_(bindparam("emails", expanding=True)))
    .order_by(INBOUND.c.id)
    .with_for_update()
)


# As text: the same words on both databases, while SQLAlchemy has an insert for each.
ADD_TO_COUNT = text(
    "INSERT INTO ledger_count (block, writer, emails, id_sum) VALUES (:block, :writer, :emails, :id_sum)"
    " ON CONFLICT (block, writer) DO UPDATE"
    " SET emails = ledger_count.emails + excluded.emails, id_sum = ledger_count.id_sum + excluded.id_sum"
)
# Ids of emails are counted in blocks of this size: small enough to name what is missing, and rarely a new row.
BLOCK: Final = 1000


@dataclass(frozen=True, slots=True)
class NewLedgerRow:
    """A new ledger row. `raw` is the compressed email; a duplicate has neither `raw` nor a content key."""

    inbound: Inbound
    disposition: Disposition
    reasons: Sequence[str]
    content_key: str | None
    message_id: str
    ticket_id: int | None
    duplicate_of: int | None
    raw: bytes | None


def add(session: Session, entries: Sequence[NewLedgerRow]) -> Sequence[int]:
    """Add ledger rows, count them, and return their ids, in order."""
    ids = INSERT_INBOUND.rows(session, [_row(entry) for entry in entries])
    if ids:
        _count(session, ids)
    return ids


def _count(session: Session, ids: Sequence[int]) -> None:
    """Count emails in the transaction that adds them, so that a row that vanishes is missed."""
    emails, sums = Counter(i // BLOCK for i in ids), Counter[int]()
    for i in ids:
        sums[i // BLOCK] += i
    writer = session.info.get(WRITER, "other")
    for block, number in emails.items():
        counted = {"block": block, "writer": writer, "emails": number, "id_sum": sums[block]}
        session.execute(ADD_TO_COUNT, counted)


def _row(entry: NewLedgerRow) -> dict[str, Any]:
    envelope = entry.inbound.envelope
    return {
        "received_at": envelope.received_at,
        "source": entry.inbound.source[:255],
        "peer": envelope.peer,
        "mail_from": envelope.mail_from,
        "rcpt_tos": list(envelope.rcpt_tos),
        "size": len(entry.inbound.raw),
        "sha256": hashlib.sha256(entry.inbound.raw).hexdigest(),
        "content_key": entry.content_key,
        "message_id": indexable(entry.message_id),
        "disposition": entry.disposition,
        "reasons": list(entry.reasons),
        "ticket_id": entry.ticket_id,
        "duplicate_of": entry.duplicate_of,
        "raw": entry.raw,
    }


def originals(session: Session, content_keys: Sequence[str]) -> dict[str, EarlierDelivery]:
    """Return the earlier deliveries of emails, by content key."""
    rows = session.execute(SELECT_SAME_EMAILS, {"keys": content_keys})
    return {row.content_key: EarlierDelivery(row.id, row.received_at) for row in rows}


def newest(session: Session, content_key: str) -> EarlierDelivery:
    """Return the newest delivery of an email, counted as new or not; raises NoResultFound if there is none."""
    row = session.execute(SELECT_NEWEST_COPY, {"key": content_key, "end": content_key + AFTER_HEX}).one()
    return EarlierDelivery(row.id, row.received_at)


def note_copy(session: Session, original: int, inbound_id: int, envelope: Envelope) -> None:
    """Add an event to the original: a copy was received, for these addresses."""
    row = session.execute(select(InboundRow.ticket_id).where(InboundRow.id == original)).one()
    session.execute(
        insert(Event).values(
            at=envelope.received_at,
            kind="copy received",
            ticket_id=row.ticket_id,
            inbound_id=original,
            data={"copy": inbound_id, "rcpt_tos": list(envelope.rcpt_tos)},
        )
    )


def pack(raw: bytes) -> bytes:
    """Compress a raw email for its row."""
    return zlib.compress(raw, 1)


def raw_of(session: Session, inbound_id: int) -> bytes:
    """Return the raw email of a ledger row, or of its original; raises LookupError if there is none."""
    row = session.get(InboundRow, inbound_id)
    if row is not None and row.raw is None and row.duplicate_of is not None:
        row = session.get(InboundRow, row.duplicate_of)
    if row is None or row.raw is None:
        raise LookupError(f"no raw email is stored for inbound {inbound_id}")
    return zlib.decompress(row.raw)


def load(session: Session, inbound_id: int) -> Inbound:
    """Return an email as it was received; raises LookupError if there is none."""
    row = session.get(InboundRow, inbound_id)
    if row is None:
        raise LookupError(f"no inbound {inbound_id}")
    envelope = Envelope(row.mail_from, tuple(row.rcpt_tos), row.peer, row.received_at)
    return Inbound(envelope, raw_of(session, inbound_id), row.source)


def lock(session: Session, inbound_ids: Sequence[int]) -> dict[int, Disposition]:
    """Return the states of emails, which nobody else changes until the transaction ends."""
    rows = session.execute(LOCK_STATES, {"emails": inbound_ids})
    return {row.id: Disposition(row.disposition) for row in rows}


def settle(
    session: Session, inbound_id: int, disposition: Disposition, reasons: Sequence[str], ticket_id: int | None
) -> None:
    """Set the disposition of a ledger row."""
    session.execute(
        update(InboundRow)
        .where(InboundRow.id == inbound_id)
        .values(disposition=disposition, reasons=list(reasons), ticket_id=ticket_id)
    )
