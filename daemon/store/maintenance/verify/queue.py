"""Rules for deliveries and jobs: each ends, or something will end it, and what is given up is said."""

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.orm import aliased

from daemon.store.deliveries import DeliveryState
from daemon.store.jobs import JobKind, JobState
from daemon.store.maintenance.verify.rule import (
    LIVE_STATES,
    SUBJECT_TABLES,
    Rule,
    Setting,
    live_job,
    number_of,
    subject_missing,
    wrong_date,
)
from daemon.store.maintenance.verify.tickets import SAID
from daemon.store.models import DeliveryRow, Event, Job
from daemon.vocabulary import MailKind, SubjectKind

FINAL_STATES: Final = (
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.SUPPRESSED,
    DeliveryState.UNCERTAIN,
    DeliveryState.DISMISSED,
)
ENDED: Final = (JobState.DONE, JobState.DEAD)
# No retry waits so long.
LONGEST_WAIT: Final = timedelta(days=31)


def rules(setting: Setting) -> tuple[Rule, ...]:
    """Return the rules, the most important of each table first."""
    return (*_deliveries(setting), *_jobs(setting))


def _deliveries(setting: Setting) -> tuple[Rule, ...]:
    ended, sent = DeliveryRow.state.in_(FINAL_STATES), DeliveryRow.state == DeliveryState.SENT
    live = live_job(JobKind.DELIVER, SubjectKind.DELIVERY, DeliveryRow.id)
    deferred = DeliveryRow.state == DeliveryState.DEFERRED
    planned_again = live_job(JobKind.NOTIFY, SubjectKind.DELIVERY, DeliveryRow.id)
    digest = aliased(DeliveryRow)
    in_digest = digest.id == DeliveryRow.digest_id
    no_digest = or_(digest.id == DeliveryRow.id, digest.kind != MailKind.DIGEST)
    return (
        Rule(DeliveryRow, "is in no known state", DeliveryRow.state.not_in([s.value for s in DeliveryState])),
        Rule(
            DeliveryRow,
            "has not ended, and no live job will end it",
            and_(not_(ended), not_(deferred), not_(live)),
        ),
        Rule(DeliveryRow, "is deferred, and no live job will plan it again", and_(deferred, not_(planned_again))),
        Rule(
            DeliveryRow,
            "is listed in a digest that does not exist",
            and_(DeliveryRow.digest_id.is_not(None), not_(exists().where(in_digest))),
        ),
        Rule(
            DeliveryRow, "is listed in itself, or in an email that is no digest", exists().where(in_digest, no_digest)
        ),
        Rule(DeliveryRow, "is sent, but has no time", and_(sent, DeliveryRow.sent_at.is_(None))),
        Rule(DeliveryRow, "is sent, but was never attempted", and_(sent, DeliveryRow.attempts < 1)),
        Rule(
            DeliveryRow,
            "was not sent, but has no reason",
            and_(ended, not_(sent), DeliveryRow.reason == ""),
        ),
        Rule(
            DeliveryRow,
            "has no recipient",
            and_(DeliveryRow.recipient == "", DeliveryRow.state != DeliveryState.SUPPRESSED),
        ),
        Rule(DeliveryRow, "is of no known kind", DeliveryRow.kind.not_in([kind.value for kind in MailKind])),
        Rule(DeliveryRow, "follows from a row that does not exist", subject_missing(DeliveryRow.cause)),
        wrong_date(DeliveryRow, setting, "created_at", "sent_at"),
    )


def _jobs(setting: Setting) -> tuple[Rule, ...]:
    live = Job.state.in_(LIVE_STATES)
    return (
        Rule(Job, "is in no known state", Job.state.not_in([s.value for s in JobState])),
        Rule(Job, "is of no known kind", Job.kind.not_in([kind.value for kind in JobKind])),
        Rule(Job, "is leased without an owner", and_(Job.state == JobState.LEASED, Job.owner.is_(None))),
        Rule(Job, "is about a row that does not exist", and_(Job.kind != JobKind.TRAIN, subject_missing(Job.subject))),
        Rule(
            Job,
            "notifies nobody, and no event on its ticket says so",
            and_(Job.kind == JobKind.NOTIFY, Job.state == JobState.DEAD, not_(_said())),
        ),
        Rule(
            Job,
            "will not be due for a month",
            and_(live, Job.kind != JobKind.WAKE, Job.due_at > setting.now + LONGEST_WAIT),
        ),
        Rule(Job, "was postponed more often than it was tried", Job.snoozes > Job.attempts),
        Rule(Job, "has ended, but has no time", and_(Job.state.in_(ENDED), Job.finished_at.is_(None))),
        wrong_date(Job, setting, "created_at", "finished_at"),
    )


def _said() -> ColumnElement[bool]:
    """Say whether an event on the ticket of a notify job says that nobody was notified."""
    tickets = [
        exists().where(
            Event.ticket_id.in_(select(table.ticket_id).where(table.id == number_of(Job.subject, kind))),
            Event.kind.in_(SAID),
        )
        for kind, table in SUBJECT_TABLES.items()
        if kind not in {SubjectKind.TICKET, SubjectKind.WEBHOOK}
    ]
    return or_(*tickets)
