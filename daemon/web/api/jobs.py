"""Jobs: list them, retry and dismiss dead ones."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Request, Response
from pydantic import ConfigDict
from sqlalchemy.orm import Session

from daemon.store.jobs import JobKind, JobState
from daemon.store.queries import lists
from daemon.tickets.access import Scope
from daemon.tickets.retry import RetryError, dismiss_job, retry_job
from daemon.vocabulary import Subject
from daemon.web.api.rows import Answer, RowId, not_found
from daemon.web.auth import Caller, requires
from daemon.web.pagination import LINK, Cursor, Limit, decode_id, encode, link_next
from daemon.web.parameters import operations
from daemon.web.problems import Problem, ProblemError, documented
from daemon.web.services import Services, WebServices

router = operations("jobs")
Reader = Annotated[Caller, requires(Scope.JOBS_READ)]
Writer = Annotated[Caller, requires(Scope.JOBS_WRITE)]

EXAMPLE: Final[dict[str, Any]] = {
    "id": 7,
    "kind": "deliver",
    "subject": "delivery:7",
    "state": "dead",
    "attempts": 10,
    "due_at": "2026-11-28T09:00:00Z",
    "created_at": "2026-11-27T09:00:00Z",
    "finished_at": None,
    "owner": None,
    "last_error": "554 5.7.1 refused",
}
CHANGES: Final = documented(Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT)


class Job(Answer):
    """A job; `subject` is the row that it is about."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    id: int
    kind: str
    subject: str
    state: str
    attempts: int
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    owner: str | None
    last_error: str


class Jobs(Answer):
    """A page of jobs."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{"jobs": [EXAMPLE]}]})

    jobs: list[Job]


@router.get("/jobs", summary="List jobs", responses={200: {"headers": LINK}, **documented()})
async def list_jobs(
    request: Request,
    response: Response,
    services: Services,
    _caller: Reader,
    state: JobState = JobState.DEAD,
    kind: JobKind | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Jobs:
    """List jobs in a state, by default the dead ones, the newest first."""
    before = decode_id(cursor)

    def read() -> list[dict[str, Any]]:
        with services.store.read() as session:
            return lists.list_jobs(session, state, kind, limit + 1, before)

    rows = await services.run(read)
    if len(rows) > limit:
        link_next(request, response, encode(None, rows[limit - 1]["id"]))
    return Jobs(jobs=[Job(**row) for row in rows[:limit]])


@router.post("/jobs/{job}/retry", summary="Retry a dead job", responses=CHANGES)
async def retry(job: RowId, services: Services, caller: Writer) -> Job:
    """Run a dead job again, with a full number of attempts."""
    return await services.run(lambda: _change(services, job, retry_job, caller.actor))


@router.post("/jobs/{job}/dismiss", summary="Dismiss a dead job", responses=CHANGES)
async def dismiss(job: RowId, services: Services, caller: Writer) -> Job:
    """Mark a dead job done without doing it."""
    return await services.run(lambda: _change(services, job, dismiss_job, caller.actor))


def _change(
    services: WebServices, job: int, change: Callable[[Session, int, str, datetime], Subject], actor: str
) -> Job:
    now = services.clock.now()

    def write(session: Session) -> dict[str, Any]:
        if lists.job(session, job) is None:
            raise not_found(f"job {job}")
        change(session, job, actor, now)
        session.flush()
        return lists.job(session, job) or {}

    try:
        row = services.store.write(write)
    except RetryError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
    return Job(**row)
