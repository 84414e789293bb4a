"""What a team learns of a customer and of a ticket, and in which language a ticket is written."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from daemon.store.models import Participant, Ticket
from daemon.store.queries import background, snapshots
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from daemon.vocabulary import MailKind, Status, Subject, SubjectKind
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON
from tests.support.members import BOB
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
    ("until", "answered"),
    [(None, True), (NOON + timedelta(seconds=1), True), (NOON, True), (NOON - timedelta(seconds=1), False)],
)
def test_who_left_a_conversation_before_they_wrote_again_is_not_said_to_be_answered(
    intake: Intake, store: Store, until: datetime | None, *, answered: bool
) -> None:
    intake.accept(inbound(mail(message_id="<1@customer.example>")))
    # With Ann's token, and without an email of hers: Bob takes part no longer than he did before.
    raw = mail(BOB, "Re: Payment failed", to=f"support+{mark(1)}@example.com", message_id="<2@customer.example>")
    intake.accept(inbound(raw, mail_from=BOB, rcpt_tos=(f"support+{mark(1)}@example.com",)))
    with store.read() as session:
        shown = snapshots.load_one(session, Subject(SubjectKind.MESSAGE, 2))
        assert background.of_email(session, MailKind.FOLLOW_UP, shown).author_is_answered is False
    store.write(lambda session: session.add(Participant(ticket_id=1, person_id=2, until=until)))
    with store.read() as session:
        assert background.of_email(session, MailKind.FOLLOW_UP, shown).author_is_answered is answered


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
