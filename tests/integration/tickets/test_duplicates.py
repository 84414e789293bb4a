"""An email that comes more than once, whatever way, in one commit or from two daemons, is one ticket."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import ledger
from daemon.store.models import Event, InboundRow, Job, MessageRow, Person, Ticket
from daemon.store.store import Store
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition, Subject, SubjectKind
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.smtp_client import POLICY, SALES
from tests.support.store_queries import ask, count


class TestDuplicate:
    def test_a_second_copy_is_a_duplicate_that_names_the_ticket(self, intake: Intake, store: Store) -> None:
        raw = mail()
        first, again = intake.accept(inbound(raw)), intake.accept(inbound(raw))
        assert again.disposition is Disposition.DUPLICATE
        assert (again.reference, again.ticket_id, again.offers) == (first.reference, first.ticket_id, ())
        assert (count(store, Ticket), count(store, Job), count(store, MessageRow)) == (1, 1, 1)
        with store.read() as session:
            row = session.get_one(InboundRow, again.inbound_id)
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
        one = intake.accept(inbound(mail("eve@evil.example", message_id="<guessed@x>", body="planted")))
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
        assert count(stores[0], InboundRow) == 320
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
