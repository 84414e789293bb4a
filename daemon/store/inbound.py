"""The ledger: what came in, and the state it ended in."""

import hashlib
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from daemon.mail.envelope import Envelope, Inbound
from daemon.mail.message import Message
from daemon.store.models import Event
from daemon.store.models import Inbound as InboundRow
from daemon.ticket import Disposition

# A mail without Message-ID and Date that comes again after the longest retry (RFC 5321 section 4.5.4.1) is a new mail.
RETRY = timedelta(days=5)


def add(
    session: Session,
    inbound: Inbound,
    *,
    disposition: Disposition,
    reasons: Sequence[str],
    content_key: str | None = None,
    message_id: str = "",
    ticket_id: int | None = None,
    duplicate_of: int | None = None,
    raw: bytes | None = None,
) -> int:
    """Write the ledger row of one delivery and return its id. `raw` is compressed; a duplicate keeps none."""
    envelope = inbound.envelope
    values = {
        "received_at": envelope.received_at,
        "source": inbound.source[:255],
        "peer": envelope.peer,
        "mail_from": envelope.mail_from,
        "rcpt_tos": list(envelope.rcpt_tos),
        "size": len(inbound.raw),
        "sha256": hashlib.sha256(inbound.raw).hexdigest(),
        "content_key": content_key,
        "message_id": message_id[:998],
        "disposition": disposition,
        "reasons": list(reasons),
        "ticket_id": ticket_id,
        "duplicate_of": duplicate_of,
        "raw": raw,
    }
    return session.execute(insert(InboundRow).values(values).returning(InboundRow.id)).scalar_one()


def original_of(session: Session, content_key: str, message: Message | None, now: datetime) -> tuple[int | None, str]:
    """Return the id of the delivery that brought the same mail before, or None, and the key to store.

    A mail that has neither Message-ID nor Date (a form, a script) may be sent again in earnest; after the retry time
    of the sender's mail server it counts as new, under a key of its own.
    """
    row = session.execute(
        select(InboundRow.id, InboundRow.received_at).where(InboundRow.content_key == content_key)
    ).one_or_none()
    if row is None:
        return None, content_key
    nameless = message is not None and not message.message_id and message.date is None
    if nameless and now - row.received_at > RETRY:
        return None, f"{content_key}{int(now.timestamp()):x}"
    return row.id, content_key


def note_copy(session: Session, original: int, inbound_id: int, envelope: Envelope) -> None:
    """Note on the original that a copy came, and to which addresses."""
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
    """Compress a raw mail for its row."""
    return zlib.compress(raw, 1)


def raw_of(session: Session, inbound_id: int) -> bytes:
    """Return the raw mail of a ledger row, or of its original; raises LookupError where there is none."""
    row = session.get(InboundRow, inbound_id)
    if row is not None and row.raw is None and row.duplicate_of is not None:
        row = session.get(InboundRow, row.duplicate_of)
    if row is None or row.raw is None:
        raise LookupError(f"no raw mail is stored for inbound {inbound_id}")
    return zlib.decompress(row.raw)


def load(session: Session, inbound_id: int) -> Inbound:
    """Return a stored delivery as it came; raises LookupError where there is none."""
    row = session.get(InboundRow, inbound_id)
    if row is None:
        raise LookupError(f"no inbound {inbound_id}")
    envelope = Envelope(row.mail_from, tuple(row.rcpt_tos), row.peer, row.received_at)
    return Inbound(envelope, raw_of(session, inbound_id), row.source)


def settle(
    session: Session, inbound_id: int, disposition: Disposition, reasons: Sequence[str], ticket_id: int | None
) -> None:
    """Give a ledger row the state in which it ends."""
    session.execute(
        update(InboundRow)
        .where(InboundRow.id == inbound_id)
        .values(disposition=disposition, reasons=list(reasons), ticket_id=ticket_id)
    )
