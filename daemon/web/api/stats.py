"""Statistics: counts of everything, and the quality of triage."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import ConfigDict

from daemon.store import delivery_counts
from daemon.store.queries import lists
from daemon.store.queries.triage_stats import score
from daemon.tickets.access import Scope
from daemon.vocabulary import MailKind
from daemon.web.api.rows import Answer
from daemon.web.auth import Caller, requires
from daemon.web.pagination import Moment
from daemon.web.parameters import operations
from daemon.web.problems import documented
from daemon.web.services import Services

router = operations("stats")
Reader = Annotated[Caller, requires(Scope.STATS_READ)]

DAY: Final = timedelta(days=1)
DEFAULT_DAYS: Final = timedelta(days=90)


class Waiting(Answer):
    """The job that has been due for longest."""

    job: str
    since: datetime


class Later(Answer):
    """The number of jobs that are due later, and the next of them; `reason` is why it was postponed, or empty."""

    number: int
    job: str
    due_at: datetime
    reason: str


class Mailbox(Answer):
    """How far a folder of a mailbox is read."""

    account: str
    folder: str
    last_uid: int
    polled_at: datetime | None
    last_mail_at: datetime | None
    error: str


class Counts(Answer):
    """Counts by state; `not_acknowledged` are acknowledgements of the last day that were not sent, by reason."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "emails": {"ticket": 12, "auto-reply": 3},
                    "tickets": {"OPEN": 12},
                    "teams": {"PAYMENTS_TEAM": 12},
                    "categories": {"Payments": 12},
                    "jobs": {"done": 40},
                    "deliveries": {"sent": 24},
                    "not_acknowledged": {},
                    "mailboxes": [],
                    "oldest_due": None,
                    "due_later": None,
                }
            ]
        },
    )

    emails: dict[str, int]
    tickets: dict[str, int]
    teams: dict[str, int]
    categories: dict[str, int]
    jobs: dict[str, int]
    deliveries: dict[str, int]
    not_acknowledged: dict[str, int]
    mailboxes: list[Mailbox]
    oldest_due: Waiting | None
    due_later: Later | None


class Overridden(Answer):
    """How often people overrode automatic decisions, by category or team.

    `decided` counts those for a category that went to review too, `routed` does not.
    """

    kind: str
    name: str
    decided: int
    routed: int
    checked: int
    overridden: int


class TriageQuality(Answer):
    """The first decisions since a time: how many, by what, how many went to review; and what people overrode."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "decided": 120,
                    "by": {"rule": 40, "model": 80},
                    "reviewed": 12,
                    "coverage": 0.9,
                    "audits": 5,
                    "overrides": [
                        {
                            "kind": "category",
                            "name": "Payments",
                            "decided": 55,
                            "routed": 50,
                            "checked": 10,
                            "overridden": 1,
                        }
                    ],
                }
            ]
        },
    )

    decided: int
    by: dict[str, int]
    reviewed: int
    coverage: float | None
    audits: int
    overrides: list[Overridden]


@router.get("/stats", summary="Count everything", responses=documented())
async def show_stats(services: Services, _caller: Reader) -> Counts:
    """Count emails, tickets, jobs and deliveries by state, and show the jobs that wait."""

    def read() -> dict[str, Any]:
        now = services.clock.now()
        with services.store.read() as session:
            waiting, later = lists.oldest_due(session, now), lists.later_jobs(session, now)
            return {
                **lists.counts(session),
                "not_acknowledged": delivery_counts.held_back_reasons(session, MailKind.ACKNOWLEDGEMENT, now - DAY),
                "mailboxes": lists.mailboxes(session),
                "oldest_due": {"job": waiting[1], "since": waiting[0]} if waiting else None,
                "due_later": asdict(later) if later else None,
            }

    return Counts(**await services.run(read))


@router.get("/stats/triage", summary="Show the quality of triage", responses=documented())
async def show_triage_quality(
    services: Services,
    _caller: Reader,
    since: Annotated[Moment | None, Query(description="Decided since; none: in the last 90 days.")] = None,
) -> TriageQuality:
    """Show who decided, how many tickets went to review, and which decisions people overrode."""

    def read() -> TriageQuality:
        start = since or services.clock.now() - DEFAULT_DAYS
        with services.store.read() as session:
            found = score(session, start, services.settings.triage.review_team)
        return TriageQuality(
            decided=found.decided,
            by=found.by,
            reviewed=found.reviewed,
            coverage=found.coverage,
            audits=found.audits,
            overrides=[Overridden(**asdict(one)) for one in found.overrides],
        )

    return await services.run(read)
