"""The facts by which health is judged, and the problems that the admin was alerted of."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from daemon.facts import NOTHING_WRONG, HealthFacts, MailboxFacts, Problem, ProcessFacts
from daemon.store import delivery_counts, unreadable, webhooks
from daemon.store.deliveries import NOT_SENT, DeliveryState
from daemon.store.jobs import JobState
from daemon.store.models import Alarm, DeliveryRow, ImapCursor, InboundRow, Job, SigningKey
from daemon.store.queries import lists
from daemon.store.sql import insert_or_ignore
from daemon.vocabulary import Disposition, MailKind

MAX_COUNTED = 10_000
# Its row is no problem: it holds the day that was reported last.
DAILY_REPORT = "daily report"
DAILY_QUESTIONS = "daily questions"
# Rows that note a day and are no problem.
DAILY = (DAILY_REPORT, DAILY_QUESTIONS)
# Problems that the process which sees them reports, and how long a report counts.
REPORTED = ("logins",)
REPORT_COUNTS = timedelta(minutes=10)
# Problems of the host, the models or the connections of one process; others may not see them.
OF_ONE_PROCESS = ("disk", "outgoing", "sender", "unreached", "drift", "model", "encoder")
# How long such a problem counts after a process saw it last; each looks twice a minute.
SEEN_COUNTS = timedelta(minutes=3)
# Those that only workers see.
OF_WORKERS = OF_ONE_PROCESS[1:]


def facts(
    session: Session,
    now: datetime,
    mailboxes: Mapping[str, Sequence[str]],
    process: ProcessFacts = NOTHING_WRONG,
    *,
    of_workers: bool = False,
) -> HealthFacts:
    """Return the state of the system; `mailboxes` are the folders by mailbox. Every query is bounded by an index.

    `of_workers` adds the problems that only workers see, for a process that is none.
    """
    waiting = lists.oldest_due(session, now)
    return HealthFacts(
        now=now,
        oldest_due=waiting[0] if waiting else None,
        dead=_count(session, Job.id, Job.state == JobState.DEAD),
        parked=_count(session, InboundRow.id, InboundRow.disposition == Disposition.PARKED),
        uncertain=_count(session, DeliveryRow.id, and_(DeliveryRow.state == DeliveryState.UNCERTAIN, NOT_SENT)),
        unreadable=unreadable.count(session),
        deferred=_count(session, DeliveryRow.id, and_(DeliveryRow.state == DeliveryState.DEFERRED, NOT_SENT)),
        limited=delivery_counts.limited(session, MailKind.ACKNOWLEDGEMENT, now),
        unanswered=_count(
            session,
            DeliveryRow.id,
            and_(DeliveryRow.state == DeliveryState.SENDING, NOT_SENT, DeliveryRow.unended == 0),
        ),
        last_mail_at=session.execute(select(InboundRow.received_at).order_by(InboundRow.id.desc()).limit(1)).scalar(),
        mailboxes={name: _mailbox(session, name, folders) for name, folders in mailboxes.items()},
        process=process,
        reported=_reported(session, now, of_workers=of_workers),
        webhooks=tuple(webhooks.disabled(session)),
        installed_at=session.execute(select(SigningKey.created_at).order_by(SigningKey.id).limit(1)).scalar(),
    )


def report(session: Session, problem: Problem, now: datetime) -> None:
    """Record a problem of REPORTED that only this process sees, for the process that alerts the admin."""
    row = {"key": problem.key, "text": problem.text, "since": now, "told_at": None}
    session.execute(insert_or_ignore(session, Alarm), row)
    session.execute(update(Alarm).where(Alarm.key == problem.key).values(text=problem.text, since=now))


def _reported(session: Session, now: datetime, *, of_workers: bool) -> tuple[Problem, ...]:
    counts = and_(Alarm.key.in_(REPORTED), Alarm.since > now - REPORT_COUNTS)
    if of_workers:
        counts = or_(counts, and_(Alarm.key.in_(OF_WORKERS), Alarm.since > now - SEEN_COUNTS))
    rows = select(Alarm.key, Alarm.text).where(counts)
    return tuple(Problem(key, text) for key, text in session.execute(rows))


def _count(session: Session, column: object, where: object) -> int:
    found = select(column).where(where).limit(MAX_COUNTED).subquery()  # type: ignore[call-overload]  # any column
    return session.execute(select(func.count()).select_from(found)).scalar_one()


def _mailbox(session: Session, name: str, read: Sequence[str]) -> MailboxFacts:
    # The cursor of a folder that was removed from the settings stays, for when it comes back.
    configured = (ImapCursor.account == name, ImapCursor.folder.in_(read))
    folders = session.execute(select(ImapCursor).where(*configured)).scalars().all()
    polls = [folder.polled_at for folder in folders]
    mails = [folder.last_mail_at for folder in folders if folder.last_mail_at]
    return MailboxFacts(
        polled_at=min((p for p in polls if p), default=None) if all(polls) else None,
        mail_at=max(mails, default=None),
        error=next((folder.error for folder in folders if folder.error), ""),
    )


def raise_alarms(session: Session, problems: Sequence[Problem], now: datetime) -> list[Problem]:
    """Replace the stored problems by the current ones; return those that the admin must be alerted of now.

    If several processes see the same problem, it is returned to one of them only. One of OF_ONE_PROCESS is over once
    no process has seen it for a while.
    """
    keys = [problem.key for problem in problems]
    is_over = or_(Alarm.key.not_in(OF_ONE_PROCESS), Alarm.since <= now - SEEN_COUNTS)
    session.execute(delete(Alarm).where(Alarm.key.not_in([*keys, *DAILY]), is_over))
    for problem in problems:
        row = {"key": problem.key, "text": problem.text, "since": now, "told_at": None}
        session.execute(insert_or_ignore(session, Alarm), row)
    session.execute(update(Alarm).where(Alarm.key.in_(set(keys) & set(OF_ONE_PROCESS))).values(since=now))
    unsent = set(session.execute(select(Alarm.key).where(Alarm.key.in_(keys), Alarm.told_at.is_(None))).scalars())
    session.execute(update(Alarm).where(Alarm.key.in_(unsent), Alarm.told_at.is_(None)).values(told_at=now))
    return [problem for problem in problems if problem.key in unsent]


def mark_unsent(session: Session, keys: Sequence[str]) -> None:
    """Note that an alert could not be sent, so that the next round sends it again."""
    session.execute(update(Alarm).where(Alarm.key.in_(keys)).values(told_at=None))
