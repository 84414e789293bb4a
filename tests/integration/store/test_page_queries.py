"""The statements behind the pages read no more, the longer the helpdesk has run; what they search is bounded."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import select, update

from daemon.store.models import MessageRow, Ticket
from daemon.store.queries import insight, labels, lists, text_search, ticket_pages
from daemon.store.queries.ticket_pages import TicketQuery
from daemon.store.queries.tickets import search_tickets
from daemon.store.queries.triage_stats import score
from daemon.store.store import Store
from daemon.vocabulary import Disposition
from tests.benchmarks import seed
from tests.support.fakes import NOON
from tests.support.query_plans import Catch, faults

TICKETS: Final = 400
ALL: Final = tuple(Disposition)


@pytest.fixture
def old(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Return a store with many tickets, whose search reads them in several parts."""
    monkeypatch.setattr(text_search, "PARTS", (10, 50))
    seed.seed(store_url, TICKETS)
    store = Store(store_url)
    yield store
    store.close()


def found(store: Store, text: str, **more: str) -> list[int]:
    """Return the ids of all tickets with a phrase, read in pages of seven."""
    ids: list[int] = []
    after = None
    with store.read() as session:
        while rows := ticket_pages.page(session, TicketQuery(text=text, **more), after, 7):
            ids += [row.ticket.id for row in rows]
            after = rows[-1].ticket.created_at, rows[-1].ticket.id
    return ids


def test_a_search_leads_through_all_its_parts_and_finds_each_ticket_once(old: Store) -> None:
    assert found(old, "ABOUT my order") == list(range(TICKETS, 0, -1))
    assert found(old, "number is 39") == [*range(399, 389, -1), 195, 39]
    assert found(old, "number is 39", status="CLOSED") == [399, 398, 397, 395, 393, 195, 39]


def test_a_search_finds_a_ticket_by_subject_reference_requester_and_the_text_of_any_email(old: Store) -> None:
    assert found(old, f"question {TICKETS - 9} ") == [TICKETS - 9]
    assert found(old, seed.reference(7).lower()) == [7]
    assert 5 in found(old, seed.requester(5, TICKETS))
    assert 5 in found(old, "Customer 6")
    with old.engine.begin() as connection:
        # The answer to the fifth ticket.
        connection.execute(update(MessageRow).where(MessageRow.id == TICKETS + 1).values(text="a zebra crossing"))
    assert found(old, "Zebra") == [5]


def test_a_phrase_does_not_go_from_one_field_into_the_next(old: Store) -> None:
    with old.engine.begin() as connection:
        connection.execute(update(Ticket).where(Ticket.id == 5).values(subject="a zebra"))
    assert found(old, "zebra") == [5]
    assert found(old, f"zebra {seed.reference(5)}") == []


@pytest.mark.parametrize("typed", ["überweisung", "Überweisung", "ÜBERWEISUNG", "ПЕРЕВОД", "перевод", "振込"])
def test_other_letters_are_found_in_their_usual_forms(old: Store, typed: str) -> None:
    texts = {"Die Überweisung fehlt": 4, "die überweisung fehlt": 3, "Где ПЕРЕВОД?": 2, "перевод": 1, "振込の件": 6}
    with old.engine.begin() as connection:
        for text, number in texts.items():
            connection.execute(update(MessageRow).where(MessageRow.id == number).values(text=text))
    assert found(old, typed) == {"ü": [4, 3], "п": [2, 1], "振": [6]}[typed[0].lower()]


def test_percent_signs_and_underscores_are_letters(old: Store) -> None:
    with old.engine.begin() as connection:
        connection.execute(update(Ticket).where(Ticket.id == 5).values(subject="50% of a_b"))
    assert [found(old, text) for text in ("50%", "a_b", "0%a", "a%b")] == [[5], [5], [], []]


def test_a_search_covers_the_newest_tickets_only(old: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_pages, "SEARCHED", 100)
    assert found(old, "about my order") == list(range(TICKETS, TICKETS - 100, -1))
    with old.read() as session:
        assert len(search_tickets(session, "about my order", 500, 70)) == 70
        rows = ticket_pages.page(
            session, TicketQuery(text="my order", updated_since=NOON - timedelta(days=9)), None, 500
        )
    assert len(rows) == 100


