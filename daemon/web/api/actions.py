"""Act on a ticket: take it, merge it into another, split what was merged."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy.orm import Session

from daemon.store.queries import ticket_pages
from daemon.store.queries.ticket_pages import TicketRow
from daemon.tickets import actions, changes, merging
from daemon.tickets.access import Scope
from daemon.tickets.action_base import ActionResult
from daemon.tickets.actor import Actor
from daemon.web.api.conditional import ETAG_HEADER, WRITE_PROBLEMS, IfMatch, matcher, write_on
from daemon.web.api.rows import TicketName, TicketView, etag, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.parameters import operations
from daemon.web.problems import ProblemError, invalid
from daemon.web.services import Services, WebServices
from daemon.web.validation import NO_CONTROL

router = operations("tickets")
Writer = Annotated[Caller, requires(Scope.TICKETS_WRITE)]
Act = Callable[[Session, int, Actor, datetime], ActionResult]

CHANGES = {200: {"headers": ETAG_HEADER}, **WRITE_PROBLEMS}


class MergeInto(BaseModel):
    """The ticket that gets everything, by its id or reference."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"into": "HD-2K32-FE76"}]})

    into: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=NO_CONTROL)]


@router.post("/tickets/{ticket}/take", summary="Take a ticket", responses=CHANGES)
async def take(
    ticket: TicketName, response: Response, services: Services, caller: Writer, if_match: IfMatch = None
) -> TicketView:
    """Note that this token answers the ticket; every later email to the team shows it."""
    return await _acted(services, ticket, response, caller, if_match, actions.take)


@router.post("/tickets/{ticket}/merge", summary="Merge a ticket into another", responses=CHANGES)
async def merge(
    ticket: TicketName,
    wanted: MergeInto,
    response: Response,
    services: Services,
    caller: Writer,
    if_match: IfMatch = None,
) -> TicketView:
    """Move messages, answers and people of the ticket to another one, close it, and notify both teams.

    The answer shows the closed ticket; `merged_into` names the one that has the conversation now.
    """

    def locked(session: Session, number: int) -> set[int]:
        return merging.locked_by_merge(session, number, _other(session, wanted.into, services))

    def act(session: Session, number: int, actor: Actor, now: datetime) -> ActionResult:
        return actions.merge(session, number, _other(session, wanted.into, services), actor, now)

    return await _acted(services, ticket, response, caller, if_match, act, locked)


@router.post("/tickets/{ticket}/split", summary="Split what was merged", responses=CHANGES)
async def split(
    ticket: TicketName, response: Response, services: Services, caller: Writer, if_match: IfMatch = None
) -> TicketView:
    """Undo the merge of the ticket, or the newest merge into it, as long as no customer got an email since."""
    return await _acted(services, ticket, response, caller, if_match, actions.split, merging.locked_by_split)


async def _acted(
    services: WebServices,
    ticket: str,
    response: Response,
    caller: Caller,
    if_match: str | None,
    act: Act,
    locked: Callable[[Session, int], set[int]] = lambda _session, _number: set(),
) -> TicketView:
    """Do an action on a ticket; `locked` are the tickets that the action locks besides it."""
    now, matches = services.clock.now(), matcher(if_match)

    def write(session: Session, number: int) -> tuple[TicketRow, ActionResult]:
        changes.lock_version(session, number, matches, locked)
        done = act(session, number, caller.acting, now)
        return changes.after(session, number), done

    row, done = await services.run(lambda: write_on(services, ticket, write))
    services.wake(done.offers)
    response.headers["ETag"] = etag(row)
    return TicketView.of(row)


def _other(session: Session, name: str, services: WebServices) -> int:
    """Return the id of the ticket that a body names; raises ProblemError."""
    try:
        number = ticket_id(session, name, services.settings.support.reference_prefix)
    except ProblemError:
        number = 0
    if ticket_pages.one(session, number) is None:
        raise invalid("body.into", f"there is no ticket {name}")
    return number
