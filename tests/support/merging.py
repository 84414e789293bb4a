"""Merge and split tickets, and read what became of them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from daemon.store.maintenance.verify.run import verify
from daemon.store.models import DeliveryRow, MessageRow, Participant, Person, Ticket
from daemon.tickets import actions
from daemon.tickets.actions import ActionResult
from daemon.tickets.actor import Actor
from daemon.vocabulary import SubjectKind
from tests.support.emails import inbound, mail
from tests.support.pipeline import Pipeline

ANN, BOB, CY = "ann@customer.example", "bob@other.example", "cy@third.example"
EVA = Actor("eva@example.com", "PAYMENTS_TEAM", "email:7")


def opened(pipeline: Pipeline, sender: str = ANN, team: str = "") -> int:
    """Open a ticket, and give it to a team."""
    pipeline.process([inbound(mail(sender, f"from {sender}", body=f"words of {sender} {team}"), mail_from=sender)])
    with pipeline.store.read() as session:
        ticket = session.execute(select(Ticket.id).order_by(Ticket.id.desc()).limit(1)).scalar_one()
    if team:
        go_on(pipeline, lambda s: actions.assign(s, ticket, team, EVA, pipeline.clock.now()))
    return ticket


def go_on(pipeline: Pipeline, act: Any) -> ActionResult:
    """Do an action and all jobs that follow from it, a second later."""
    pipeline.clock.advance(seconds=1)
    done: ActionResult = pipeline.store.write(act)
    pipeline.woken.offers += done.offers
    pipeline.work()
    return done


def merge(pipeline: Pipeline, ticket: int, into: int) -> ActionResult:
    return go_on(pipeline, lambda s: actions.merge(s, ticket, into, EVA, pipeline.clock.now()))


def split(pipeline: Pipeline, ticket: int) -> ActionResult:
    return go_on(pipeline, lambda s: actions.split(s, ticket, EVA, pipeline.clock.now()))


def row(pipeline: Pipeline, ticket: int) -> Ticket:
    with pipeline.store.read() as session:
        return session.get_one(Ticket, ticket)


def messages(pipeline: Pipeline) -> dict[int, list[int | None]]:
    """Return the tickets with messages, each with where these came from."""
    found: dict[int, list[int | None]] = {}
    with pipeline.store.read() as session:
        for message in session.execute(select(MessageRow).order_by(MessageRow.id)).scalars():
            found.setdefault(message.ticket_id, []).append(message.moved_from_id)
    return found


def people(pipeline: Pipeline, ticket: int) -> set[str]:
    with pipeline.store.read() as session:
        query = select(Person.email).join(Participant, Participant.person_id == Person.id)
        return set(session.execute(query.where(Participant.ticket_id == ticket)).scalars())


def announced(pipeline: Pipeline) -> list[tuple[int | None, str]]:
    """Return the emails that announce an event: the ticket, and to whom."""
    with pipeline.store.read() as session:
        rows = session.execute(select(DeliveryRow).order_by(DeliveryRow.id)).scalars()
        return [(row.ticket_id, row.state) for row in rows if row.cause.kind is SubjectKind.EVENT]


def problems(pipeline: Pipeline) -> list[Any]:
    return list(verify(pipeline.store, pipeline.clock.now() + timedelta(days=2), lambda _: None))


def everything(pipeline: Pipeline) -> list[Any]:
    columns = (Ticket.id, Ticket.status, Ticket.merged_into_id, Ticket.resolved_at, Ticket.wait_until)
    with pipeline.store.read() as session:
        return [tuple(found) for found in session.execute(select(*columns).order_by(Ticket.id))]
