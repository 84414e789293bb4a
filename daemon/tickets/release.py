"""Release an email that was screened out: admit it again as if a person wrote it, and undo what it did as a machine's.

It opens a ticket or joins the one that its evidence names. It is never acknowledged automatically: what made it look
like a machine's email still stands, and an answer to a machine may start a loop. The team is notified and can answer.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from daemon.store import events, ledger, tickets
from daemon.store.models import InboundRow, MessageRow
from daemon.tickets import bounces, status
from daemon.tickets.action_base import notify
from daemon.tickets.admission import Receipt, admit
from daemon.tickets.disposition import PreparedEmail
from daemon.tickets.intake import Intake
from daemon.vocabulary import SCREENED_OUT, Disposition, Screening, SenderKind, Status, Subject, SubjectKind


class ReleaseError(ValueError):
    """An email cannot be released; the message says why."""


def release(intake: Intake, inbound_id: int, actor: str, now: datetime) -> Receipt:
    """Admit a screened-out email as if a person wrote it; return what became of it. Raises ReleaseError, LookupError.

    An email that our own code fails on is parked.
    """

    def write(session: Session, email: PreparedEmail) -> Receipt:
        row = session.get(InboundRow, inbound_id, with_for_update=True)
        was = _releasable(row, inbound_id)
        reason = f"released by {actor}"
        bounces.undo(session, inbound_id)
        receipt = _shown_already(session, inbound_id, reason, now)
        if receipt is None:
            receipt = admit(session, [_from_person(email, reason)], intake.identity)[0]
        events.add(
            session, "email released", now, ticket_id=receipt.ticket_id, inbound_id=inbound_id, actor=actor, was=was
        )
        return receipt

    return intake.readmit(inbound_id, write, now)


def _releasable(row: InboundRow | None, inbound_id: int) -> str:
    """Return the state from which an email is released."""
    if row is None:
        raise LookupError(f"no inbound {inbound_id}")
    if row.duplicate_of is not None:
        raise ReleaseError(f"is a copy of email {row.duplicate_of}; release that one")
    if row.disposition not in SCREENED_OUT:
        raise ReleaseError(f"is not screened out; its disposition is {row.disposition}")
    return row.disposition


def _from_person(email: PreparedEmail, reason: str) -> PreparedEmail:
    """Return the email as if a person wrote it: it is no report of a bounce either."""
    if email.analysis is None:
        return email
    screening = Screening(SenderKind.PERSON, acknowledge=False, reasons=(reason, *email.analysis.screening.reasons))
    return replace(email, analysis=replace(email.analysis, screening=screening, dsn=None))


def _shown_already(session: Session, inbound_id: int, reason: str, now: datetime) -> Receipt | None:
    """Turn an automatic reply that is shown on its ticket into a follow-up; None if the email is on no ticket.

    Nobody becomes a participant: a release is no evidence of who wrote.
    """
    columns = (MessageRow.id, MessageRow.ticket_id, MessageRow.moved_from_id)
    query, was = select(*columns).where(MessageRow.inbound_id == inbound_id), ""
    message, locked = session.execute(query).one_or_none(), None
    # A merge or a split may have moved it while we waited for the lock.
    while message is not None and message.ticket_id != locked:
        was, locked = tickets.lock_status(session, message.ticket_id), message.ticket_id
        message = session.execute(query).one_or_none()
    if message is None:
        return None
    session.execute(update(MessageRow).where(MessageRow.id == message.id).values(kind=SenderKind.PERSON))
    # The ledger keeps the ticket that an email came to.
    ledger.settle(session, inbound_id, Disposition.FOLLOW_UP, [reason], message.moved_from_id or message.ticket_id)
    tickets.touch(session, message.ticket_id, now, reopen=True)
    status.note_email(session, message.ticket_id, inbound_id, was, Status.OPEN, now)
    offer = notify(session, Subject(SubjectKind.MESSAGE, message.id), now)
    reference = tickets.reference_of(session, message.ticket_id)
    return Receipt(inbound_id, Disposition.FOLLOW_UP, reference, message.ticket_id, (offer,))
