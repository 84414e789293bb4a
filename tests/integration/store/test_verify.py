"""The verification counts what was accepted, works beside those who write, and goes on where it cannot read."""

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from daemon.store import ledger
from daemon.store.ledger import NewLedgerRow
from daemon.store.maintenance.verify import run
from daemon.store.maintenance.verify.rule import Problem
from daemon.store.models import DeliveryRow, InboundRow, LedgerCount
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition, Subject, SubjectKind
from tests.support.domain_values import identity
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, Woken


def entry(number: int) -> NewLedgerRow:
    delivery = inbound(mail(body=str(number)))
    packed = ledger.pack(delivery.raw)
    return NewLedgerRow(delivery, Disposition.LIST, ("a list",), f"key {number}", "", None, None, packed)


def add(store: Store, numbers: Sequence[int]) -> None:
    store.write(lambda session: ledger.add(session, [entry(number) for number in numbers]))


def problems(store: Store) -> list[Problem]:
    return list(run.verify(store, NOON, lambda _: None))


def counts(store: Store) -> list[tuple[int, int, int]]:
    with store.read() as session:
        query = select(LedgerCount.block, LedgerCount.emails, LedgerCount.id_sum).order_by(LedgerCount.block)
        return [tuple(row) for row in session.execute(query)]


def test_emails_are_counted_by_blocks_in_their_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "BLOCK", 4)
    add(store, [1])
    add(store, range(2, 7))
    assert counts(store) == [(0, 3, 1 + 2 + 3), (1, 3, 4 + 5 + 6)]

    def fails(session: Session) -> None:
        ledger.add(session, [entry(8)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(fails)
    assert counts(store) == [(0, 3, 6), (1, 3, 15)]


def test_a_number_that_was_never_given_is_not_missed(store: Store) -> None:
    def fails(session: Session) -> None:
        ledger.add(session, [entry(2)])
        raise ZeroDivisionError

    add(store, [1])
    with pytest.raises(ZeroDivisionError):
        store.write(fails)
    add(store, [3])
    assert problems(store) == []


def test_two_processes_count_in_rows_of_their_own(store: Store, store_url: str) -> None:
    with closing(Store(store_url)) as other:
        add(store, [1])
        add(other, [2, 3])
        add(store, [4])
    assert sorted(emails for _, emails, _ in counts(store)) == [2, 2]
    store.write(lambda session: session.execute(delete(InboundRow).where(InboundRow.id == 2)))
    assert problems(store) == [("inbound 1 to 999", "email 2 was accepted and is gone")]


def test_a_whole_block_that_vanished_is_missed(store: Store) -> None:
    add(store, [1, 2])
    store.write(lambda session: session.execute(delete(InboundRow)))
    assert problems(store) == [
        ("inbound 1 to 999", "2 emails were accepted and are gone; numbers without an email: none")
    ]


def test_emails_that_come_meanwhile_are_no_problem(store: Store) -> None:
    intake, stop = Intake(store, identity(keys=(b"k" * 32,)), Woken()), threading.Event()

    def accept() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            intake.accept(inbound(mail(subject=f"mail {number}")))

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        found = [problem for _ in range(5) for problem in problems(store)]
    finally:
        stop.set()
        thread.join()
    assert found == []


@pytest.mark.parametrize(("about", "is_found"), [(1, False), (7, True)])
def test_an_email_about_another_delivery_follows_from_that_one(store: Store, about: int, is_found: bool) -> None:
    row = {
        "kind": "returned",
        "recipient": "ana@example.com",
        "domain": "example.com",
        "ticket_id": None,
        "state": "sent",
        "reason": "250",
        "attempts": 1,
        "created_at": NOON,
        "sent_at": NOON,
    }
    causes = (Subject(SubjectKind.EVENT, 1), Subject(SubjectKind.DELIVERY, about))
    rows = [row | {"cause": cause, "message_id": f"<{cause}@example.com>"} for cause in causes]
    store.write(lambda session: session.execute(insert(DeliveryRow), rows) and None)
    found = ("delivery 2", "follows from a row that does not exist") in problems(store)
    assert found == is_found


def test_ranges_cover_every_row(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "IDS_AT_ONCE", 3)
    add(store, range(10))
    store.write(lambda session: session.execute(InboundRow.__table__.update().values(reasons=[])))
    assert [row for row, _ in problems(store)] == [f"inbound {number}" for number in range(1, 11)]


def test_what_can_be_read_beside_a_damaged_row_is_checked() -> None:
    def check(low: int, high: int) -> list[Problem]:
        if low < 777 <= high:
            raise DatabaseError("SELECT", (), sqlite3.DatabaseError("malformed"))
        return [(f"inbound {low + 1}", "is wrong")] if low < 5 <= high else []

    found = run._halving("inbound", check, 0, 2000)
    assert ("inbound 1", "is wrong") in found
    ((row, says),) = [problem for problem in found if problem[0] != "inbound 1"]
    low, _, high = row.removeprefix("inbound ").partition(" to ")
    assert int(low) <= 777 <= int(high)
    assert int(high) - int(low) < run.SMALLEST
    assert says == "cannot be read: malformed"


def test_a_database_that_is_away_is_no_finding() -> None:
    def check(_low: int, _high: int) -> list[Problem]:
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise DatabaseError("SELECT", (), error)

    with pytest.raises(DatabaseError):
        run._halving("inbound", check, 0, 2000)
