"""Webhooks: create, list, rotate, enable and remove them; show what each was sent, and replay it."""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Path, Request, Response
from sqlalchemy.orm import Session

from daemon.store import webhook_deliveries, webhooks
from daemon.tickets import webhooks as actions
from daemon.tickets.access import Scope
from daemon.web.api.rows import RowId, not_found
from daemon.web.api.webhook_views import (
    CreatedWebhook,
    NewWebhook,
    Webhook,
    WebhookDeliveries,
    WebhookDelivery,
    Webhooks,
    WebhookSecret,
    WholeDelivery,
)
from daemon.web.auth import Caller, requires
from daemon.web.pagination import LINK, Cursor, Limit, decode_id, encode, link_next
from daemon.web.parameters import operations
from daemon.web.problems import FieldProblem, Problem, ProblemError, documented
from daemon.web.services import Services, WebServices
from daemon.web.validation import NO_CONTROL

router = operations("webhooks")
Reader = Annotated[Caller, requires(Scope.WEBHOOKS_READ)]
Writer = Annotated[Caller, requires(Scope.WEBHOOKS_WRITE)]
WebhookName = Annotated[
    str, Path(max_length=actions.LONGEST_NAME, pattern=NO_CONTROL, description="Name of a webhook.", examples=["shop"])
]
T = TypeVar("T")

NOT_STORED: Final = {"Cache-Control": {"description": "no-store", "schema": {"type": "string"}}}
CHANGES: Final = documented(Problem.NOT_FOUND, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT)
CONFLICTS: Final = documented(*(Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT))


@router.post(
    "/webhooks",
    status_code=201,
    summary="Create a webhook",
    responses={
        201: {
            "description": "The webhook gets events from now on.",
            "headers": {
                "Location": {"description": "Path of the webhook.", "schema": {"type": "string"}},
                **NOT_STORED,
            },
        },
        **documented(Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT),
    },
)
async def create(wanted: NewWebhook, response: Response, services: Services, caller: Writer) -> CreatedWebhook:
    """Send events to a URL from now on, signed by a secret that is shown this once."""
    now, networks = services.clock.now(), services.settings.webhooks.allowed_networks

    def write(session: Session) -> CreatedWebhook:
        types = [*dict.fromkeys(wanted.events)]
        secret = actions.create(session, wanted.name, wanted.url, types, caller.actor, now, networks)
        return CreatedWebhook(secret=secret, **webhooks.line(session, wanted.name))

    try:
        made = await services.run(lambda: services.store.write(write))
    except actions.NameTakenError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
    except ValueError as error:
        wrong = [FieldProblem(field="body.url", message=str(error))]
        raise ProblemError(Problem.INVALID, f"body.url: {error}", errors=wrong) from None
    response.headers["Location"] = f"{services.settings.http.root_path}/webhooks/{made.name}"
    response.headers["Cache-Control"] = "no-store"
    return made


@router.get("/webhooks", summary="List webhooks", responses=documented())
async def list_webhooks(services: Services, _caller: Reader) -> Webhooks:
    """List the webhooks that were not removed, without their secrets."""
    rows = await _read(services, webhooks.lines)
    return Webhooks(webhooks=[Webhook(**row) for row in rows])


@router.get("/webhooks/{webhook}", summary="Show a webhook", responses=documented(Problem.NOT_FOUND))
async def show(webhook: WebhookName, services: Services, _caller: Reader) -> Webhook:
    """Show a webhook, without its secret."""
    return Webhook(**await _read(services, lambda session: webhooks.line(session, webhook)))


@router.delete("/webhooks/{webhook}", status_code=204, summary="Remove a webhook", responses=CHANGES)
async def remove(webhook: WebhookName, services: Services, caller: Writer) -> None:
    """Send no further event to a webhook; its name cannot be used again."""
    now = services.clock.now()
    await _write(services, lambda session: actions.remove(session, webhook, caller.actor, now))


@router.post(
    "/webhooks/{webhook}/rotate",
    summary="Give a webhook a new secret",
    responses={200: {"headers": NOT_STORED}, **CHANGES},
)
async def rotate(webhook: WebhookName, response: Response, services: Services, caller: Writer) -> WebhookSecret:
    """Sign by a new secret, which is shown this once. The old one signs too for 24 hours."""
    now = services.clock.now()
    secret = await _write(services, lambda session: actions.rotate(session, webhook, caller.actor, now))
    response.headers["Cache-Control"] = "no-store"
    return WebhookSecret(secret=secret)


@router.post("/webhooks/{webhook}/enable", summary="Enable a webhook again", responses=CHANGES)
async def enable(webhook: WebhookName, services: Services, caller: Writer) -> Webhook:
    """Let a webhook that failed for days get events again, also those since it was disabled."""
    now = services.clock.now()

    def write(session: Session) -> dict[str, Any]:
        actions.enable(session, webhook, caller.actor, now)
        session.flush()
        return webhooks.line(session, webhook)

    return Webhook(**await _write(services, write))


@router.get(
    "/webhooks/{webhook}/deliveries",
    summary="List what a webhook was sent",
    responses={200: {"headers": LINK}, **documented(Problem.NOT_FOUND)},
)
async def list_deliveries(
    webhook: WebhookName,
    request: Request,
    response: Response,
    services: Services,
    _caller: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> WebhookDeliveries:
    """List the events of a webhook and what became of each, the newest first."""
    before = decode_id(cursor)
    rows = await _read(services, lambda session: webhook_deliveries.lines(session, webhook, limit + 1, before))
    if len(rows) > limit:
        link_next(request, response, encode(None, rows[limit - 1]["id"]))
    return WebhookDeliveries(deliveries=[WebhookDelivery(**row) for row in rows[:limit]])


@router.get(
    "/webhooks/{webhook}/deliveries/{delivery}",
    summary="Show an event of a webhook",
    responses=documented(Problem.NOT_FOUND),
)
async def show_delivery(webhook: WebhookName, delivery: RowId, services: Services, _caller: Reader) -> WholeDelivery:
    """Show an event with the body that is sent."""
    return WholeDelivery(**await _read(services, lambda session: webhook_deliveries.line(session, webhook, delivery)))


@router.post("/webhooks/{webhook}/deliveries/{delivery}/replay", summary="Send an event once more", responses=CONFLICTS)
async def replay(webhook: WebhookName, delivery: RowId, services: Services, caller: Writer) -> WebhookDelivery:
    """Send an event once more, under the same id, whether it was sent or given up."""
    now = services.clock.now()

    def write(session: Session) -> dict[str, Any]:
        webhook_deliveries.line(session, webhook, delivery)
        if not actions.replay(session, delivery, caller.actor, now):
            raise ProblemError(Problem.CONFLICT, "it is pending, or the webhook is disabled")
        session.flush()
        return webhook_deliveries.line(session, webhook, delivery)

    row = await _write(services, write)
    return WebhookDelivery(**{name: row[name] for name in WebhookDelivery.model_fields})


async def _read(services: WebServices, query: Callable[[Session], T]) -> T:
    def read() -> T:
        with services.store.read() as session:
            return query(session)

    return await _found(services, read)


async def _write(services: WebServices, change: Callable[[Session], T]) -> T:
    return await _found(services, lambda: services.store.write(change))


async def _found(services: WebServices, work: Callable[[], T]) -> T:
    """Return the result of work in a thread; what it does not find is a problem."""
    try:
        return await services.run(work)
    except LookupError as error:
        raise not_found(str(error).removeprefix("there is no ")) from None
