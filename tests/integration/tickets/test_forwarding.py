"""A member forwards a customer's email with #new: a ticket for the customer, or the question who they are."""

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from sqlalchemy import update

from daemon.mail.roster import Team
from daemon.store.models import AnswerRow, AttachmentRow, Event, InboundRow, Job, MessageRow, Person, Ticket
from daemon.store.queries import snapshots
from daemon.store.store import Store
from daemon.tickets.last_email import people_of_last_email
from daemon.tickets.rulings import FORWARDED
from daemon.vocabulary import Authentication, Subject, SubjectKind
from tests.support.emails import SUPPORT, inbound, mail
from tests.support.fakes import NOON
from tests.support.forward_forms import FORMS
from tests.support.smtp_client import POLICY, Running
from tests.support.store_queries import ask, count

ANA = "ana@example.com"
CUSTOMER = "ann@shop.example"
PAYMENTS = Team.of("PAYMENTS", "payments@example.com", (ANA,))
PASSED = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com"
FORWARD = f"{FORMS['gmail english'].text}My card is refused."
ROSTER = replace(
    POLICY,
    teams=(PAYMENTS,),
    trusted_networks=(ipaddress.ip_network("127.0.0.0/8"),),
    trusted_authserv_ids=frozenset({"mx.example.com"}),
)


@pytest.fixture
def running(store: Store) -> Iterator[Running]:
    with Running(store) as listening:
        listening.intake.identity = ROSTER
        yield listening


def demand(running: Running, authentication: Authentication) -> None:
    conversation = replace(ROSTER.conversation, authentication=authentication)
    running.intake.identity = replace(ROSTER, conversation=conversation)


def write(running: Running, text: str, *, passed: bool = True, sender: str = ANA) -> None:
    raw = mail(sender, "Fwd: Cannot pay", text.replace("\n", "\r\n"))
    raw = PASSED.encode() + b"\r\n" + raw if passed else raw
    with running.client() as client:
        assert client.hello().deliver(raw, SUPPORT, mail_from=sender).startswith("250")


def requesters(store: Store) -> list[str | None]:
    names = dict(ask(store, Person.id, Person.email))
    return [names.get(person) for (person,) in ask(store, Ticket.requester_id)]


def note(store: Store, message_id: int = 1) -> str:
    with store.read() as session:
        return snapshots.load_one(session, Subject(SubjectKind.MESSAGE, message_id)).message.note


def jobs(store: Store) -> list[tuple[str, str]]:
    return [(kind, subject.kind) for kind, subject in ask(store, Job.kind, Job.subject)]


def test_the_ticket_is_for_the_original_author_with_their_words_and_date(running: Running, store: Store) -> None:
    write(running, f"#new\nShe called twice.\n\n{FORWARD}")
    assert requesters(store) == [CUSTOMER]
    assert ask(store, Ticket.subject) == [("Cannot pay",)]
    opening, own_words = ask(store, MessageRow.text, MessageRow.role, MessageRow.acknowledge, MessageRow.by_team)
    assert opening == ("My card is refused.\n", "customer", False, False)
    assert (own_words[0], own_words[1]) == ("She called twice.", "note")
    assert ask(store, MessageRow.created_at)[0] == (datetime(2026, 3, 2, 10, 15, tzinfo=UTC),)
    assert ask(store, InboundRow.disposition, InboundRow.ticket_id) == [("ticket", 1)]
    assert f"{ANA} forwarded this email of 2026-03-02 10:15 UTC from {CUSTOMER}." in note(store)
    assert jobs(store) == [("triage", "ticket")]


def test_it_is_acknowledged_only_if_a_member_who_is_certain_says_so(running: Running, store: Store) -> None:
    write(running, f"#new\n#ack\n{FORWARD}")
    write(running, f"#new\n#ack\n\n{FORWARD} Again.", passed=False)
    assert [row[0] for row in ask(store, MessageRow.acknowledge)] == [True, False]


def test_without_proof_a_ticket_opens_where_the_token_proves_members_and_the_team_is_warned(
    running: Running, store: Store
) -> None:
    write(running, f"#new\n{FORWARD}", passed=False)
    assert requesters(store) == [CUSTOMER]
    assert "anybody can write this address into From" in note(store)


