"""The facts by which health is judged."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from daemon.facts import NOTHING_WRONG, HealthFacts, MailboxFacts, Problem, ProcessFacts
from daemon.store import delivery_counts, unreadable, webhooks
from daemon.store.alarms import OF_ONE_PROCESS, SEEN_COUNTS
from daemon.store.deliveries import NOT_SENT, DeliveryState
from daemon.store.jobs import JobState
from daemon.store.models import Alarm, DeliveryRow, ImapCursor, InboundRow, Job, SigningKey
from daemon.store.queries import lists
from daemon.store.sql import count_up_to
from daemon.vocabulary import Disposition, MailKind

MAX_COUNTED = 10_000
# Problems that the process which sees them reports, and how long a report counts.
REPORTED = ("logins",)
REPORT_COUNTS = timedelta(minutes=10)
# Those of one process that only workers see.
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
        dead=count_up_to(session, MAX_COUNTED, Job.state == JobState.DEAD),
        parked=count_up_to(session, MAX_COUNTED, InboundRow.disposition == Disposition.PARKED),
        uncertain=count_up_to(session, MAX_COUNTED, DeliveryRow.state == DeliveryState.UNCERTAIN, NOT_SENT),
        unreadable=unreadable.count(session),
        deferred=count_up_to(session, MAX_COUNTED, DeliveryRow.state == DeliveryState.DEFERRED, NOT_SENT),
        limited=delivery_counts.limited(session, MailKind.ACKNOWLEDGEMENT, now),
        unanswered=count_up_to(
            session, MAX_COUNTED, DeliveryRow.state == DeliveryState.SENDING, NOT_SENT, DeliveryRow.unended == 0
        ),
        last_mail_at=session.execute(select(InboundRow.received_at).order_by(InboundRow.id.desc()).limit(1)).scalar(),
        mailboxes={name: _mailbox(session, name, folders) for name, folders in mailboxes.items()},
        process=process,
        reported=_reported(session, now, of_workers=of_workers),
        webhooks=tuple(webhooks.disabled(session)),
        installed_at=session.execute(select(SigningKey.created_at).order_by(SigningKey.id).limit(1)).scalar(),
    )


def _reported(session: Session, now: datetime, *, of_workers: bool) -> tuple[Problem, ...]:
    counts = and_(Alarm.key.in_(REPORTED), Alarm.since > now - REPORT_COUNTS)
    if of_workers:
        counts = or_(counts, and_(Alarm.key.in_(OF_WORKERS), Alarm.since > now - SEEN_COUNTS))
    rows = select(Alarm.key, Alarm.text).where(counts)
    return tuple(Problem(key, text) for key, text in session.execute(rows))


def _mailbox(session: Session, name: str, read: Sequence[str]) -> MailboxFacts:
    # The cursor of a folder that was removed from the settings stays, for when it comes back.
    configured = (ImapCursor.account == name, ImapCursor.folder.in_(read))
    folders = session.execute(select(ImapCursor).where(*configured)).scalars().all()
    polls = [folder.polled_at for folder in folders]
    emails = [folder.last_mail_at for folder in folders if folder.last_mail_at]
    return MailboxFacts(
        polled_at=min((p for p in polls if p), default=None) if all(polls) else None,
        mail_at=max(emails, default=None),
        error=next((folder.error for folder in folders if folder.error), ""),
    )
