"""Tickets: list, show and change them."""

from typing import Annotated

from fastapi import Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from config.schema import Category
from config.settings import Settings
from daemon.mail.command_arguments import LONGEST_WAIT, SHORTEST_WAIT
from daemon.store.queries import ticket_pages
from daemon.store.queries.ticket_pages import TicketQuery, TicketRow
from daemon.tickets import changes
from daemon.tickets.access import Scope
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import address_teams
from daemon.tickets.changes import Change
from daemon.vocabulary import Priority, Status
from daemon.web.api.conditional import ETAG_HEADER, WRITE_PROBLEMS, IfMatch, matcher, tags_in, write_on
from daemon.web.api.rows import TICKET_EXAMPLE, TicketName, TicketView, etag, not_found, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.pagination import LINK, Cursor, Limit, Moment, Words, decode, encode, link_next
from daemon.web.parameters import operations
from daemon.web.problems import Problem, documented, invalid
from daemon.web.services import Services, WebServices
from daemon.web.validation import NO_CONTROL

router = operations("tickets")
Reader = Annotated[Caller, requires(Scope.TICKETS_READ)]
Writer = Annotated[Caller, requires(Scope.TICKETS_WRITE)]

ChosenPriority = Annotated[Priority, Field(json_schema_extra={"enum": ["Urgent", "High", "Medium", "Low"]})]


class TicketChange(BaseModel):
    """What to change. `category` and `priority` correct the decision: the team is notified, and triage learns.

    With `wait_until` the ticket waits for the customer, and opens again then unless something happens before.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"status": "RESOLVED"},
                {"category": "Login", "priority": "High"},
                {"team": "TECH_SUPPORT"},
                {"wait_until": "2026-12-01T09:00:00Z"},
            ]
        },
    )

    status: Status | None = None
    wait_until: Annotated[Moment | None, Field(description="UTC without an offset; at most 366 days from now.")] = None
    team: Annotated[str, StringConstraints(max_length=64)] | None = None
    category: Annotated[str, StringConstraints(max_length=64)] | None = None
    priority: ChosenPriority | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "TicketChange":
        if not any((self.status, self.wait_until, self.team, self.category, self.priority)):
            raise ValueError("name at least one of status, wait_until, team, category and priority")
        if self.wait_until and self.status not in (None, Status.WAITING):
            raise ValueError("only a ticket with the status WAITING has wait_until")
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
        str | None,
        Query(
            max_length=200,
            pattern=NO_CONTROL,
            description="A phrase, in the 20,000 newest tickets; a complete email address, in all.",
        ),
    ] = None,
    since: Annotated[Moment | None, Query(description="Opened since; UTC without an offset.")] = None,
    updated_since: Annotated[
        Moment | None, Query(description="Changed since; the tickets are then in the order of their last change.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Tickets:
    """List tickets, the newest first; with `updated_since` in the order of their last change."""
    wanted = TicketQuery(
        status=status,
        team=team,
        category=category,
        requester=requester,
        text=text,
        since=since,
        updated_since=updated_since,
    )
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
    if if_none_match is not None and tag in tags_in(if_none_match):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return TicketView.of(row)


@router.patch(
    "/tickets/{ticket}",
    summary="Change a ticket",
    responses={
        200: {"headers": ETAG_HEADER},
        **WRITE_PROBLEMS,
    },
)
async def change_ticket(
    ticket: TicketName,
    wanted: TicketChange,
    response: Response,
    services: Services,
    caller: Writer,
    if_match: IfMatch = None,
) -> TicketView:
    """Change the status, the team, or the category and priority of a ticket: all of it or nothing."""
    row = await services.run(lambda: _change(services, ticket, _checked(services, wanted), caller.acting, if_match))
    response.headers["ETag"] = etag(row)
    return TicketView.of(row)


def _change(services: WebServices, ticket: str, wanted: Change, actor: Actor, if_match: str | None) -> TicketRow:
    settings, now, matches = services.settings, services.clock.now(), matcher(if_match)
    row, offers = write_on(
        services,
        ticket,
        lambda session, number: changes.change(
            session, number, wanted, actor, now, matches=matches, retrain_after=settings.triage.retrain_after
        ),
    )
    services.wake(offers)
    return row


def _checked(services: WebServices, wanted: TicketChange) -> Change:
    """Return a change whose team and category are configured; raises ProblemError."""
    settings, until = services.settings, wanted.wait_until
    if until is not None and not SHORTEST_WAIT <= until - services.clock.now() <= LONGEST_WAIT:
        raise invalid("body.wait_until", f"a ticket waits for 5 minutes to {LONGEST_WAIT.days} days")
    if wanted.team is not None and wanted.team not in (names := [team.name for team in settings.teams]):
        raise invalid("body.team", f"no such team; one of {', '.join(names)}")
    if wanted.priority is Priority.PENDING:
        raise invalid("body.priority", "a person decides Urgent, High, Medium or Low")
    if wanted.category is None:
        return Change(wanted.status, wanted.team, None, wanted.priority, wait_until=until)
    category = _category(settings, wanted.category)
    default, addresses = Priority(category.priority), address_teams(settings)
    return Change(
        status=wanted.status,
        team=wanted.team,
        category=category.name,
        priority=wanted.priority,
        category_team=category.team,
        category_priority=default,
        addresses=addresses,
        wait_until=until,
    )


def _category(settings: Settings, name: str) -> Category:
    for category in settings.categories:
        if category.name == name:
            return category
    raise invalid("body.category", f"no such category; one of {', '.join(c.name for c in settings.categories)}")