def test_without_the_proof_that_is_demanded_it_is_an_email_like_anybody_elses(running: Running, store: Store) -> None:
    demand(running, Authentication.DMARC)
    write(running, f"#new\n{FORWARD}", passed=False)
    assert requesters(store) == [ANA]
    assert "by #new, which was not done: no mail server that we trust confirmed" in note(store)
    assert count(store, AnswerRow) == 0
    assert jobs(store) == [("triage", "ticket")]


def test_a_stranger_cannot_open_a_ticket_for_somebody_else(running: Running, store: Store) -> None:
    write(running, f"#new\n{FORWARD}", sender="eve@evil.example", passed=False)
    assert requesters(store) == ["eve@evil.example"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("#new\nPlease help.", "No forwarded email was found"),
        (f"#new\n{FORWARD.replace(CUSTOMER, 'hidden')}", "one readable address of its author"),
        (f"#new\n{FORWARD.replace(CUSTOMER, ANA)}", "one of our own addresses"),
        (f"#new\n{FORWARD.replace(CUSTOMER, SUPPORT)}", "one of our own addresses"),
        (f"#new\n#close\n{FORWARD}", "only #ack may stand beside #new"),
        (f"#nwe\n#new\n{FORWARD}", "There is no such command"),
    ],
)
def test_an_author_who_is_not_certain_is_asked_for_and_nothing_is_lost(
    running: Running, store: Store, text: str, why: str
) -> None:
    write(running, text)
    assert requesters(store) == [None]
    [(state, author, back, reasons)] = ask(
        store, AnswerRow.state, AnswerRow.author, AnswerRow.return_to, AnswerRow.reasons
    )
    assert (state, author, back) == ("returned", ANA, None)
    assert why in reasons[1]
    assert "#n" in ask(store, MessageRow.text)[0][0]
    assert jobs(store) == [("triage", "ticket"), ("notify", "answer")]


def test_what_nothing_proves_goes_back_to_the_address_of_the_team(running: Running, store: Store) -> None:
    write(running, "#new\nPlease help.", passed=False)
    assert ask(store, AnswerRow.return_to) == [(PAYMENTS.address,)]


def test_an_attached_email_brings_its_own_files_and_message_id(running: Running, store: Store) -> None:
    original, outer = EmailMessage(), EmailMessage()
    original["From"], original["To"], original["Subject"] = f"Ann <{CUSTOMER}>", ANA, "Cannot pay"
    original["Message-ID"] = "<first@shop.example>"
    original.set_content("My card is refused.")
    original.add_attachment(b"bill", maintype="application", subtype="pdf", filename="bill.pdf")
    outer["From"], outer["To"], outer["Cc"], outer["Subject"] = ANA, SUPPORT, "boss@example.com", "Fwd"
    outer["Message-ID"] = "<forward@example.com>"
    outer.set_content("#new")
    outer.add_attachment(original)
    running.intake.accept(inbound(outer.as_bytes()))
    assert requesters(store) == [CUSTOMER]
    assert ask(store, MessageRow.message_id) == [("<first@shop.example>",)]
    assert ask(store, InboundRow.message_id) == [("<forward@example.com>",)]
    assert ask(store, AttachmentRow.filename) == [("bill.pdf",)]


def test_whom_the_member_copied_is_not_taken_for_whom_the_customer_copied(running: Running, store: Store) -> None:
    write(running, f"#new\n{FORWARD}")
    store.write(lambda session: session.execute(update(Person).values(verified_at=NOON)) and None)
    with store.read() as session:
        assert people_of_last_email(session, 1, frozenset({CUSTOMER})) == (CUSTOMER,)


def test_the_language_that_the_member_declares_is_not_the_customers(running: Running, store: Store) -> None:
    raw = mail(ANA, "Fwd: Cannot pay", f"#new\n{FORWARD}".replace("\n", "\r\n"))
    running.intake.accept(inbound(b"Content-Language: de\r\n" + raw))
    assert ask(store, Ticket.language) == [("",)]


def test_an_email_of_a_backfill_is_not_obeyed(running: Running, store: Store) -> None:
    raw = mail(ANA, "Fwd: Cannot pay", f"#new\n{FORWARD}".replace("\n", "\r\n"))
    running.intake.accept(inbound(raw), silent=True)
    assert requesters(store) == [ANA]
    assert FORWARDED not in [kind for (kind,) in ask(store, Event.kind)]
