"""Tickets are merged with their emails and people, both teams are notified, and the store stays consistent."""

import threading
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from daemon.mail.commands import Command, Verb
from daemon.store import tickets
from daemon.store.models import DeliveryRow, Event, MessageRow, Participant, Person, Ticket
from daemon.store.queries.labels import labelled_tickets
from daemon.store.queries.ticket_detail import ticket_detail
from daemon.store.queries.timeline import timeline
from daemon.store.store import Store
from daemon.tickets import actions
from daemon.tickets.actions import ActionError, ActionPolicy, Correction
from daemon.vocabulary import Priority, Status, Subject, SubjectKind
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON
from tests.support.merging import (
    ANN,
    BOB,
    CY,
    EVA,
    announced,
    everything,
    go_on,
    merge,
    messages,
    opened,
    people,
    problems,
    row,
    split,
)
from tests.support.pipeline import Pipeline

POLICY = ActionPolicy({}, 0, {})


def test_everything_of_a_ticket_moves_to_the_survivor_and_comes_back(pipeline: Pipeline) -> None:
    one, other = opened(pipeline, ANN), opened(pipeline, BOB)
    before = everything(pipeline)
    done = merge(pipeline, one, other)
    assert (done.ticket_id, done.done) == (other, (f"merged into {row(pipeline, other).reference}",))
    assert messages(pipeline) == {other: [one, None]}
    assert people(pipeline, other) == {ANN}
    found = row(pipeline, one)
    assert (found.status, found.merged_into_id) == (Status.CLOSED, other)
    assert found.resolved_at == pipeline.clock.now()
    assert problems(pipeline) == []
    with pipeline.store.read() as session:
        assert [tickets.survivor_of(session, ticket) for ticket in (one, other)] == [other, other]
    assert split(pipeline, one).done == (f"{found.reference} is split from {row(pipeline, other).reference}",)
    assert messages(pipeline) == {one: [None], other: [None]}
    assert people(pipeline, other) == set()
    assert everything(pipeline) == before
    assert problems(pipeline) == []


def test_both_tickets_say_who_merged_and_split_them(pipeline: Pipeline) -> None:
    one, other = opened(pipeline, ANN), opened(pipeline, BOB)
    merge(pipeline, one, other)
    split(pipeline, one)
    names = {ticket: row(pipeline, ticket).reference for ticket in (one, other)}
    with pipeline.store.read() as session:
        events = session.execute(select(Event).order_by(Event.id)).scalars().all()
    assert [(e.ticket_id, e.kind, e.data["other"]) for e in events] == [
        (one, "merged into", names[other]),
        (other, "merged from", names[one]),
        (one, "split from", names[other]),
        (other, "split off", names[one]),
    ]
    assert all((e.data["actor"], e.data["source"]) == (EVA.name, "email:7") for e in events)


def test_both_teams_are_told_and_one_team_once(pipeline: Pipeline) -> None:
    one, other = opened(pipeline, ANN, "TECH_SUPPORT"), opened(pipeline, BOB, "PAYMENTS_TEAM")
    merge(pipeline, one, other)
    assert announced(pipeline) == [(other, "sent"), (one, "sent")]
    third = opened(pipeline, CY, "PAYMENTS_TEAM")
    merge(pipeline, third, other)
    assert announced(pipeline)[2:] == [(other, "sent")]
    split(pipeline, one)
    assert len(announced(pipeline)) == 5


def test_a_merge_into_a_merged_ticket_goes_to_its_survivor(pipeline: Pipeline) -> None:
    one, two, three = opened(pipeline, ANN), opened(pipeline, BOB), opened(pipeline, CY)
    merge(pipeline, two, three)
    assert merge(pipeline, one, two).ticket_id == three
    assert row(pipeline, one).merged_into_id == three


def refused(pipeline: Pipeline, why: str, ticket: int, into: int) -> None:
    before = everything(pipeline)
    with pytest.raises(ActionError, match=why):
        merge(pipeline, ticket, into)
    assert everything(pipeline) == before


