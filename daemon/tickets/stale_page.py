"""Say what happened to a ticket since somebody loaded its page, if they should read it before their answer goes out."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import answers
from daemon.store.models import MessageRow
from daemon.vocabulary import MessageRole, SenderKind, Status

FINISHED = (Status.RESOLVED, Status.CLOSED, Status.SPAM)


def unseen(session: Session, ticket_id: int, newest: int, status: str) -> str | None:
    """Return what the author of an answer did not see, in one sentence; None: nothing of importance.

    `newest` is the last message and `status` the status that their page showed. The ticket is locked.
    """
    ticket = answers.lock_ticket(session, ticket_id)
    if ticket.status in FINISHED and ticket.status != status:
        return f"The ticket is {ticket.status.lower()} by now."
    wrote = select(MessageRow.id).where(MessageRow.ticket_id == ticket_id, MessageRow.id > newest)
    by_customer = wrote.where(MessageRow.role == MessageRole.CUSTOMER, MessageRow.kind == SenderKind.PERSON).limit(1)
    return "The customer wrote again meanwhile." if session.execute(by_customer).one_or_none() is not None else None
