"""Rules for answers: each is in a known state, and what was sent has deliveries or a job that plans them."""

from sqlalchemy import String, and_, cast, exists, literal, not_, type_coerce

from daemon.store.jobs import JobKind, JobState
from daemon.store.maintenance.verify.rule import Rule, Setting, any_job, lists_nothing, wrong_date
from daemon.store.models import AnswerRow, DeliveryRow
from daemon.vocabulary import AnswerState, SubjectKind


def rules(setting: Setting) -> tuple[Rule, ...]:
    """Return the rules, the most important first."""
    cause = literal(f"{SubjectKind.ANSWER}:") + cast(AnswerRow.id, String)
    planned = exists().where(type_coerce(DeliveryRow.cause, String) == cause)
    job = any_job(JobKind.NOTIFY, SubjectKind.ANSWER, AnswerRow.id, JobState.READY, JobState.LEASED, JobState.DEAD)
    sent, ended = AnswerRow.state == AnswerState.SENT, AnswerRow.state != AnswerState.HELD
    has_readers = not_(lists_nothing(AnswerRow.recipients, setting))
    return (
        Rule(AnswerRow, "is in no known state", AnswerRow.state.not_in([state.value for state in AnswerState])),
        Rule(
            AnswerRow,
            "is sent, but has neither a delivery nor a job that plans one",
            and_(sent, has_readers, not_(planned), not_(job)),
        ),
        Rule(AnswerRow, "has ended, but has no time", and_(ended, AnswerRow.settled_at.is_(None))),
        wrong_date(AnswerRow, setting, "created_at", "settled_at"),
    )
