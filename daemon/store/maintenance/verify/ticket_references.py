"""Check the characters of each ticket's reference: with a wrong one, nobody finds the ticket by it."""

from collections.abc import Iterator

from sqlalchemy import select

from daemon.mail.reference import is_made_by_us
from daemon.store.maintenance.verify.rule import Problem
from daemon.store.models import Ticket
from daemon.store.store import Store


def wrong(store: Store, low: int, high: int) -> Iterator[Problem]:
    """Yield the tickets after `low` up to `high` whose reference is none that we make, whatever its prefix."""
    with store.read() as session:
        query = select(Ticket.id, Ticket.reference).where(Ticket.id > low, Ticket.id <= high).order_by(Ticket.id)
        rows = session.execute(query).all()
    for number, reference in rows:
        if not is_made_by_us(str(reference)):
            yield f"ticket {number}", "has a reference that we never make: one of its characters is wrong"
