"""The actions of people on tickets: one function each, and the commands of one email together, all or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from daemon.mail.commands import Command, Verb
from daemon.store.models import Ticket
from daemon.store.queries.tickets import ticket_id_of
from daemon.store.sql import table
from daemon.tickets.action_base import ActionError, ActionResult, lock_ticket, record
from daemon.tickets.actor import Actor
from daemon.tickets.address_teams import AddressTeam
from daemon.tickets.corrections import Correction, assign, correct, prioritise
from daemon.tickets.merging import merge, split
from daemon.tickets.status import close, reopen, resolve, spam, wait
from daemon.vocabulary import Priority

__all__ = [
    "ActionError",
    "ActionPolicy",
    "ActionResult",
    "Correction",
    "assign",
    "close",
    "correct",
    "merge",
    "perform",
    "prioritise",
    "reopen",
    "resolve",
    "spam",
    "split",
    "take",
    "wait",
]

TICKET = table(Ticket)
SIMPLE = {Verb.CLOSE: close, Verb.RESOLVE: resolve, Verb.OPEN: reopen, Verb.SPAM: spam, Verb.SPLIT: split}
TRIAGE = frozenset({Verb.CATEGORY, Verb.PRIORITY, Verb.ASSIGN})


@dataclass(frozen=True, slots=True)
class ActionPolicy:
    """What actions need of the settings: the team and the priority of each category, and when to train.

    `addresses` are those of ours that have a team, in lower case.
    """

    categories: Mapping[str, tuple[str, Priority]]
    retrain_after: int
    addresses: Mapping[str, AddressTeam]


def take(session: Session, ticket_id: int, actor: Actor, now: datetime) -> ActionResult:
    """Note who answers a ticket; every later email to the team shows it."""
    ticket = lock_ticket(session, ticket_id)
    if ticket.taken_by == actor.name:
        return ActionResult(ticket_id)
    record(session, "taken", ticket_id, actor, now, was=ticket.taken_by)
    session.execute(update(TICKET).where(TICKET.c.id == ticket_id).values(taken_by=actor.name, updated_at=now))
    session.refresh(ticket)
    return ActionResult(ticket_id, changed=True, done=(f"taken by {actor.name}",))


def perform(
    session: Session, ticket_id: int, commands: Sequence[Command], actor: Actor, now: datetime, policy: ActionPolicy
) -> ActionResult:
    """Do all commands of one email in their order; raises ActionError, and then none of them is done.

    #category, #priority and #assign become one decision, in the place of the first. Commands about the answer itself,
    such as #note, are left to others. The result names the ticket that the rest of the email is about.
    """
    result, triaged = ActionResult(ticket_id), False
    with session.begin_nested():
        for command in commands:
            if command.verb in TRIAGE:
                done = None if triaged else _decide(session, result.ticket_id, commands, actor, now, policy)
                triaged = True
            else:
                done = _do(session, result.ticket_id, command, actor, now)
            if done is not None:
                result = _joined(result, done)
    return result


def _do(session: Session, ticket_id: int, command: Command, actor: Actor, now: datetime) -> ActionResult | None:
    """Do one command; None if it is no action on a ticket."""
    if command.verb in SIMPLE:
        return SIMPLE[command.verb](session, ticket_id, actor, now)
    if command.verb is Verb.TAKE:
        return take(session, ticket_id, actor, now)
    if command.verb is Verb.WAIT:
        return wait(session, ticket_id, command.duration, actor, now)
    if command.verb is Verb.MERGE:
        into = ticket_id_of(session, command.text)
        if into is None:
            raise ActionError(f"there is no ticket {command.text}")
        return merge(session, ticket_id, into, actor, now)
    return None


def _decide(
    session: Session, ticket_id: int, commands: Sequence[Command], actor: Actor, now: datetime, policy: ActionPolicy
) -> ActionResult:
    """Put what an email says of category, priority and team in force, as one decision."""
    said = {command.verb: command.text for command in commands if command.verb in TRIAGE}
    priority = Priority(said[Verb.PRIORITY]) if Verb.PRIORITY in said else None
    if Verb.CATEGORY in said:
        category = said[Verb.CATEGORY]
        if category not in policy.categories:
            raise ActionError(f"there is no category {category}")
        team, default = policy.categories[category]
        addresses = {} if Verb.ASSIGN in said else policy.addresses
        correction = Correction(category, said.get(Verb.ASSIGN, team), priority, default, addresses)
        return correct(session, ticket_id, correction, actor, now, retrain_after=policy.retrain_after)
    if Verb.ASSIGN in said:
        return assign(session, ticket_id, said[Verb.ASSIGN], actor, now, priority=priority)
    if priority is None:
        return ActionResult(ticket_id)
    return prioritise(session, ticket_id, priority, actor, now)


def _joined(one: ActionResult, next_: ActionResult) -> ActionResult:
    return replace(
        next_,
        decision=next_.decision or one.decision,
        team=next_.team or one.team,
        changed=one.changed or next_.changed,
        offers=one.offers + next_.offers,
        done=one.done + next_.done,
    )
