"""Merge a ticket into another, and split them again.

A merged ticket is CLOSED and points to the survivor, which has all messages and people. The survivor is never merged
itself: the tickets that were merged into a ticket before are carried along with it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from daemon.store import merges
from daemon.store.jobs import Offer
from daemon.store.merges import MERGED_INTO, SPLIT_FROM
from daemon.store.models import Event, Ticket
from daemon.store.tickets import reference_of, survivor_of, touch
from daemon.tickets import status
from daemon.tickets.action_base import ActionError, ActionResult, lock_any, lock_ticket, notify_of_event, record
from daemon.tickets.actor import Actor
from daemon.vocabulary import PENDING, Status

MERGED_FROM: Final = "merged from"
SPLIT_OFF: Final = "split off"


def merge(session: Session, ticket_id: int, into_id: int, actor: Actor, now: datetime) -> ActionResult:
    """Move everything of a ticket to another, and tell both teams. The result names the survivor."""
    into_id = survivor_of(session, into_id)
    # In the order of their ids, so that two merges never wait for each other.
    for each in sorted(locked_by_merge(session, ticket_id, into_id)):
        lock_any(session, each)
    into, ticket = lock_any(session, into_id), lock_ticket(session, ticket_id)
    _refuse(ticket, into)
    carried = merges.merged_tickets(session, ticket_id)
    joined = merges.share_people(session, ticket, into)
    number = merges.move_messages(session, ticket_id, into_id)
    undo = _undo_data(ticket, into_id, carried, joined)
    what = {"other": into.reference, "messages": number, "was": ticket.status}
    first = record(session, MERGED_INTO, ticket_id, actor, now, **what, undo=undo)
    second = record(session, MERGED_FROM, into_id, actor, now, other=ticket.reference, messages=number)
    merges.set_survivor(session, [ticket_id, *carried], into_id)
    status.set_status(session, ticket, Status.CLOSED, now)
    touch(session, into_id, now, reopen=False)
    offers = _tell(session, ticket, into, first, second, now)
    return ActionResult(into_id, changed=True, offers=offers, done=(f"merged into {into.reference}",))


def split(session: Session, ticket_id: int, actor: Actor, now: datetime) -> ActionResult:
    """Undo the merge of a ticket, or the newest merge into it, as long as no customer got an email since."""
    survivor_id = survivor_of(session, ticket_id)
    event = _merge_to_undo(session, ticket_id, survivor_id)
    if event is None or event.ticket_id is None:
        raise ActionError(f"nothing was merged into {reference_of(session, ticket_id)}")
    for each in sorted({event.ticket_id, survivor_id}):
        lock_any(session, each)
    survivor, part = lock_ticket(session, survivor_id), lock_any(session, event.ticket_id)
    if part.merged_into_id != survivor_id:
        raise ActionError(f"{part.reference} was split from {survivor.reference} meanwhile")
    undo: Mapping[str, Any] = event.data["undo"]
    if merges.was_answered(session, {survivor_id, part.id, undo["into"]}, event.at):
        raise ActionError(
            f"{part.reference} cannot be split from {survivor.reference}: "
            "a customer got an email after they were merged"
        )
    return _split(session, survivor, part, undo, actor, now, ticket_id)


def locked_by_merge(session: Session, ticket_id: int, into_id: int) -> set[int]:
    """Return the tickets that a merge locks: also those that were merged into the ticket before and go along."""
    return {ticket_id, survivor_of(session, into_id), *merges.merged_tickets(session, ticket_id)}


def locked_by_split(session: Session, ticket_id: int) -> set[int]:
    """Return the tickets that the split of a ticket locks."""
    survivor_id = survivor_of(session, ticket_id)
    event = _merge_to_undo(session, ticket_id, survivor_id)
    return {survivor_id, *([event.ticket_id] if event is not None and event.ticket_id is not None else [])}


def _merge_to_undo(session: Session, ticket_id: int, survivor_id: int) -> Event | None:
    """Return the merge of a ticket, or the newest one into it."""
    parts = merges.merged_tickets(session, survivor_id) if survivor_id == ticket_id else [ticket_id]
    return merges.newest_merge(session, parts) if parts else None


def _split(
    session: Session,
    survivor: Ticket,
    part: Ticket,
    undo: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    ticket_id: int,
) -> ActionResult:
    there = set(merges.merged_tickets(session, survivor.id))
    carried = [number for number in undo["carried"] if number in there]
    number = merges.return_messages(session, survivor.id, part.id, carried)
    merges.remove_people(session, survivor.id, undo["joined"])
    merges.set_survivor(session, [part.id], None)
    merges.set_survivor(session, carried, part.id)
    _restore(session, part, undo, now)
    what = {"other": survivor.reference, "messages": number, "was": Status.CLOSED, "status": part.status}
    first = record(session, SPLIT_FROM, part.id, actor, now, **what)
    second = record(session, SPLIT_OFF, survivor.id, actor, now, other=part.reference, messages=number)
    touch(session, survivor.id, now, reopen=False)
    offers = _tell(session, part, survivor, first, second, now)
    done = f"{part.reference} is split from {survivor.reference}"
    return ActionResult(ticket_id, changed=True, offers=offers, done=(done,))


def _refuse(ticket: Ticket, into: Ticket) -> None:
    """Raise ActionError where a ticket cannot be merged into another."""
    if ticket.id == into.id:
        raise ActionError(f"{ticket.reference} cannot be merged into itself")
    for one in (ticket, into):
        if one.merged_into_id is not None:
            raise ActionError(f"{one.reference} was merged into another ticket meanwhile")
        if one.status == Status.SPAM:
            raise ActionError(f"{one.reference} is spam; open it first")
    if ticket.category == PENDING:
        raise ActionError(f"triage has not decided about {ticket.reference} yet")


def _undo_data(ticket: Ticket, into: int, carried: Sequence[int], joined: Sequence[int]) -> dict[str, Any]:
    return {
        "into": into,
        "carried": list(carried),
        "joined": list(joined),
        "status": ticket.status,
        "resolved_at": ticket.resolved_at.isoformat() if ticket.resolved_at else None,
        "wait_until": ticket.wait_until.isoformat() if ticket.wait_until else None,
    }


def _restore(session: Session, part: Ticket, undo: Mapping[str, Any], now: datetime) -> None:
    """Give a ticket the status back that it had before it was merged; a wait that is over leaves it OPEN."""
    before = Status(undo["status"])
    until = datetime.fromisoformat(undo["wait_until"]) if undo["wait_until"] else None
    if until is not None and until > now:
        status.wait_until(session, part, until, now)
    else:
        status.set_status(session, part, Status.OPEN if until is not None else before, now)


def _tell(
    session: Session, part: Ticket, survivor: Ticket, first: int, second: int, now: datetime
) -> tuple[Offer, ...]:
    """Notify the team of the survivor, and that of the other ticket if it is another team."""
    causes = [second] if part.assigned_team == survivor.assigned_team else [second, first]
    return tuple(notify_of_event(session, event, now) for event in causes)