def test_what_cannot_be_merged_is_refused_with_the_reason(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    refused(pipeline, "into itself", one, one)
    go_on(pipeline, lambda s: actions.spam(s, two, EVA, NOON))
    refused(pipeline, "is spam", one, two)
    refused(pipeline, "is spam", two, one)
    go_on(pipeline, lambda s: actions.reopen(s, two, EVA, NOON))
    pending = pipeline.intake.accept(inbound(mail(CY, body="pending"), mail_from=CY)).ticket_id
    assert pending is not None
    refused(pipeline, "triage has not decided", pending, one)
    merge(pipeline, one, two)
    refused(pipeline, "into itself", two, one)
    refused(pipeline, f"was merged into {row(pipeline, two).reference}", one, two)


@pytest.mark.parametrize(
    "act", [actions.close, actions.resolve, actions.reopen, actions.spam, actions.take], ids=lambda act: act.__name__
)
def test_a_merged_ticket_takes_no_other_action_and_names_its_survivor(pipeline: Pipeline, act: Any) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    merge(pipeline, one, two)
    with pytest.raises(ActionError, match=f"use {row(pipeline, two).reference}"):
        go_on(pipeline, lambda s: act(s, one, EVA, NOON))


def test_who_took_part_until_a_time_takes_part_in_the_survivor_until_then(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    opened(pipeline, CY)
    until = datetime(2026, 6, 1, tzinfo=UTC)
    with pipeline.store.read() as session:
        cy = session.execute(select(Person.id).where(Person.email == CY)).scalar_one()
    pipeline.store.write(lambda session: tickets.join(session, one, cy, until))
    merge(pipeline, one, two)
    with pipeline.store.read() as session:
        assert session.get_one(Participant, (two, cy)).until == until
    assert people(pipeline, two) == {ANN, CY}


def test_the_first_email_of_each_ticket_stays_its_own(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    for ticket, category in ((one, "Login"), (two, "General")):
        said = Correction(category, "TECH_SUPPORT", None, Priority.LOW)
        go_on(pipeline, lambda s, t=ticket, c=said: actions.correct(s, t, c, EVA, NOON))
    merge(pipeline, one, two)
    with pipeline.store.read() as session:
        labels = {label.category: label.text for label in labelled_tickets(session)}
        ((entry),) = [entry for entry in timeline(session, [1]) if entry.subject == f"ticket:{one}"]
    assert ("words of ann" in labels["Login"], "words of bob" in labels["General"]) == (True, True)
    assert "opened" in entry.text


def test_an_email_that_was_planned_before_the_merge_is_sent_after_it(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    done = pipeline.store.write(lambda s: actions.assign(s, one, "TECH_SUPPORT", EVA, pipeline.clock.now()))
    merge(pipeline, one, two)
    pipeline.woken.offers += done.offers
    pipeline.work()
    with pipeline.store.read() as session:
        cause = Subject(SubjectKind.DECISION, done.decision or 0)
        sent = session.execute(select(DeliveryRow).where(DeliveryRow.cause == cause)).scalar_one()
    assert (sent.state, sent.ticket_id) == ("sent", one)
    assert problems(pipeline) == []


def test_the_detail_of_a_ticket_names_what_it_was_merged_with(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    merge(pipeline, one, two)
    with pipeline.store.read() as session:
        part, survivor = ticket_detail(session, one), ticket_detail(session, two)
    assert part is not None
    assert survivor is not None
    assert (part.merged_into, part.merged_from) == (survivor.ticket.reference, ())
    assert (survivor.merged_into, survivor.merged_from) == (None, (part.ticket.reference,))


def test_commands_after_a_merge_are_about_the_survivor(pipeline: Pipeline) -> None:
    one, two = opened(pipeline, ANN), opened(pipeline, BOB)
    commands = (Command(Verb.MERGE, row(pipeline, two).reference), Command(Verb.RESOLVE))
    done = go_on(pipeline, lambda s: actions.perform(s, one, commands, EVA, NOON, POLICY))
    assert done.ticket_id == two
    assert row(pipeline, two).status == Status.RESOLVED


def test_two_daemons_that_merge_in_opposite_directions_leave_one_survivor(pipeline: Pipeline, store_url: str) -> None:
    with closing(Store(store_url)) as first, closing(Store(store_url)) as second:
        for number in range(10):
            one, two = (
                opened(pipeline, f"a{number}@x{number}.example"),
                opened(pipeline, f"b{number}@y{number}.example"),
            )
            start, errors = threading.Barrier(2), []

            def act(store: Store, ticket: int, into: int, start: Any = start, errors: list[Any] = errors) -> None:
                start.wait(30)
                try:
                    store.write(lambda s: actions.merge(s, ticket, into, EVA, NOON))
                except ActionError as error:
                    errors.append(error)

            threads = [threading.Thread(target=act, args=pair) for pair in ((first, one, two), (second, two, one))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert len(errors) == 1
            assert sorted(row(pipeline, t).merged_into_id is None for t in (one, two)) == [False, True]
    assert problems(pipeline) == []


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"merged_into_id": 1}, "is merged into itself"),
        ({"merged_into_id": 99}, "is merged into itself, or into one that is merged or does not exist"),
        ({"merged_into_id": 2}, "is merged, but not CLOSED"),
        ({"merged_into_id": 2}, "is merged, but has messages"),
        ({"wait_until": NOON}, "waits until a time, but is not WAITING"),
        ({"wait_until": NOON, "status": "WAITING"}, "waits until a time, and no job will open it then"),
        ({"resolved_at": NOON}, "was resolved, but is not RESOLVED or CLOSED"),
    ],
)
def test_the_verification_finds_what_no_action_leaves_behind(
    pipeline: Pipeline, values: dict[str, Any], says: str
) -> None:
    opened(pipeline, ANN)
    opened(pipeline, BOB)
    pipeline.store.write(lambda session: session.execute(update(Ticket).where(Ticket.id == 1).values(values)))
    assert any(says in found for where, found in problems(pipeline) if where == "ticket 1")


def test_the_verification_finds_a_message_that_came_from_nowhere(pipeline: Pipeline) -> None:
    one, _ = opened(pipeline, ANN), opened(pipeline, BOB)
    moved = update(MessageRow).where(MessageRow.ticket_id == one).values(moved_from_id=2)
    pipeline.store.write(lambda session: session.execute(moved))
    says = "came with a ticket that is not merged into its ticket"
    assert ("message 1", says) in problems(pipeline)
