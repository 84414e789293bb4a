"""The ledger of received emails: list, show and trace them, replay parked ones and release screened-out ones."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from pydantic import ConfigDict

from daemon.store import ledger
from daemon.store.queries import lists
from daemon.store.queries.text_search import SEARCHED
from daemon.store.queries.timeline import timeline
from daemon.tickets.access import Scope
from daemon.tickets.release import ReleaseError, release
from daemon.tickets.replay import NotParkedError, replay
from daemon.vocabulary import Disposition
from daemon.web.api.files import BYTES, download
from daemon.web.api.messages import Trace, TraceStep
from daemon.web.api.rows import Answer, RowId, not_found
from daemon.web.auth import Caller, requires
from daemon.web.pagination import LINK, Cursor, Limit, Moment, Words, decode_id, encode, link_next
from daemon.web.parameters import operations
from daemon.web.problems import Problem, ProblemError, documented
from daemon.web.services import Services

router = operations("mail")
Reader = Annotated[Caller, requires(Scope.MAIL_READ)]
Writer = Annotated[Caller, requires(Scope.MAIL_WRITE)]

EXAMPLE: Final[dict[str, Any]] = {
    "id": 7,
    "disposition": "auto-reply",
    "received_at": "2026-11-28T09:00:00Z",
    "source": "smtp",
    "peer": "192.0.2.1",
    "mail_from": "ana@example.com",
    "rcpt_tos": ["support@example.com"],
    "size": 1412,
    "message_id": "<x@example.com>",
    "reasons": ["Auto-Submitted: auto-replied"],
    "ticket": None,
}


class Email(Answer):
    """A received email and the state in which it ended; `ticket` is a reference."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    id: int
    disposition: str
    received_at: datetime
    source: str
    peer: str
    mail_from: str | None
    rcpt_tos: list[str]
    size: int
    message_id: str
    reasons: list[str]
    ticket: str | None


class Emails(Answer):
    """A page of emails."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{"mail": [EXAMPLE]}]})

    mail: list[Email]


class Readmitted(Answer):
    """What became of an email that was processed again; `ticket` is a reference."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"examples": [{"id": 7, "disposition": "ticket", "ticket": "HD-7K3Q-M9XY"}]}
    )

    id: int
    disposition: str
    ticket: str | None


@router.get("/mail", summary="List received emails", responses={200: {"headers": LINK}, **documented()})
async def list_mail(
    request: Request,
    response: Response,
    services: Services,
    _caller: Reader,
    state: Annotated[
        list[Disposition] | None, Query(max_length=len(Disposition), description="May be repeated; none: all.")
    ] = None,
    since: Annotated[Moment | None, Query(description="Received since; UTC without an offset.")] = None,
    sender: Annotated[
        Words, Query(alias="from", description="Part of the envelope sender, in the 20,000 newest emails.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Emails:
    """List the emails of the ledger, the newest first."""
    before = decode_id(cursor)
    states = tuple(dict.fromkeys(state)) if state else tuple(Disposition)

    def read() -> list[dict[str, Any]]:
        with services.store.read() as session:
            return lists.list_emails(
                session, states, limit + 1, since=since, sender=sender or "", searched=SEARCHED, before=before
            )

    rows = await services.run(read)
    if len(rows) > limit:
        link_next(request, response, encode(None, rows[limit - 1]["id"]))
    return Emails(mail=[Email(**row) for row in rows[:limit]])


@router.get("/mail/{mail}", summary="Show a received email", responses=documented(Problem.NOT_FOUND))
async def show_mail(mail: RowId, services: Services, _caller: Reader) -> Email:
    """Show the ledger row of an email."""

    def read() -> dict[str, Any] | None:
        with services.store.read() as session:
            return lists.mail(session, mail)

    row = await services.run(read)
    if row is None:
        raise not_found(f"email {mail}")
    return Email(**row)


@router.get(
    "/mail/{mail}/raw",
    summary="Get a received email as it came",
    response_class=Response,
    responses={
        200: {"description": "The email, always as a download.", "content": BYTES},
        **documented(Problem.NOT_FOUND),
    },
)
async def raw_mail(mail: RowId, services: Services, _caller: Reader) -> Response:
    """Get the bytes of an email, unchanged."""

    def read() -> bytes:
        with services.store.read() as session:
            try:
                return ledger.raw_of(session, mail)
            except LookupError:
                raise not_found(f"email {mail}") from None

    return download(await services.run(read), f"{mail}.eml")


@router.get("/mail/{mail}/trace", summary="Trace a received email", responses=documented(Problem.NOT_FOUND))
async def trace_mail(mail: RowId, services: Services, _caller: Reader) -> Trace:
    """Show the way of an email, from receipt to the last notification."""

    def read() -> Trace:
        with services.store.read() as session:
            steps = timeline(session, [mail])
        if not steps:
            raise not_found(f"email {mail}")
        return Trace(steps=[TraceStep.of(step) for step in steps])

    return await services.run(read)


@router.post(
    "/mail/{mail}/replay",
    summary="Process a parked email again",
    responses=documented(Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT),
)
async def replay_mail(mail: RowId, services: Services, caller: Writer) -> Readmitted:
    """Process a parked email as if it came now; if only triage had failed, its ticket is triaged again."""

    def write() -> Readmitted:
        try:
            done = replay(services.store, services.intake, mail, caller.actor, services.clock.now())
        except LookupError:
            raise not_found(f"email {mail}") from None
        except NotParkedError as error:
            raise ProblemError(Problem.CONFLICT, f"email {mail} {error}") from None
        return Readmitted(id=mail, disposition=done.disposition, ticket=done.reference)

    return await services.run(write)


@router.post(
    "/mail/{mail}/release",
    summary="Release an email that was screened out",
    responses=documented(Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT),
)
async def release_mail(mail: RowId, services: Services, caller: Writer) -> Readmitted:
    """Process an email as if a person wrote it: it becomes a ticket or joins one, and is never acknowledged."""

    def write() -> Readmitted:
        try:
            receipt = release(services.intake, mail, caller.actor, services.clock.now())
        except LookupError:
            raise not_found(f"email {mail}") from None
        except ReleaseError as error:
            raise ProblemError(Problem.CONFLICT, f"email {mail} {error}") from None
        return Readmitted(id=mail, disposition=receipt.disposition, ticket=receipt.reference)

    return await services.run(write)
