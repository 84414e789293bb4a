"""Tickets: open one by a request, show, list and change them."""

import ipaddress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from config.schema import Category
from config.settings import Settings
from daemon.mail.address import canonical
from daemon.store.idempotency import EarlierRequest
from daemon.store.queries import ticket_pages
from daemon.store.queries.ticket_pages import TicketQuery, TicketRow
from daemon.tickets import changes
from daemon.tickets.access import Scope
from daemon.tickets.action import ActionError
from daemon.tickets.actor import Actor
from daemon.tickets.changes import Change, ChangeError, VersionError
from daemon.tickets.request import KeyTakenError, TicketRequest, compose, key_of, submit
from daemon.vocabulary import PENDING, Priority, Status
from daemon.web.api.rows import TICKET_EXAMPLE, TicketName, TicketView, etag, not_found, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.pagination import LINK, NO_CONTROL, Cursor, Limit, Moment, Words, decode, encode, link_next
from daemon.web.problems import FieldProblem, Problem, ProblemError, documented, unavailable
from daemon.web.services import Services, WebServices

router = APIRouter(tags=["tickets"])
Reader = Annotated[Caller, requires(Scope.TICKETS_READ)]
Writer = Annotated[Caller, requires(Scope.TICKETS_WRITE)]

LONGEST_TEXT: Final = 200_000
# What no text of people has: NUL and other controls but tab and line ends, and halves of characters.
TEXT: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
ETAG_HEADER: Final[dict[str, Any]] = {
    "ETag": {"description": "Version of the ticket, for If-Match and If-None-Match.", "schema": {"type": "string"}}
}
ChosenPriority = Annotated[Priority, Field(json_schema_extra={"enum": ["Urgent", "High", "Medium", "Low"]})]


class NewTicket(BaseModel):
    """A request for a ticket. Without `email` nobody gets an acknowledgement."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"title": "Payment failed", "description": "Amount debited but not credited"},
                {
                    "title": "Payment failed",
                    "description": "Amount debited but not credited",
                    "email": "ana@example.com",
                    "name": "Ana",
                },
            ]
        },
    )

    title: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=NO_CONTROL)
    ] = Field(description="One line.")
    description: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=TEXT)]
    email: (
        Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00-\x20\x7f<>]+@[^\x00-\x20\x7f<>@]+$")] | None
    ) = None
    name: Annotated[str, StringConstraints(max_length=200, pattern=NO_CONTROL)] = ""
    to: Annotated[str, StringConstraints(max_length=254, pattern=NO_CONTROL)] | None = Field(
        None, description="The one of your support addresses that the ticket is for; without one, the first."
    )


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


@router.post(
    "/tickets",
    status_code=201,
    summary="Open a ticket",
    responses={
        201: {
            "description": "The ticket is stored durably. It is triaged in the background.",
            "headers": {
                "Location": {"description": "Path of the ticket.", "schema": {"type": "string"}},
                "Idempotency-Replayed": {
                    "description": "true: the ticket was opened by an earlier request with this Idempotency-Key.",
                    "schema": {"type": "string"},
                },
            },
        },
        **documented(Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT, Problem.CONFLICT, Problem.KEY_REUSED),
    },
)
async def open_ticket(
    wanted: NewTicket,
    request: Request,
    response: Response,
    services: Services,
    caller: Writer,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$", description="Makes a repetition safe for a day."
        ),
    ] = None,
) -> TicketView:
    """Open a ticket, as an email would; it is acknowledged, triaged and traced in the same way."""
    settings = services.settings
    to = _own_address(settings, wanted.to)
    asked = TicketRequest(wanted.title, wanted.description, _requester(settings, wanted.email), wanted.name, to)
    if not services.has_room():
        raise unavailable("the disk of the server is nearly full", 60)
    support, now = settings.support, services.clock.now()
    address = to or support.address
    inbound = compose(asked, _peer(request), address, support.message_id_domain_of(address), now)
    key = key_of(caller.token.id, idempotency_key, asked) if idempotency_key else None
    try:
        done = await services.run(lambda: submit(services.intake, services.store, inbound, key))
    except KeyTakenError:
        raise ProblemError(Problem.CONFLICT, "a request with this Idempotency-Key is in progress") from None
    if isinstance(done, EarlierRequest) and key is not None and done.fingerprint != key.fingerprint:
        raise ProblemError(Problem.KEY_REUSED, "use another Idempotency-Key for another ticket")
    if done.ticket_id is None or done.reference is None:
        raise ProblemError(Problem.INTERNAL, "the request is stored and parked; see `triaged parked list`")
    if isinstance(done, EarlierRequest):
        response.headers["Idempotency-Replayed"] = "true"
        now = done.created_at
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/tickets/{done.reference}"
    return _pending(done.ticket_id, done.reference, asked, now)


def _pending(number: int, reference: str, asked: TicketRequest, now: Any) -> TicketView:  # noqa: ANN401 - a datetime
    """Return a ticket as it is opened, without asking for it."""
    requester = {"email": asked.email.lower(), "name": asked.name} if asked.email else None
    return TicketView.model_validate(
        {
            **dict.fromkeys(("confidence", "assigned_team", "related", "taken_by", "decision")),
            "id": number,
            "reference": reference,
            "title": asked.title,
            "status": Status.OPEN,
            "category": PENDING,
            "priority": PENDING,
            "requester": requester,
            "created_at": now,
            "updated_at": now,
        }
    )


def _requester(settings: Settings, email: str | None) -> str | None:
    """Return the address of a requester in its one form; raises ProblemError for what is none, or is ours."""
    if email is None:
        return None
    found = canonical(email)
    if found is None:
        raise _invalid("body.email", "not an email address")
    if found.lower() in settings.support.own:
        raise _invalid("body.email", "this is our own address")
    return found


def _own_address(settings: Settings, wanted: str | None) -> str:
    """Return the one of our addresses that a request names, "" where it names none; raises ProblemError."""
    if wanted is None:
        return ""
    found = next((email for email in settings.support.emails if email.lower() == wanted.strip().lower()), None)
    if found is None:
        raise _invalid("body.to", "not one of support.addresses")
    return found


def _peer(request: Request) -> str:
    host = request.client.host if request.client else ""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return "unknown"


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
        raise _invalid("body.team", f"no such team; one of {', '.join(names)}")
    if wanted.priority is Priority.PENDING:
        raise _invalid("body.priority", "a person decides Urgent, High, Medium or Low")
    if wanted.category is None:
        return Change(wanted.status, wanted.team, None, wanted.priority)
    category = _category(settings, wanted.category)
    default = Priority(category.priority)
    return Change(wanted.status, wanted.team, category.name, wanted.priority, category.team, default)


def _category(settings: Settings, name: str) -> Category:
    for category in settings.categories:
        if category.name == name:
            return category
    raise _invalid("body.category", f"no such category; one of {', '.join(c.name for c in settings.categories)}")


def _tags(header: str) -> frozenset[str]:
    return frozenset(tag.strip().removeprefix("W/") for tag in header.split(","))


def _invalid(field: str, message: str) -> ProblemError:
    return ProblemError(Problem.INVALID, f"{field}: {message}", errors=[FieldProblem(field=field, message=message)])
