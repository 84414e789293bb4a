"""The customers of tickets that were merged into another: they hear its answers, each about their own ticket."""

from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from daemon.snapshots import MergedCustomer
from daemon.store.models import MessageRow, Person, Ticket
from daemon.store.sql import table

MESSAGE, PERSON = table(MessageRow), table(Person)
ORIGIN, SURVIVOR = table(Ticket).alias("origin"), table(Ticket).alias("survivor")
# By the messages that came with a ticket: those of one ticket are found at once.
SELECT_CUSTOMERS: Final = (
    select(ORIGIN.c.id, ORIGIN.c.reference, ORIGIN.c.subject, PERSON.c.email, PERSON.c.name)
    .distinct()
    .select_from(MESSAGE.join(ORIGIN, ORIGIN.c.id == MESSAGE.c.moved_from_id))
    .join(SURVIVOR, SURVIVOR.c.id == MESSAGE.c.ticket_id)
    .join(PERSON, PERSON.c.id == ORIGIN.c.requester_id)
    .where(MESSAGE.c.ticket_id == bindparam("ticket"), ORIGIN.c.merged_into_id == bindparam("ticket"))
    .where(SURVIVOR.c.requester_id.is_(None) | (SURVIVOR.c.requester_id != ORIGIN.c.requester_id))
    .order_by(ORIGIN.c.id)
)


def load(session: Session, ticket_id: int) -> tuple[MergedCustomer, ...]:
    """Return the requesters of the tickets that were merged into a ticket, but for its own, each with their first."""
    found: dict[str, MergedCustomer] = {}
    for row in session.execute(SELECT_CUSTOMERS, {"ticket": ticket_id}):
        if row.email:
            found.setdefault(row.email, MergedCustomer(row.email, row.name or "", row.id, row.reference, row.subject))
    return tuple(found.values())
