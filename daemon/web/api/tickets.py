"""Tickets: list, show and change them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from config.schema import Category
from config.settings import Settings
from daemon.store.queries import ticket_pages
from daemon.store.queries.ticket_pages import TicketQuery, TicketRow
from daemon.tickets import changes
from daemon.tickets.access import Scope
from daemon.tickets.action import ActionError
from daemon.tickets.actor import Actor
from daemon.tickets.changes import Change, ChangeError, VersionError
from daemon.tickets.conversation_policy import address_teams
from daemon.vocabulary import Priority, Status
from daemon.web.api.rows import TICKET_EXAMPLE, TicketName, TicketView, etag, not_found, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.mistakes import NO_CONTROL
from daemon.web.pagination import LINK, Cursor, Limit, Moment, Words, decode, encode, link_next
from daemon.web.problems import Problem, ProblemError, documented, invalid
from daemon.web.services import Services, WebServices

router = APIRouter(tags=["tickets"])
Reader = Annotated[Caller, requires(Scope.TICKETS_READ)]
Writer = Annotated[Caller, requires(Scope.TICKETS_WRITE)]

ETAG_HEADER: Final[dict[str, Any]] = {
    "ETag": {"description": "Version of the ticket, for If-Match and If-None-Match.", "schema": {"type": "string"}}
}
ChosenPriority = Annotated[Priority, Field(json_schema_extra={"enum": ["Urgent", "High", "Medium", "Low"]})]


class TicketChange(BaseModel):
    """What to change. `category` and `priority` correct the decision: the team is notified, and triage learns."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"status": "RESOLVED"}, {"category": "Login", "priority": "High"}, {"team": "TECH_SUPPORT"}]
        },
    )

    status: Status | None = None
    team: Annotated[str, StringConstraints(max_length=64)] | None = None
    category: Annotated[str, StringConstraints(max_length=64)] | None = None
    priority: ChosenPriority | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "TicketChange":
        if not any((self.status, self.team, self.category, self.priority)):
            raise ValueError("name at least one of status, team, category and priority")
        return self


class Tickets(BaseModel):
    """A page of tickets."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tickets": [TICKET_EXAMPLE]}]})

    tickets: list[TicketView]


@router.get(
    "/tickets",
    summary="List tickets",
    responses={200: {"headers": LINK}, **documented()},
)
async def list_tickets(
    request: Request,
    response: Response,
    services: Services,
    _caller: Reader,
    status: Status | None = None,
    team: Words = None,
    category: Words = None,
    requester: Annotated[str | None, Query(max_length=254, pattern=NO_CONTROL, description="An email address.")] = None,
    text: Annotated[
        str | None, Query(max_length=200, pattern=NO_CONTROL, description="A phrase, in the 20,000 newest tickets.")
    ] = None,
    since: Annotated[Moment | None, Query(description="Opened since; UTC without an offset.")] = None,
    updated_since: Annotated[
        Moment | None, Query(description="Changed since; the tickets are then in the order of their last change.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Tickets:
    """List tickets, the newest first; with `updated_since` in the order of their last change."""
    wanted = TicketQuery(status, team, category, requester, text, since, updated_since)
    after = decode(cursor)

    def read() -> list[TicketRow]:
        with services.store.read() as session:
            return ticket_pages.page(session, wanted, after, limit + 1)

    rows = await services.run(read)
    if len(rows) > limit:
        last = rows[limit - 1].ticket
        link_next(request, response, encode(last.created_at if updated_since is None else last.updated_at, last.id))
    return Tickets(tickets=[TicketView.of(row) for row in rows[:limit]])


@router.get(
    "/tickets/{ticket}",
    summary="Show a ticket",
    response_model=TicketView,
    responses={
        200: {"headers": ETAG_HEADER},
        304: {"description": "It is still in a version of If-None-Match."},
        **documented(Problem.NOT_FOUND),
    },
)
async def show_ticket(
    ticket: TicketName,
    response: Response,
    services: Services,
    _caller: Reader,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> TicketView | Response:
    """Show a ticket with the decision in force: its category, priority and team, with reasons and alternatives."""

    def read() -> TicketRow | None:
        with services.store.read() as session:
            return ticket_pages.one(session, ticket_id(session, ticket, services.settings.support.reference_prefix))

    row = await services.run(read)
    if row is None:
        raise not_found(f"ticket {ticket}")
    tag = etag(row)
    if if_none_match is not None and tag in _tags(if_none_match):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return TicketView.of(row)


@router.patch(
    "/tickets/{ticket}",
    summary="Change a ticket",
    responses={
        200: {"headers": ETAG_HEADER},
        **documented(
            *(Problem.NOT_FOUND, Problem.CONFLICT, Problem.CHANGED, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT)
        ),
    },
)
async def change_ticket(
    ticket: TicketName,
    wanted: TicketChange,
    response: Response,
    services: Services,
    caller: Writer,
    if_match: Annotated[str | None, Header(max_length=1000, description="Change it only in this version.")] = None,
) -> TicketView:
    """Change the status, the team, or the category and priority of a ticket: all of it or nothing."""
    row = await services.run(
        lambda: _change(services, ticket, _checked(services.settings, wanted), caller.acting, if_match)
    )
    response.headers["ETag"] = etag(row)
    return TicketView.of(row)


def _change(services: WebServices, ticket: str, wanted: Change, actor: Actor, if_match: str | None) -> TicketRow:
    settings, now = services.settings, services.clock.now()
    expected = None if if_match is None or if_match.strip() == "*" else _tags(if_match)
    with services.store.read() as session:
        number = ticket_id(session, ticket, settings.support.reference_prefix)
    try:
        row, offers = services.store.write(
            lambda session: changes.change(
                session,
                number,
                wanted,
                actor,
                now,
                matches=None if expected is None else lambda found: etag(found) in expected,
                retrain_after=settings.triage.retrain_after,
            )
        )
    except LookupError:
        raise not_found(f"ticket {ticket}") from None
    except VersionError:
        raise ProblemError(Problem.CHANGED, "get it again, and decide whether the change is still right") from None
    except (ActionError, ChangeError) as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
    services.wake(offers)
    return row


def _checked(settings: Settings, wanted: TicketChange) -> Change:
    """Return a change whose team and category are configured; raises ProblemError."""
    if wanted.team is not None and wanted.team not in (names := [team.name for team in settings.teams]):
        raise invalid("body.team", f"no such team; one of {', '.join(names)}")
    if wanted.priority is Priority.PENDING:
        raise invalid("body.priority", "a person decides Urgent, High, Medium or Low")
    if wanted.category is None:
        return Change(wanted.status, wanted.team, None, wanted.priority)
    category = _category(settings, wanted.category)
    default = Priority(category.priority)
    addresses = address_teams(settings)
    return Change(wanted.status, wanted.team, category.name, wanted.priority, category.team, default, addresses)


def _category(settings: Settings, name: str) -> Category:
    for category in settings.categories:
        if category.name == name:
            return category
    raise invalid("body.category", f"no such category; one of {', '.join(c.name for c in settings.categories)}")


def _tags(header: str) -> frozenset[str]:
    return frozenset(tag.strip().removeprefix("W/") for tag in header.split(","))