def test_all_tickets_of_a_person_are_found_by_the_address(old: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    # The inbox and the API found none of them that was older than the newest 20,000 tickets.
    monkeypatch.setattr(ticket_pages, "SEARCHED", 100)
    address = seed.requester(5, TICKETS)
    with old.engine.begin() as connection:
        person = select(Ticket.requester_id).where(Ticket.id == 5).scalar_subquery()
        connection.execute(update(Ticket).where(Ticket.id.in_([*range(10, 30), 390])).values(requester_id=person))
        newest = select(Ticket.id).where(Ticket.requester_id == person).order_by(Ticket.id.desc())
        theirs = list(connection.execute(newest).scalars())
        closed = list(connection.execute(newest.where(Ticket.status == "CLOSED")).scalars())
    assert theirs[0] == 390
    assert len(theirs) >= 22
    assert found(old, address.upper()) == theirs
    assert found(old, address, status="CLOSED") == closed
    with old.read() as session:
        assert len(search_tickets(session, address, 500, 100)) == len(theirs)
        since = TicketQuery(text=address, updated_since=NOON - timedelta(days=9))
        assert {row.ticket.id for row in ticket_pages.page(session, since, None, 500)} == set(theirs)


def test_a_sender_is_looked_for_in_the_newest_emails(old: Store) -> None:
    def senders(states: tuple[Disposition, ...], searched: int | None) -> int:
        with old.read() as session:
            return len(lists.list_emails(session, states, 1000, sender="CUSTOMER", searched=searched))

    assert senders(ALL, None) == TICKETS + TICKETS // 5 + TICKETS // 10
    assert senders(ALL, 30) == 30
    assert senders((Disposition.TICKET,), 30) == 30
    # Of a rare state, no email is too old.
    assert senders((Disposition.PARKED,), 30) == seed.LEFT
    assert senders((Disposition.TICKET, Disposition.PARKED), 30) == 30 + seed.LEFT


def test_the_figures_of_decisions_are_those_of_the_newest(old: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insight, "READ", 50)
    long_ago = NOON - timedelta(days=90)
    with old.read() as session:
        start = insight.start_of_newest(session, long_ago)
        assert long_ago < start
        assert 45 <= sum(insight.confidences(session, start)) <= 52
        assert insight.start_of_newest(session, NOON) == NOON
        assert insight.ages(session, NOON, [timedelta(hours=1)]) == [25, 50]


def test_the_statements_of_the_pages_use_indexes(old: Store, catch: Catch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_pages, "SEARCHED", 100)
    queries = [
        TicketQuery(text="zebra"),
        TicketQuery(text=seed.requester(5, TICKETS)),
        TicketQuery(text="zürich", status="OPEN", team="TECH_SUPPORT", category="Login"),
        TicketQuery(requester=seed.requester(5, TICKETS), status="CLOSED", team="TECH_SUPPORT"),
    ]
    if old.engine.dialect.name == "sqlite":
        # PostgreSQL chooses by what it knows of the tickets.
        queries += [
            TicketQuery(category="Login", team="TECH_SUPPORT", status="OPEN"),
            TicketQuery(category="Login", status="RESOLVED"),
        ]
    for query in queries:
        with catch.named(str(query)), old.read() as session:
            ticket_pages.page(session, query, None, 30)
    for states in (ALL, (Disposition.PARKED, Disposition.TICKET)):
        with catch.named(f"mail {states}"), old.read() as session:
            lists.list_emails(session, states, 50, sender="zebra", searched=100)
    with catch.named("heads"), old.read() as session:
        lists.heads(session, range(1, 51))
    with catch.named("insight"), old.read() as session:
        start = insight.start_of_newest(session, NOON - timedelta(days=7))
        insight.confidences(session, start)
        insight.ages(session, NOON, [timedelta(hours=1)])
        score(session, start, "MANUAL_REVIEW")
        labels.reviews(session, start)
    bad = faults(old.engine, list(catch.found.values()))
    assert not bad, "\n".join(["", *bad])
