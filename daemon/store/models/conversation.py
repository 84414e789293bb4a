"""The conversation: what team members wrote, and what became of it."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


class AnswerRow(Base):
    """An email, request or command by which a team member answers a customer, or tries to; one per message.

    `state` is an AnswerState; the first of `reasons` is a ReturnCause where it was held or returned. `message_id` is
    the message of the ticket that holds it, with `text` and `html` as the customer gets them. `author` is the address
    of the member, in lower case, `team` the team for which they act. `return_to` is the address that gets the email
    back where it is returned. `answers_delivery_id` is the delivery that the member answered, if known.

    `recipients` are the customers that get it, in lower case. `team_copied` says that its email went to the team too.
    `inline_parts` and `file_parts` are the numbers of the parts of its email that go along. `quotes_customer` says that
    the text quotes the customer already. `after_delivery_id` is the newest delivery about the ticket when it was sent:
    a member who answers that one or an earlier one did not know of this answer. `before_id` is the answer because of
    which this one was held.
    """

    __tablename__ = "answer"
    id: Id = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
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
    recipients: Mapped[list[str]] = mapped_column(default=list)
    team_copied: Mapped[bool] = mapped_column(server_default=false())
    inline_parts: Mapped[list[int]] = mapped_column(JSON, default=list)
    file_parts: Mapped[list[int]] = mapped_column(JSON, default=list)
    quotes_customer: Mapped[bool] = mapped_column(server_default=false())
    after_delivery_id: Mapped[int | None]
    before_id: Mapped[int | None]
    __table_args__ = (Index("answer_by_ticket", "ticket_id", "id"),)
