"""Open a ticket by a request."""

import asyncio
import ipaddress
from typing import Annotated, Any, Final

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from config.settings import Settings
from daemon.mail.address import canonical
from daemon.mail.envelope import Inbound
from daemon.store.idempotency import EarlierRequest, RequestKey
from daemon.tickets.access import Scope
from daemon.tickets.admission import Receipt
from daemon.tickets.disposition import PreparedEmail
from daemon.tickets.idempotency import key_of
from daemon.tickets.parse_cost import is_cheap
from daemon.tickets.ticket_request import KeyTakenError, TicketRequest, compose, earlier, noting
from daemon.vocabulary import PENDING, Status
from daemon.web.api.rows import TicketView
from daemon.web.auth import Caller, requires
from daemon.web.idempotency import REPLAYED, Key, replayed
from daemon.web.parameters import operations
from daemon.web.problems import Problem, ProblemError, documented, invalid, unavailable
from daemon.web.services import Services, WebServices
from daemon.web.validation import EMAIL, NO_CONTROL, TEXT

router = operations("tickets")
Writer = Annotated[Caller, requires(Scope.TICKETS_WRITE)]

LONGEST_TEXT: Final = 200_000
UNKNOWN_YET: Final = ("confidence", "assigned_team", "related", "merged_into", "taken_by", "wait_until", "decision")


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
    email: Annotated[str, StringConstraints(max_length=254, pattern=EMAIL)] | None = None
    name: Annotated[str, StringConstraints(max_length=200, pattern=NO_CONTROL)] | None = None
    to: Annotated[str, StringConstraints(max_length=254, pattern=NO_CONTROL)] | None = Field(
        None, description="The one of your support addresses that the ticket is for; without one, the first."
    )


@router.post(
    "/tickets",
    status_code=201,
    summary="Open a ticket",
    responses={
        201: {
            "description": "The ticket is stored durably. It is triaged in the background.",
            "headers": {
                "Location": {"description": "Path of the ticket.", "schema": {"type": "string"}},
                **REPLAYED,
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
    idempotency_key: Key = None,
) -> TicketView:
    """Open a ticket, as an email would; it is acknowledged, triaged and traced in the same way."""
    settings = services.settings
    to = _own_address(settings, wanted.to)
    asked = TicketRequest(wanted.title, wanted.description, _requester(settings, wanted.email), wanted.name or "", to)
    if not services.has_room():
        raise unavailable("the disk of the server is nearly full", 60)
    support, now = settings.support, services.clock.now()
    address = to or support.address
    inbound = compose(asked, _peer(request), address, support.message_id_domain_of(address), now)
    key = key_of(caller.token.id, idempotency_key, asked.fingerprint) if idempotency_key else None
    done = await (_stored(services, inbound) if key is None else _stored_once(services, inbound, key))
    if isinstance(done, EarlierRequest):
        replayed(response, done, key)
    if done.ticket_id is None or done.reference is None:
        raise ProblemError(Problem.INTERNAL, "the request is stored and parked; see `triaged parked list`")
    if isinstance(done, EarlierRequest):
        now = done.created_at
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/tickets/{done.reference}"
    return _pending(done.ticket_id, done.reference, asked, now)


async def _stored(services: WebServices, inbound: Inbound) -> Receipt:
    """Store a request with the others that come at the same time; raises one of UNREACHABLE."""
    return await services.batch.store(await _prepared(services, inbound))


async def _stored_once(services: WebServices, inbound: Inbound, key: RequestKey) -> Receipt | EarlierRequest:
    """Store a request, or return the earlier one under its key: of many at the same time, one opens a ticket."""
    now = inbound.envelope.received_at
    if (before := await services.run(lambda: earlier(services.store, key, now))) is not None:
        return before
    email = await _prepared(services, inbound)
    [stored] = services.intake.store([email], noting(key, now))
    try:
        # Shielded: the client may leave, but the commit goes on.
        return await asyncio.shield(asyncio.wrap_future(stored))
    except KeyTakenError:
        before = await services.run(lambda: earlier(services.store, key, now))
    if before is None:
        raise ProblemError(Problem.CONFLICT, "a request with this Idempotency-Key is in progress")
    return before


async def _prepared(services: WebServices, inbound: Inbound) -> PreparedEmail:
    if is_cheap(inbound.raw):
        return services.intake.prepare(inbound)
    return await services.run(lambda: services.intake.prepare(inbound))


def _pending(number: int, reference: str, asked: TicketRequest, now: Any) -> TicketView:  # noqa: ANN401 - a datetime
    """Return a ticket as it is opened, without asking for it."""
    requester = {"email": asked.email.lower(), "name": asked.name} if asked.email else None
    return TicketView.model_validate(
        {
            **dict.fromkeys(UNKNOWN_YET),
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
        raise invalid("body.email", "not an email address")
    if found.lower() in settings.support.own:
        raise invalid("body.email", "this is our own address")
    return found


def _own_address(settings: Settings, wanted: str | None) -> str:
    """Return the one of our addresses that a request names, "" where it names none; raises ProblemError."""
    if wanted is None:
        return ""
    found = next((email for email in settings.support.emails if email.lower() == wanted.strip().lower()), None)
    if found is None:
        raise invalid("body.to", "not one of support.addresses")
    return found


def _peer(request: Request) -> str:
    host = request.client.host if request.client else ""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return "unknown"
