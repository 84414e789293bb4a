"""Similar tickets: the meaning of each ticket as a vector, and the earlier tickets that teams were shown."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base


class TicketVector(Base):
    """The vector of a ticket's first email, a signed byte for each number; goes with its ticket.

    `encoder` is the name of what made it: vectors of two encoders are not comparable.
    """

    __tablename__ = "ticket_vector"
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    encoder: Mapped[str] = mapped_column(String(100))
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class SimilarRow(Base):
    """The earlier tickets that are similar to the ticket of a decision, as its team was shown them; three at most.

    `found` has an object for each, with the fields of SimilarTicket. They are kept as they were shown, so that they
    are recognised in an answer that quotes them.
    """

    __tablename__ = "similar"
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id", ondelete="CASCADE"), primary_key=True)
    found: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
