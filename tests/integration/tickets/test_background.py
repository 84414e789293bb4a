"""What a team learns of a customer and of a ticket, and in which language a ticket is written."""

import pytest
from sqlalchemy import select

from daemon.store.models import Ticket
from daemon.store.queries import background
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from daemon.vocabulary import Status
from tests.support.emails import inbound, mail
from tests.support.store_queries import mark


def test_the_earlier_tickets_of_a_customer_are_bounded_and_begin_with_the_newest(intake: Intake, store: Store) -> None:
    for number in range(1, background.MAX_TICKETS + 3):
        intake.accept(inbound(mail(subject=f"Question {number}", message_id=f"<{number}@customer.example>")))
    intake.accept(inbound(mail("eve@other.example", message_id="<eve@other.example>"), mail_from="eve@other.example"))
    with store.read() as session:
        assert background.of_ticket(session, 1).tickets == ()
        (first,) = background.of_ticket(session, 2).tickets
        many = background.of_ticket(session, background.MAX_TICKETS + 2).tickets
        assert background.of_ticket(session, background.MAX_TICKETS + 3).tickets == ()
    assert (first.subject, first.status) == ("Question 1", Status.OPEN)
    assert len(many) == background.MAX_TICKETS
    assert many[0].subject == f"Question {background.MAX_TICKETS + 1}"


def test_the_messages_before_one_begin_with_the_newest(intake: Intake, store: Store) -> None:
    intake.accept(inbound(mail(body="one", message_id="<1@customer.example>")))
    for number, text in ((2, "two"), (3, "three")):
        raw = mail(body=text, message_id=f"<{number}@customer.example>", in_reply_to=f"<{mark(1)}.0a@example.com>")
        intake.accept(inbound(raw))
    with store.read() as session:
        texts = [message.text.strip() for message in background.of_message(session, 1, 3).messages]
        assert background.of_message(session, 1, 1).messages == ()
    assert texts == ["two", "one"]


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        (("Content-Language: de",), "de"),
        (("Content-Language: pt-BR, en",), "pt-BR"),
        (("Content-Language: ",), ""),
        (("Content-Language: 12345",), ""),
        ((), ""),
    ],
)
def test_a_ticket_has_the_language_that_its_email_declares(
    intake: Intake, store: Store, headers: tuple[str, ...], language: str
) -> None:
    intake.accept(inbound(mail(headers=headers)))
    with store.read() as session:
        assert session.execute(select(Ticket.language)).scalar_one() == language
