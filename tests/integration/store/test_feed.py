"""The feed says what people and we do to tickets: each kind of event that changes one is in it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.jobs import JobKind
from daemon.store.models import Event, Job, Ticket
from daemon.store.queries import feed
from daemon.store.queries.feed import Cursor, Gaps
from daemon.store.queries.feed_rows import STATUS_EVENTS
from daemon.store.store import Store
from daemon.tickets import actions, status
from daemon.tickets.actor import Actor
from tests.support.fakes import NOON
from tests.support.http import Web, web

EVA = Actor("eva@example.com", "PAYMENTS_TEAM", "cli")
DAY = timedelta(days=1)

Action = Callable[[Session, int], object]


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store) as found:
        yield found


class Follower:
    """Reads the feed from its present end."""

    def __init__(self, case: Web) -> None:
        self._case = case
        with case.store.read() as session:
            self._cursor = feed.head(session)

    def news(self) -> list[tuple[str, dict[str, Any]]]:
        """Return type and data of what came."""
        with self._case.store.read() as session:
            page = feed.read(session, self._cursor, Gaps())
            self._cursor = page.cursor
            return [(event.type.removeprefix("ticket."), event.data) for event in page.events]


def state_of(case: Web, ticket_id: int) -> str:
    with case.store.read() as session:
        return session.get_one(Ticket, ticket_id).status


def wake(session: Session, ticket_id: int) -> None:
    """Let the wait of a ticket end."""
    later = NOON + 2 * DAY
    job = session.execute(select(Job.id).where(Job.kind == JobKind.WAKE)).scalar_one()
    lease = jobs.claim(session, job, "test", later)
    assert lease is not None
    assert lease.subject.id == ticket_id
    status.wake(session, [lease], later)


STATUS_CHANGES: dict[str, tuple[Action, ...]] = {
    **{f"set {to}": (lambda s, i, change=change: change(s, i, EVA, NOON),) for to, change in status.BY_STATUS.items()},
    "wait": (lambda s, i: actions.wait(s, i, DAY, EVA, NOON),),
    "wake": (lambda s, i: actions.wait(s, i, DAY, EVA, NOON), wake),
}


@pytest.mark.parametrize("steps", STATUS_CHANGES.values(), ids=STATUS_CHANGES)
def test_every_change_of_the_status_is_in_the_feed(steps: tuple[Action, ...], case: Web) -> None:
    ticket = case.opened()["id"]
    # From a status that none of them sets.
    case.store.write(lambda session: setattr(session.get_one(Ticket, ticket), "status", "PENDING"))
    follower, was = Follower(case), "PENDING"
    for step in steps:
        case.store.write(lambda session, step=step: step(session, ticket))
        [(kind, data)] = follower.news()
        assert (kind, data["was"], data["status"]) == ("status_changed", was, state_of(case, ticket))
        was = data["status"]


def test_a_wait_says_until_when_and_who_waits(case: Web) -> None:
    ticket = case.opened()["id"]
    follower = Follower(case)
    case.store.write(lambda session: actions.wait(session, ticket, DAY, EVA, NOON))
    [(_, data)] = follower.news()
    assert (data["until"], data["actor"]) == ("2026-03-03T12:00+00:00", "eva@example.com")


def test_an_answer_is_one_event_and_then_the_ticket_waits(case: Web) -> None:
    ticket = case.opened(email="ana@example.com")
    follower = Follower(case)
    answer = case.client.post(
        f"/tickets/{ticket['id']}/reply", json={"text": "We look into it.", "cc": ["bob@x.example"]}
    )
    assert answer.json()["state"] == "sent"
    [(first, answered), (second, changed)] = follower.news()
    assert (first, second) == ("answered", "status_changed")
    assert isinstance(answered["answer_id"], int)
    assert (changed["was"], changed["status"]) == ("OPEN", "WAITING") == ("OPEN", state_of(case, ticket["id"]))


def test_tickets_that_are_merged_and_split_are_events_of_the_one_that_moves(case: Web) -> None:
    one, other = case.opened(), case.opened(title="Another")
    case.client.patch(f"/tickets/{one['id']}", json={"category": "Login"})
    follower = Follower(case)
    case.store.write(lambda session: actions.merge(session, one["id"], other["id"], EVA, NOON))
    [(merged, into), (_, closed)] = follower.news()
    assert (merged, into["into"]) == ("merged", other["reference"])
    assert (closed["was"], closed["status"]) == ("OPEN", "CLOSED")
    case.store.write(lambda session: actions.split(session, one["id"], EVA, NOON))
    [(split, origin), (_, opened)] = follower.news()
    assert (split, origin["from"]) == ("split", other["reference"])
    assert (opened["was"], opened["status"]) == ("CLOSED", "OPEN") == ("CLOSED", state_of(case, one["id"]))


def test_the_first_message_of_a_merged_ticket_is_no_further_message_of_the_other(case: Web) -> None:
    other, one = case.opened(), case.opened(title="Another")
    case.client.patch(f"/tickets/{one['id']}", json={"category": "Login"})
    case.store.write(lambda session: actions.merge(session, one["id"], other["id"], EVA, NOON))
    with case.store.read() as session:
        page = feed.read(session, Cursor(), Gaps())
    assert "ticket.message_received" not in {event.type for event in page.events}


def test_a_client_that_stops_between_two_events_of_a_row_gets_that_row_again(case: Web) -> None:
    ticket = case.opened(email="ana@example.com")
    with case.store.read() as session:
        before = feed.head(session)
    case.client.post(f"/tickets/{ticket['id']}/reply", json={"text": "We look into it."})
    with case.store.read() as session:
        first, second = feed.read(session, before, Gaps()).events
        again = feed.read(session, first.cursor, Gaps()).events
        rest = feed.read(session, second.cursor, Gaps()).events
    assert [event.row for event in again] == [first.row, second.row] == [first.row, f"{first.row}/2"]
    assert rest == ()


def test_every_kind_that_changes_the_status_is_written_somewhere(case: Web) -> None:
    """A kind that was renamed would silently leave the feed."""
    ticket, other = case.opened(email="ana@example.com")["id"], case.opened(title="Another")["id"]
    case.client.patch(f"/tickets/{ticket}", json={"category": "Login"})
    for change in status.BY_STATUS.values():
        case.store.write(lambda session, change=change: change(session, ticket, EVA, NOON))
    case.store.write(lambda session: actions.reopen(session, ticket, EVA, NOON))
    case.store.write(lambda session: actions.wait(session, ticket, DAY, EVA, NOON))
    case.store.write(lambda session: wake(session, ticket))
    case.store.write(lambda session: actions.merge(session, ticket, other, EVA, NOON))
    case.store.write(lambda session: actions.split(session, ticket, EVA, NOON))
    case.client.post(f"/tickets/{ticket}/reply", json={"text": "We look into it."})
    with case.store.read() as session:
        kinds = set(session.execute(select(Event.kind)).scalars())
    # The emails of members who answer directly and of customers have tests of their own.
    assert STATUS_EVENTS.keys() - kinds == {"answered directly", "opened by an email"}
