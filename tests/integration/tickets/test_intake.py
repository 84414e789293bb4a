"""What becomes of a mail: one ticket for one mail, whatever way and however often it comes; parked where we fail."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
import structlog
from sqlalchemy import insert, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from daemon.store import ledger
from daemon.store.jobs import JobKind, Offer
from daemon.store.models import Event, Inbound, Job, MessageRow, Person, Ticket
from daemon.store.store import Store
from daemon.store.writer import WriterClosedError
from daemon.system.logs import RateLimitedLog
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition, Subject, SubjectKind
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.smtp_client import POLICY, SALES
from tests.support.store_queries import ask, count

EVE = "eve@evil.example"


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def intake(store: Store, woken: Woken) -> Intake:
    return Intake(store, POLICY, woken)


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
            row = session.get_one(Inbound, receipt.inbound_id)
            assert (row.size, row.disposition, row.ticket_id) == (len(raw), "ticket", receipt.ticket_id)
            assert ledger.raw_of(session, receipt.inbound_id) == raw
            assert ledger.load(session, receipt.inbound_id) == inbound(raw)

    @pytest.mark.parametrize("from_", [None, "", "ann@customer.example, bob@customer.example", "nobody", "<>"])
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


class TestDuplicate:
    def test_a_second_copy_is_a_duplicate_that_names_the_ticket(self, intake: Intake, store: Store) -> None:
        raw = mail()
        first, again = intake.accept(inbound(raw)), intake.accept(inbound(raw))
        assert again.disposition is Disposition.DUPLICATE
        assert (again.reference, again.ticket_id, again.offers) == (first.reference, first.ticket_id, ())
        assert (count(store, Ticket), count(store, Job), count(store, MessageRow)) == (1, 1, 1)
        with store.read() as session:
            row = session.get_one(Inbound, again.inbound_id)
            assert (row.raw, row.duplicate_of) == (None, first.inbound_id)
            assert ledger.raw_of(session, again.inbound_id) == raw

    def test_an_email_to_two_of_our_addresses_is_one_ticket(self, intake: Intake, store: Store) -> None:
        raw = mail()
        intake.accept(inbound(raw))
        intake.accept(inbound(raw, rcpt_tos=(SALES,)))
        assert count(store, Ticket) == 1
        assert ask(store, Event.kind, Event.data) == [("copy received", {"copy": 2, "rcpt_tos": [SALES]})]

    def test_the_same_email_by_smtp_and_imap_is_one_ticket(self, intake: Intake, store: Store) -> None:
        raw = mail()
        intake.accept(inbound(raw))
        by_imap = b"Return-Path: <ann@customer.example>\nReceived: from x\n" + raw.replace(b"\r\n", b"\n")
        receipt = intake.accept(inbound(by_imap, source="imap:work/INBOX/1/1"))
        assert receipt.disposition is Disposition.DUPLICATE
        assert count(store, Ticket) == 1

    def test_a_different_email_with_the_same_message_id_is_no_duplicate(self, intake: Intake) -> None:
        one = intake.accept(inbound(mail(EVE, message_id="<guessed@x>", body="planted")))
        other = intake.accept(inbound(mail(message_id="<guessed@x>", body="the real one")))
        assert {one.disposition, other.disposition} == {Disposition.TICKET}

    def test_copies_in_one_commit_are_one_ticket(self, intake: Intake, store: Store) -> None:
        gate, raw = threading.Event(), mail()
        store.submit(lambda _session: gate.wait(30))
        futures = intake.store([intake.prepare(inbound(raw)) for _ in range(5)])
        gate.set()
        states = [future.result(30).disposition for future in futures]
        assert states == [Disposition.TICKET] + [Disposition.DUPLICATE] * 4
        assert len({future.result().reference for future in futures}) == 1
        assert count(store, Ticket) == 1

    def test_each_email_of_a_commit_gets_its_own_rows(self, intake: Intake, store: Store) -> None:
        gate = threading.Event()
        store.submit(lambda _session: gate.wait(30))
        raws = [mail(f"p{n % 3}@customer.example", f"number {n}", f"body {n}") for n in range(30)]
        raws[7] = mail(headers=("Auto-Submitted: auto-replied",))
        raws[9] = raws[2]
        futures = intake.store([intake.prepare(inbound(raw)) for raw in raws])
        gate.set()
        receipts = [future.result(30) for future in futures]
        for number, (raw, receipt) in enumerate(zip(raws, receipts, strict=True)):
            with store.read() as session:
                assert ledger.raw_of(session, receipt.inbound_id) == raw
                if receipt.disposition is Disposition.TICKET:
                    ticket = session.get_one(Ticket, receipt.ticket_id)
                    row = session.execute(select(MessageRow).where(MessageRow.ticket_id == ticket.id)).scalar_one()
                    assert (ticket.reference, ticket.subject) == (receipt.reference, f"number {number}")
                    assert (row.text, row.inbound_id) == (f"body {number}\n", receipt.inbound_id)
                    assert session.get_one(Person, row.person_id).email == f"p{number % 3}@customer.example"
                    job = session.get_one(Job, receipt.offers[0].job_id)
                    assert job.subject == Subject(SubjectKind.TICKET, ticket.id)
        assert receipts[7].disposition is Disposition.AUTO_REPLY
        assert receipts[9].disposition is Disposition.DUPLICATE
        assert count(store, Person) == 3

    def test_a_follow_up_in_the_commit_of_its_ticket_joins_it(self, intake: Intake, store: Store) -> None:
        gate = threading.Event()
        store.submit(lambda _session: gate.wait(30))
        raws = [mail(message_id="<one@x>"), mail(subject="Re: Payment failed", in_reply_to="<one@x>")]
        futures = intake.store([intake.prepare(inbound(raw)) for raw in raws])
        gate.set()
        first, second = (future.result(30) for future in futures)
        assert (second.disposition, second.ticket_id) == (Disposition.FOLLOW_UP, first.ticket_id)
        assert count(store, Ticket) == 1

    def test_concurrent_copies_from_two_sources_are_one_ticket_each(self, store_url: str) -> None:
        # Two stores are two daemons; on SQLite they are two writers of one file.
        stores = [Store(store_url) for _ in range(2)]
        raws = [mail(f"p{number % 5}@customer.example") for number in range(40)]
        start = threading.Barrier(8)

        def work(thread: int) -> list[Receipt]:
            intake = Intake(stores[thread % 2], POLICY, Woken())
            mine = random.Random(thread).sample(raws, len(raws))
            start.wait(30)
            return [
                intake.accept(inbound(raw, source="smtp" if thread % 2 else f"imap:a/INBOX/1/{number}"))
                for number, raw in enumerate(mine)
            ]

        with ThreadPoolExecutor(8) as pool:
            receipts = [receipt for done in pool.map(work, range(8)) for receipt in done]
        assert (count(stores[0], Ticket), count(stores[0], Job), count(stores[0], MessageRow)) == (40, 40, 40)
        assert count(stores[0], Person) == 5
        assert count(stores[0], Inbound) == 320
        assert sum(receipt.disposition is Disposition.TICKET for receipt in receipts) == 40
        assert sum(receipt.disposition is Disposition.DUPLICATE for receipt in receipts) == 280
        for opened in stores:
            opened.close()

    def test_overlapping_batches_of_two_daemons_lose_nothing(self, store_url: str) -> None:
        stores = [Store(store_url) for _ in range(2)]
        raws = [mail(f"p{number % 9}@customer.example") for number in range(60)]
        gates = [threading.Event() for _ in stores]
        futures = []
        for opened, gate, order in zip(stores, gates, (raws, raws[::-1]), strict=True):
            opened.submit(partial(_wait, gate))
            intake = Intake(opened, POLICY, Woken())
            futures += intake.store([intake.prepare(inbound(raw)) for raw in order])
        for gate in gates:
            gate.set()
        states = [future.result(60).disposition for future in futures]
        assert states.count(Disposition.TICKET) == 60
        assert states.count(Disposition.DUPLICATE) == 60
        assert count(stores[0], Ticket) == 60
        for opened in stores:
            opened.close()

    def test_an_email_without_message_id_is_a_duplicate_only_while_its_sender_may_retry(self, intake: Intake) -> None:
        raw = mail(message_id=None, date=None)

        def state(**later: float) -> Disposition:
            return intake.accept(inbound(raw, received_at=NOON + timedelta(**later))).disposition

        assert state() is Disposition.TICKET
        assert state(days=4) is Disposition.DUPLICATE
        assert state(days=6) is Disposition.TICKET
        assert state(days=6, minutes=1) is Disposition.DUPLICATE
        assert state(days=12) is Disposition.TICKET
        assert state(days=13) is Disposition.DUPLICATE

    def test_an_email_with_a_message_id_is_always_a_duplicate(self, intake: Intake) -> None:
        raw = mail()
        intake.accept(inbound(raw))
        receipt = intake.accept(inbound(raw, received_at=NOON + timedelta(days=1000)))
        assert receipt.disposition is Disposition.DUPLICATE


def _wait(gate: threading.Event, _session: Session) -> bool:
    return gate.wait(30)


class TestParked:
    @pytest.fixture
    def broken(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
        def fails(*_arguments: object) -> None:
            raise ZeroDivisionError("a bug of ours")

        with monkeypatch.context() as patch:
            patch.setattr("daemon.tickets.intake.analyze", fails)
            yield patch

    def test_an_email_that_our_code_fails_on_is_parked_whole(
        self, intake: Intake, store: Store, broken: pytest.MonkeyPatch
    ) -> None:
        raw = mail()
        receipt = intake.accept(inbound(raw))
        assert (receipt.disposition, receipt.offers) == (Disposition.PARKED, ())
        assert ask(store, Inbound.reasons) == [(["our own code failed: ZeroDivisionError: a bug of ours"],)]
        with store.read() as session:
            assert ledger.raw_of(session, receipt.inbound_id) == raw
        assert intake.accept(inbound(raw)).disposition is Disposition.DUPLICATE
        broken.undo()
        assert intake.accept(inbound(mail())).disposition is Disposition.TICKET

    @pytest.mark.usefixtures("broken")
    def test_a_flood_of_emails_that_our_code_fails_on_does_not_flood_the_log(
        self, intake: Intake, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("daemon.tickets.intake.limited", RateLimitedLog(structlog.get_logger("intake")))
        with capture_logs() as events:
            for _ in range(30):
                intake.accept(inbound(mail()))
        assert count(store, Inbound) == 30
        assert len([event for event in events if event["event"] == "email not understood"]) == 5

    def test_a_parked_email_is_replayed_into_its_own_row(
        self, intake: Intake, store: Store, woken: Woken, broken: pytest.MonkeyPatch
    ) -> None:
        parked = intake.accept(inbound(mail()))
        broken.undo()
        receipt = intake.replay(parked.inbound_id)
        assert (receipt.disposition, receipt.inbound_id) == (Disposition.TICKET, parked.inbound_id)
        assert tuple(woken.offers) == receipt.offers
        assert ask(store, Inbound.disposition) == [("ticket",)]
        again = intake.replay(parked.inbound_id)
        assert (again.reference, again.offers) == (receipt.reference, ())
        assert count(store, Ticket) == 1

    def test_only_the_email_that_cannot_be_admitted_is_parked(self, intake: Intake, store: Store) -> None:
        gate = threading.Event()
        store.submit(lambda _session: gate.wait(30))
        readings = [intake.prepare(inbound(mail())) for _ in range(5)]
        heard = readings[2].analysis
        assert heard is not None
        message = replace(heard.message, subject=object())  # type: ignore[arg-type]  # what no database takes
        readings[2] = replace(readings[2], analysis=replace(heard, message=message))
        futures = intake.store(readings)
        gate.set()
        states = [future.result(30).disposition for future in futures]
        expected = [Disposition.TICKET] * 5
        expected[2] = Disposition.PARKED
        assert states == expected


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
        assert {count(store, table) for table in (Inbound, Ticket, Person, Job, MessageRow)} == {0}
        assert intake.accept(inbound(mail())).disposition is Disposition.TICKET


def test_rows_have_the_time_of_the_envelope(intake: Intake, store: Store) -> None:
    later = NOON + timedelta(hours=3)
    intake.accept(inbound(mail(), received_at=later))
    found: list[tuple[datetime, ...]] = ask(store, Ticket.created_at, Ticket.updated_at)
    assert found == [(later, later)]
