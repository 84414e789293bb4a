"""Find the email that opened a ticket, also where tickets were merged."""

from sqlalchemy import Column, ColumnElement, func, select

from daemon.store.models import MessageRow, Ticket
from daemon.store.sql import table


def first_message(ticket_id: Column[int]) -> ColumnElement[int]:
    """Return the id of the first message of a ticket as an expression; `ticket_id` is a column of the outer query.

    What came with a merged ticket is not its own. That of a merged ticket itself is among those of the survivor.
    """
    message, merged = table(MessageRow).alias(), table(Ticket).alias()
    own = select(func.min(message.c.id)).where(message.c.ticket_id == ticket_id, message.c.moved_from_id.is_(None))
    moved = select(func.min(message.c.id)).where(
        merged.c.id == ticket_id,
        message.c.ticket_id == merged.c.merged_into_id,
        message.c.moved_from_id == ticket_id,
    )
    outer = ticket_id.table
    return func.coalesce(own.correlate(outer).scalar_subquery(), moved.correlate(outer).scalar_subquery())
