"""Outgoing emails: list and show them, resend and dismiss those that ended without success."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Request, Response
from pydantic import ConfigDict
from sqlalchemy.orm import Session

from daemon.store.deliveries import DeliveryState
from daemon.store.queries import delivery_lists
from daemon.tickets import redelivery
from daemon.tickets.access import Scope
from daemon.tickets.retry import RetryError
from daemon.web.api.rows import Answer, RowId, not_found
from daemon.web.auth import Caller, requires
from daemon.web.pagination import LINK, Cursor, Limit, decode_id, encode, link_next
from daemon.web.parameters import operations
from daemon.web.problems import Problem, ProblemError, documented
from daemon.web.services import Services, WebServices

router = operations("deliveries")
Reader = Annotated[Caller, requires(Scope.DELIVERIES_READ)]
Writer = Annotated[Caller, requires(Scope.DELIVERIES_WRITE)]

LINE: Final[dict[str, Any]] = {
    "id": 7,
    "kind": "notification",
    "recipient": "payments-team@example.com",
    "state": "uncertain",
    "reason": "no answer to the end of the email",
    "attempts": 2,
    "message_id": "<7.x@example.com>",
    "created_at": "2026-11-28T09:00:01Z",
    "sent_at": None,
    "ticket": "HD-7K3Q-M9XY",
}
EXAMPLE: Final[dict[str, Any]] = LINE | {"cause": "decision:7", "job": 9, "job_state": "done", "due_at": None}
CHANGES: Final = documented(Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT)


class DeliveryLine(Answer):
    """An outgoing email to one recipient; `ticket` is a reference."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [LINE]})

    id: int
    kind: str
    recipient: str
    state: str
    reason: str
    attempts: int
    message_id: str
    created_at: datetime
    sent_at: datetime | None
    ticket: str | None


class Delivery(DeliveryLine):
    """An outgoing email with its cause and its job."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    cause: str
    job: int | None
    job_state: str | None
    due_at: datetime | None


class Deliveries(Answer):
    """A page of outgoing emails."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{"deliveries": [LINE]}]})

    deliveries: list[DeliveryLine]


@router.get("/deliveries", summary="List outgoing emails", responses={200: {"headers": LINK}, **documented()})
async def list_deliveries(
    request: Request,
    response: Response,
    services: Services,
    _caller: Reader,
    state: DeliveryState = DeliveryState.UNCERTAIN,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Deliveries:
    """List outgoing emails in a state, by default the uncertain ones, the newest first."""
    before = decode_id(cursor)

    def read() -> list[dict[str, Any]]:
        with services.store.read() as session:
            return delivery_lists.list_deliveries(session, state, limit + 1, before)

    rows = await services.run(read)
    if len(rows) > limit:
        link_next(request, response, encode(None, rows[limit - 1]["id"]))
    return Deliveries(deliveries=[DeliveryLine(**row) for row in rows[:limit]])


@router.get("/deliveries/{delivery}", summary="Show an outgoing email", responses=documented(Problem.NOT_FOUND))
async def show_delivery(delivery: RowId, services: Services, _caller: Reader) -> Delivery:
    """Show an outgoing email: its state and the reason, its cause and its job."""
    return await services.run(lambda: _read(services, delivery))


@router.post("/deliveries/{delivery}/resend", summary="Send an email again", responses=CHANGES)
async def resend(delivery: RowId, services: Services, caller: Writer) -> Delivery:
    """Send an email again that failed or is uncertain, with the same Message-ID."""
    return await services.run(lambda: _change(services, delivery, redelivery.resend, caller.actor))


@router.post("/deliveries/{delivery}/dismiss", summary="Accept that an email may not have arrived", responses=CHANGES)
async def dismiss(delivery: RowId, services: Services, caller: Writer) -> Delivery:
    """Do not send an email again that failed or is uncertain, and do not report it."""
    return await services.run(lambda: _change(services, delivery, redelivery.dismiss, caller.actor))


def _read(services: WebServices, delivery: int) -> Delivery:
    with services.store.read() as session:
        row = delivery_lists.delivery_of(session, delivery)
    if row is None:
        raise not_found(f"delivery {delivery}")
    return Delivery(**row)


def _change(
    services: WebServices, delivery: int, change: Callable[[Session, int, str, datetime], str], actor: str
) -> Delivery:
    _read(services, delivery)
    now = services.clock.now()
    try:
        services.store.write(lambda session: change(session, delivery, actor, now))
    except RetryError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
    return _read(services, delivery)
