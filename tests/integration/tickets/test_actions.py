"""Actions on tickets: what each changes, which event says so, and that the commands of one email are done together."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.mail.commands import Command, Verb
from daemon.store.maintenance.verify.run import verify
from daemon.store.models import Decision, DeliveryRow, Event, Job, Ticket
from daemon.store.store import Store
from daemon.tickets import actions
from daemon.tickets.actions import ActionError, ActionPolicy, ActionResult, Correction
from daemon.tickets.actor import Actor
from daemon.vocabulary import Priority, Status
from tests.support.domain_values import ADMIN
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON
from tests.support.pipeline import Pipeline

EVA = Actor("eva@example.com", "PAYMENTS_TEAM", "email:7")
LATER = NOON + timedelta(hours=1)
POLICY = ActionPolicy({"Login": ("IDENTITY_TEAM", Priority.HIGH), "General": ("GENERAL_SUPPORT", Priority.LOW)}, 0, {})
CLOSE, SPLIT = Command(Verb.CLOSE), Command(Verb.SPLIT)
Act = Callable[[Session, int, Actor, Any], ActionResult]


def wait(session: Session, ticket_id: int, actor: Actor, now: Any) -> ActionResult:
    return actions.wait(session, ticket_id, timedelta(days=3), actor, now)


@pytest.fixture
def ticket(pipeline: Pipeline) -> int:
    pipeline.process([inbound(mail(ANN, body="I cannot log in"))])
    return newest(pipeline.store)


def newest(store: Store) -> int:
    with store.read() as session:
        return session.execute(select(Ticket.id).order_by(Ticket.id.desc()).limit(1)).scalar_one()


def row(store: Store, ticket_id: int) -> Ticket:
    with store.read() as session:
        return session.get_one(Ticket, ticket_id)


def events(store: Store, ticket_id: int) -> list[tuple[str, dict[str, Any]]]:
    with store.read() as session:
        found = select(Event).where(Event.ticket_id == ticket_id).order_by(Event.id)
        return [(event.kind, event.data) for event in session.execute(found).scalars()]


def do(store: Store, act: Act, ticket_id: int, actor: Actor = EVA, now: Any = LATER) -> ActionResult:
    return store.write(lambda session: act(session, ticket_id, actor, now))


def perform(store: Store, ticket_id: int, *commands: Command, now: Any = LATER) -> ActionResult:
    return store.write(lambda session: actions.perform(session, ticket_id, commands, EVA, now, POLICY))


def sound(store: Store) -> bool:
    return list(verify(store, NOON + timedelta(days=20), lambda _: None)) == []


@pytest.mark.parametrize(
    ("act", "status", "kind", "resolved"),
    [
        (actions.close, Status.CLOSED, "closed", True),
        (actions.resolve, Status.RESOLVED, "resolved", True),
        (actions.spam, Status.SPAM, "marked as spam", False),
        (wait, Status.WAITING, "waiting", False),
    ],
)
def test_a_change_of_status_is_one_event_with_who_and_by_which_door(
    store: Store, ticket: int, act: Act, status: Status, kind: str, *, resolved: bool
) -> None:
    assert do(store, act, ticket).changed
    assert row(store, ticket).status == status
    assert row(store, ticket).resolved_at == (LATER if resolved else None)
    said, data = events(store, ticket)[-1]
    assert said == kind
    assert {"actor": EVA.name, "source": "email:7", "for_team": "PAYMENTS_TEAM", "was": "OPEN"}.items() <= data.items()
    assert sound(store)
    before = events(store, ticket)
    assert not do(store, act, ticket).changed
    assert events(store, ticket) == before


def test_a_reopened_ticket_is_neither_resolved_nor_waiting(store: Store, ticket: int) -> None:
    assert not do(store, actions.reopen, ticket).changed
    for act in (actions.resolve, wait, actions.spam, actions.close):
        do(store, act, ticket)
        assert do(store, actions.reopen, ticket).done == ("opened",)
        found = row(store, ticket)
        assert (found.status, found.resolved_at, found.wait_until) == (Status.OPEN, None, None)
    assert sound(store)


def test_a_resolved_ticket_that_is_closed_keeps_the_time_of_its_resolution(store: Store, ticket: int) -> None:
    do(store, actions.resolve, ticket)
    do(store, actions.close, ticket, now=LATER + timedelta(days=1))
    assert row(store, ticket).resolved_at == LATER


@pytest.mark.parametrize("act", [wait, actions.resolve])
def test_an_email_of_the_customer_ends_the_wait_and_the_resolution(pipeline: Pipeline, ticket: int, act: Act) -> None:
    do(pipeline.store, act, ticket)
    pipeline.old = ticket
    pipeline.accept_an_answer_by_token()
    found = row(pipeline.store, ticket)
    assert (found.status, found.resolved_at, found.wait_until) == (Status.OPEN, None, None)
    assert sound(pipeline.store)


def test_who_takes_a_ticket_is_shown_until_it_goes_to_another_team(store: Store, ticket: int) -> None:
    assert do(store, actions.take, ticket).done == (f"taken by {EVA.name}",)
    assert row(store, ticket).taken_by == EVA.name
    assert not do(store, actions.take, ticket).changed
    assert do(store, actions.take, ticket, ADMIN).changed
    assert events(store, ticket)[-1] == ("taken", {"actor": "ann", "source": "cli", "was": EVA.name})
    perform(store, ticket, Command(Verb.PRIORITY, "Urgent"))
    assert row(store, ticket).taken_by == "ann"
    perform(store, ticket, Command(Verb.ASSIGN, "TECH_SUPPORT"))
    assert row(store, ticket).taken_by is None
    assert sound(store)


def test_an_assignment_notifies_the_new_team_and_names_who_made_it(pipeline: Pipeline, ticket: int) -> None:
    done = perform(pipeline.store, ticket, Command(Verb.ASSIGN, "TECH_SUPPORT"))
    pipeline.woken.offers += done.offers
    pipeline.work()
    with pipeline.store.read() as session:
        last = session.execute(select(DeliveryRow).order_by(DeliveryRow.id.desc()).limit(1)).scalar_one()
        decision = session.get_one(Decision, done.decision)
    assert (last.kind, last.state, last.cause.id) == ("notification", "sent", done.decision)
    assert (decision.by, decision.actor) == ("assignment", EVA.name)
    assert events(pipeline.store, ticket)[-1][1]["decision"] == done.decision


def test_category_priority_and_team_of_one_email_are_one_decision(store: Store, ticket: int) -> None:
    commands = (Command(Verb.PRIORITY, "Urgent"), Command(Verb.CATEGORY, "Login"), Command(Verb.ASSIGN, "TECH_SUPPORT"))
    done = perform(store, ticket, *commands)
    found = row(store, ticket)
    assert (found.category, found.priority, found.assigned_team) == ("Login", "Urgent", "TECH_SUPPORT")
    assert len(done.offers) == 1
    with store.read() as session:
        assert session.get_one(Decision, done.decision).by == "person"
    assert done.done == ("corrected: Login, priority Urgent, team TECH_SUPPORT",)


def test_a_priority_alone_says_nothing_of_the_category(store: Store, ticket: int) -> None:
    category = row(store, ticket).category
    done = perform(store, ticket, Command(Verb.PRIORITY, "High"))
    with store.read() as session:
        assert session.get_one(Decision, done.decision).by == "assignment"
    assert (row(store, ticket).category, row(store, ticket).priority) == (category, "High")
    assert not perform(store, ticket, Command(Verb.PRIORITY, "High")).changed


def test_an_assignment_with_a_priority_is_one_decision(store: Store, ticket: int) -> None:
    done = perform(store, ticket, Command(Verb.ASSIGN, "TECH_SUPPORT"), Command(Verb.PRIORITY, "Urgent"))
    assert (row(store, ticket).assigned_team, row(store, ticket).priority) == ("TECH_SUPPORT", "Urgent")
    assert len(done.done) == 1


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ((CLOSE, Command(Verb.MERGE, "HD-7K3Q-M9XY")), "there is no ticket HD-7K3Q-M9XY"),
        ((Command(Verb.TAKE), SPLIT), "nothing was merged into"),
        ((Command(Verb.WAIT, timedelta(days=1)), Command(Verb.CATEGORY, "Gone")), "there is no category Gone"),
    ],
)
def test_one_command_that_cannot_be_done_stops_all_and_changes_nothing(
    store: Store, ticket: int, commands: tuple[Command, ...], why: str
) -> None:
    before = _everything(store)

    def refused(session: Session) -> str:
        with pytest.raises(ActionError) as error:
            actions.perform(session, ticket, commands, EVA, LATER, POLICY)
        return str(error.value)

    # The transaction goes on, so that the email can be returned in it.
    assert why in store.write(refused)
    assert _everything(store) == before


def _everything(store: Store) -> list[Any]:
    with store.read() as session:
        tickets = [
            (t.status, t.taken_by, t.wait_until, t.updated_at) for t in session.execute(select(Ticket)).scalars()
        ]
        counts = [len(session.execute(select(model.id)).all()) for model in (Event, Job, Decision)]
    return [tickets, counts]


def test_commands_are_done_in_their_order(store: Store, ticket: int) -> None:
    done = perform(store, ticket, Command(Verb.TAKE), Command(Verb.NOTE), Command(Verb.CATEGORY, "General"), CLOSE)
    assert [kind for kind, _ in events(store, ticket)][-3:] == ["taken", "corrected", "closed"]
    assert (done.ticket_id, done.changed, len(done.done)) == (ticket, True, 3)
    assert sound(store)


def test_a_pending_ticket_can_be_corrected_but_not_assigned(pipeline: Pipeline) -> None:
    ticket = pipeline.intake.accept(inbound(mail(ANN, body="pending"))).ticket_id
    assert ticket is not None
    for command in (Command(Verb.ASSIGN, "TECH_SUPPORT"), Command(Verb.PRIORITY, "Low")):
        with pytest.raises(ActionError, match="triage has not decided yet"):
            perform(pipeline.store, ticket, command)
    perform(pipeline.store, ticket, Command(Verb.CATEGORY, "Login"))
    assert row(pipeline.store, ticket).priority == "High"


def test_a_correction_names_the_door(store: Store, ticket: int) -> None:
    said = Correction("Login", "IDENTITY_TEAM", None, Priority.HIGH)
    store.write(lambda session: actions.correct(session, ticket, said, EVA, LATER))
    store.write(lambda session: actions.correct(session, ticket, said, EVA, LATER))
    assert [(kind, data["source"]) for kind, data in events(store, ticket)] == [("corrected", "email:7")]
