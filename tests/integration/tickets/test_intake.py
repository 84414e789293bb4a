"""An email that is accepted: its ticket, job and receipt, and nothing of it where the store fails."""

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from daemon.store import ledger
from daemon.store.jobs import JobKind, Offer
from daemon.store.models import Event, InboundRow, Job, MessageRow, Person, Ticket
from daemon.store.store import Store
from daemon.store.writer import WriterClosedError
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition, Subject, SubjectKind
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.smtp_client import POLICY
from tests.support.store_queries import ask, count


class TestTicket:
    def test_an_email_from_a_person_opens_a_pending_ticket_with_a_triage_job(
        self, intake: Intake, store: Store, woken: Woken
    ) -> None:
        raw = mail()
        receipt = intake.accept(inbound(raw))
        assert ask(store, Ticket.reference, Ticket.status, Ticket.category, Ticket.priority, Ticket.confidence) == [
            (receipt.reference, "OPEN", "PENDING", "PENDING", None)
        ]
        assert ask(store, Ticket.assigned_team, Ticket.subject, Ticket.silent) == [(None, "Payment failed", False)]
        assert ask(store, Person.email, Person.name, Person.verified_at) == [(ANN, "Ann Example", None)]
        assert ask(store, MessageRow.text, MessageRow.kind, MessageRow.acknowledge) == [
            ("Amount debited but not credited\n", "person", True)
        ]
        assert ask(store, Job.id, Job.kind, Job.subject, Job.state, Job.attempts) == [
            (woken.offers[0].job_id, "triage", Subject(SubjectKind.TICKET, receipt.ticket_id), "ready", 0)
        ]
        assert receipt.offers == tuple(woken.offers)
        with store.read() as session:
            row = session.get_one(InboundRow, receipt.inbound_id)
            assert (row.size, row.disposition, row.ticket_id) == (len(raw), "ticket", receipt.ticket_id)
            assert ledger.raw_of(session, receipt.inbound_id) == raw
            assert ledger.load(session, receipt.inbound_id) == inbound(raw)

    @pytest.mark.parametrize("from_", [None, "", "<>"])
    def test_an_email_without_an_author_is_a_ticket_of_its_envelope_sender_without_acknowledgement(
        self, intake: Intake, store: Store, from_: str | None
    ) -> None:
        receipt = intake.accept(inbound(mail(from_)))
        assert receipt.disposition is Disposition.TICKET
        assert ask(store, Ticket.requester_id) != [(None,)]
        assert ask(store, MessageRow.acknowledge) == [(False,)]

    @pytest.mark.parametrize("from_", ["ann@customer.example, bob@customer.example", "nobody"])
    def test_an_email_without_a_readable_sender_is_a_ticket_without_acknowledgement(
        self, intake: Intake, store: Store, from_: str | None
    ) -> None:
        receipt = intake.accept(inbound(mail(from_)))
        assert receipt.disposition is Disposition.TICKET
        assert ask(store, Ticket.requester_id) == [(None,)]
        assert ask(store, MessageRow.acknowledge) == [(False,)]

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\r\n",
            b"\0" * 5000,
            bytes(range(256)) * 20,
            mail(subject="nul \0 and \ud83d".encode("utf-8", "surrogatepass").decode("latin-1")),
            mail(body="nul \0 bell \7 " + "\U0001f600"),
            mail(subject="x" * 100_000),
            mail(from_="A" * 5000 + " <ann@customer.example>"),
            mail(message_id="<" + "m" * 5000 + "@x>"),
            mail(headers=("Content-Type: text/plain; charset=rot13",)),
            mail(headers=(f'Content-Disposition: attachment; filename="{"f" * 5000}"',)),
        ],
    )
    def test_any_bytes_are_stored_and_none_are_parked(self, intake: Intake, store: Store, raw: bytes) -> None:
        receipt = intake.accept(inbound(raw))
        assert receipt.disposition is Disposition.TICKET
        with store.read() as session:
            assert ledger.raw_of(session, receipt.inbound_id) == raw

    def test_a_message_id_too_long_for_an_index_is_accepted(self, intake: Intake, store: Store) -> None:
        letters = random.Random(1)
        crafted = "".join(chr(letters.randrange(0x10000, 0x1FFFF)) for _ in range(990))
        receipt = intake.accept(inbound(mail(message_id=f"<{crafted}@x>")))
        assert receipt.disposition is Disposition.TICKET
        assert count(store, Ticket) == 1

    def test_a_silent_email_opens_a_silent_ticket(self, intake: Intake, store: Store) -> None:
        receipt = intake.accept(inbound(mail()), silent=True)
        assert ask(store, Ticket.silent) == [(True,)]
        assert [offer.kind for offer in receipt.offers] == [JobKind.TRIAGE]

    def test_a_silent_follow_up_notifies_nobody(self, intake: Intake, store: Store) -> None:
        first = intake.accept(inbound(mail(message_id="<first@x>")), silent=True)
        receipt = intake.accept(inbound(mail(subject="Re: Payment failed", in_reply_to="<first@x>")), silent=True)
        assert (receipt.disposition, receipt.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)
        assert receipt.offers == ()
        assert count(store, Job) == 1

    def test_the_extra_write_is_in_the_same_transaction(self, intake: Intake, store: Store) -> None:
        def note(session: Session, _receipt: Receipt) -> None:
            session.execute(insert(Event).values(at=NOON, kind="cursor moved", data={}))

        def fails(session: Session, receipt: Receipt) -> None:
            note(session, receipt)
            raise ZeroDivisionError

        intake.accept(inbound(mail()), also=note)
        assert count(store, Event) == 1
        with pytest.raises(ZeroDivisionError):
            intake.accept(inbound(mail()), also=fails)
        assert (count(store, Event), count(store, Ticket)) == (1, 1)


class TestUnreachable:
    def test_a_closed_store_is_reported_at_once(self, intake: Intake, store: Store) -> None:
        store.close()
        with pytest.raises(WriterClosedError):
            intake.accept(inbound(mail()))

    def test_an_error_after_the_commit_does_not_withhold_the_receipt(self, store: Store) -> None:
        def fails(offers: tuple[Offer, ...]) -> None:
            raise ZeroDivisionError(offers)

        intake = Intake(store, POLICY, fails)
        receipt = intake.store([intake.prepare(inbound(mail()))])[0].result(30)
        assert receipt.disposition is Disposition.TICKET

    def test_a_failed_transaction_is_reported_and_writes_nothing(self, intake: Intake, store: Store) -> None:
        with store.engine.begin() as connection:
            connection.execute(text("ALTER TABLE inbound RENAME TO away"))
        with pytest.raises(SQLAlchemyError, match="inbound"):
            intake.accept(inbound(mail()))
        with store.engine.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO inbound"))
        assert {count(store, table) for table in (InboundRow, Ticket, Person, Job, MessageRow)} == {0}
        assert intake.accept(inbound(mail())).disposition is Disposition.TICKET


def test_rows_have_the_time_of_the_envelope(intake: Intake, store: Store) -> None:
    later = NOON + timedelta(hours=3)
    intake.accept(inbound(mail(), received_at=later))
    found: list[tuple[datetime, ...]] = ask(store, Ticket.created_at, Ticket.updated_at)
    assert found == [(later, later)]
