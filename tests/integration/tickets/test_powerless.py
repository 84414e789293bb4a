"""Emails about a ticket that have no power: of machines, of customers, and of members with a customer's token."""

from dataclasses import replace

import pytest

from daemon.mail.token import Purpose
from daemon.store.models import InboundRow, Participant, Person, Ticket
from daemon.store.store import Store
from daemon.tickets.release import release
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.fakes import NOON
from tests.support.members import ANA, BOB, PASSED, ROSTER, address, jobs, kept, team_mark, write
from tests.support.smtp_client import Running
from tests.support.store_queries import ask, count, mark

RECEIPT = (
    "--b\r\nContent-Type: text/plain\r\n\r\nThis was read.\r\n--b\r\n"
    "Content-Type: message/disposition-notification\r\n\r\n"
    "Final-Recipient: rfc822; ana@example.com\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--"
)

INVITED = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR"


@pytest.mark.parametrize(
    ("headers", "body", "mail_from", "disposition"),
    [
        (("Auto-Submitted: auto-replied",), "I am away.", ANA, "auto-reply"),
        (("Precedence: bulk", "List-Id: <all.example.com>"), "Hello all", ANA, "list"),
        ((f"X-Triaged-Loop: {mark(1)}",), "Ours", ANA, "own"),
        ((), "I am away.", "", "auto-reply"),
        (
            ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b",),
            RECEIPT,
            "",
            "auto-reply",
        ),
        (
            ("Content-Type: multipart/report; report-type=disposition-notification; boundary=b",),
            RECEIPT,
            ANA,
            "auto-reply",
        ),
        (("Content-Type: text/calendar; method=REPLY",), INVITED, ANA, "auto-reply"),
    ],
)
def test_what_a_members_machine_sends_by_token_is_never_an_answer(
    running: Running, store: Store, headers: tuple[str, ...], body: str, mail_from: str, disposition: str
) -> None:
    raw = mail(ANA, "Re: Payment failed", body, headers=("MIME-Version: 1.0", *headers))
    write(running, raw, address(team_mark()), mail_from=mail_from)
    assert ask(store, InboundRow.disposition)[-1] == (disposition,)
    assert jobs(store) == []
    assert ask(store, Ticket.status) == [("WAITING",)]


def test_a_holiday_note_of_an_accepted_machine_has_no_power(running: Running, store: Store) -> None:
    running.intake.identity = replace(ROSTER, accepted_machines=frozenset({"@example.com"}))
    raw = mail(ANA, "Re: Payment failed", headers=("Auto-Submitted: auto-replied",))
    write(running, raw, address(team_mark()))
    assert kept(store)[:3] == ("follow-up", "outside", False)
    assert "machine" in kept(store)[3]


def test_a_released_email_of_a_member_has_no_power(running: Running, store: Store) -> None:
    raw = mail(ANA, "Re: Payment failed", headers=("List-Id: <all.example.com>",))
    write(running, raw, address(team_mark()))
    release(running.intake, 2, "root", NOON)
    assert kept(store)[:3] == ("follow-up", "outside", False)


def test_a_members_email_with_the_customers_token_is_a_customers_and_shown_as_such(
    running: Running, store: Store
) -> None:
    write(running, mail(ANA, "Re: Payment failed", "#close"), address(mark(1)))
    disposition, role, by_team, note = kept(store)
    assert (disposition, role, by_team) == ("follow-up", "customer", False)
    assert note == f"{ANA}, who is in a team, answered with the customer's token; so this counts as a customer's email."
    assert ask(store, Ticket.status) == [("OPEN",)]
    assert count(store, Participant) == 0
    assert ask(store, Person.email, Person.verified_at)[-1] == (ANA, None)


def test_a_colleague_of_the_customer_is_shown_as_such(running: Running, store: Store) -> None:
    write(running, mail(BOB, "Re: Payment failed"), address(mark(1)), mail_from=BOB)
    assert kept(store)[3] == f"{BOB} is new on this ticket and answered with the customer's token."


def test_a_token_of_a_team_never_proves_a_customer(running: Running, store: Store) -> None:
    own = mark(1, ANN, Purpose.TEAM)
    write(running, mail(ANN, "Re: Payment failed"), address(own), mail_from=ANN)
    write(running, mail(ANA, "Re: Payment failed"), address(mark(1, ANA, Purpose.TEAM)))
    assert [proved for _, proved in ask(store, Person.email, Person.verified_at)] == [None, None]
    assert count(store, Participant) == 0


def test_a_customer_who_answers_an_email_that_went_to_the_team_stays_a_customer(running: Running, store: Store) -> None:
    """An agent forwarded the notification: its Message-ID stays in the references."""
    parents = f"<question@customer.example> <{team_mark()}.0a@example.com>"
    write(running, mail(ANN, "Re: Payment failed", references=parents), SUPPORT, mail_from=ANN)
    assert kept(store) == ("follow-up", "customer", False, "")
    assert ask(store, Ticket.status) == [("OPEN",)]


def test_a_member_without_a_token_opens_a_ticket_like_anybody_else(running: Running, store: Store) -> None:
    write(
        running, mail(ANA, "Re: Payment failed", in_reply_to="<question@customer.example>", headers=(PASSED,)), SUPPORT
    )
    assert ask(store, InboundRow.disposition, InboundRow.ticket_id)[-1] == ("ticket", 2)
