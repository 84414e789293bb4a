"""GET /events: what happens to tickets, as server-sent events. A client that comes back misses nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import Header, Request, Response
from fastapi.responses import StreamingResponse

from daemon.store.errors import UNREACHABLE
from daemon.store.queries import feed
from daemon.store.queries.feed import Cursor, Gaps
from daemon.store.queries.feed_rows import TABLES
from daemon.tickets.access import Scope
from daemon.web.auth import Caller, requires
from daemon.web.parameters import operations
from daemon.web.problems import STREAM_PATH, Problem, ProblemError, documented
from daemon.web.services import Services, WebServices

router = operations("events")
Reader = Annotated[Caller, requires(Scope.TICKETS_READ)]

PATH: Final = STREAM_PATH
MEDIA_TYPE: Final = "text/event-stream"
POLL_SECONDS: Final = 1.0
HEARTBEAT_SECONDS: Final = 15.0
# A stream ends after this time, and the client comes back; so a revoked token ends, too.
STREAM_SECONDS: Final = 300.0
RETRY_MILLISECONDS: Final = 2000
EXAMPLE: Final = (
    "id: 7-9-8-2\nevent: ticket.created\n"
    'data: {"type": "ticket.created", "timestamp": "2026-11-28T09:00:00Z", "data": {"ticket": {"id": 7, ...}}}\n\n'
)
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events until the stream ends; a line that begins with a colon is a heartbeat",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": EXAMPLE}},
    },
    **documented(),
}


@router.get(PATH, summary="Follow what happens to tickets", response_class=Response, responses=ANSWERS)
async def follow(
    request: Request,
    services: Services,
    _caller: Reader,
    last_event_id: Annotated[str | None, Header(max_length=64, description="The id of the last event.")] = None,
) -> StreamingResponse:
    """Send events as they happen: ticket.created, decided, message_received, answered and status_changed.

    Send the id of the last event as `Last-Event-ID` to get all since then, from any process. Without it, the stream
    begins now. It ends after five minutes, and clients of the standard come back by themselves.
    """
    try:
        start = Cursor.parse(last_event_id) if last_event_id else None
    except ValueError as error:
        raise ProblemError(Problem.BAD_REQUEST, f"Last-Event-ID: {error}") from None
    cursor = await services.run(lambda: _start(services, start))
    gaps: Gaps = request.app.state.feed_gaps
    # A reverse proxy must not gather events before it passes them on.
    unbuffered = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(services, cursor, gaps), media_type=MEDIA_TYPE, headers=unbuffered)


def _start(services: WebServices, wanted: Cursor | None) -> Cursor:
    """Return where a stream begins; a cursor of the future, such as of another database, is refused."""
    with services.store.read() as session:
        head = feed.head(session)
    if wanted is None:
        return head
    if any(getattr(wanted, table) > getattr(head, table) for table in TABLES):
        raise ProblemError(Problem.BAD_REQUEST, "Last-Event-ID: this is no event of this installation")
    return wanted


async def _stream(services: WebServices, cursor: Cursor, gaps: Gaps) -> AsyncIterator[str]:
    """Yield events and heartbeats."""
    # The id lets a client that loses its connection before the first event come back to where it began.
    yield f"retry: {RETRY_MILLISECONDS}\nid: {cursor}\n\n"
    until, spoke = monotonic() + STREAM_SECONDS, monotonic()
    while monotonic() < until and not services.closing():
        try:
            page, texts = await services.run(lambda after=cursor: _read(services, after, gaps))  # type: ignore[misc]  # bound here, not when called
        except UNREACHABLE:
            return
        moved, cursor = page.cursor != cursor, page.cursor
        if texts:
            spoke = monotonic()
            yield "".join(texts)
        elif monotonic() - spoke >= HEARTBEAT_SECONDS:
            spoke = monotonic()
            yield ":\n\n"
        if not moved:
            await asyncio.sleep(POLL_SECONDS)


def _read(services: WebServices, after: Cursor, gaps: Gaps) -> tuple[feed.Page, list[str]]:
    with services.store.read() as session:
        page = feed.read(session, after, gaps)
        bodies = feed.payloads(session, page.events)
    return page, [
        f"id: {event.cursor}\nevent: {event.type}\ndata: {json.dumps(body)}\n\n"
        for event, body in zip(page.events, bodies, strict=True)
    ]
