"""The conversation: what team members wrote, and what became of it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


class AnswerRow(Base):
    """An email, request or command by which a team member answers a customer, or tries to.

    `state` is an AnswerState; `reasons` say why it was held or returned. `message_id` is the message of the ticket that
    holds it, with `text` and `html` as the customer gets them. `author` is the address of the member, in lower case,
    `team` the team for which they act. `return_to` is the address that gets the email back where it is returned.
    `answers_delivery_id` is the delivery that the member answered, if known.
    """

    __tablename__ = "answer"
    id: Id = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    reasons: Mapped[list[str]]
    author: Mapped[str] = mapped_column(String(320))
    team: Mapped[str] = mapped_column(String(64))
    return_to: Mapped[str | None] = mapped_column(String(320))
    text: Mapped[str]
    html: Mapped[str]
    answers_delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    __table_args__ = (Index("answer_by_ticket", "ticket_id", "id"),)
