"""What the limits on outgoing emails compare with: counts of recent emails, and the ordinary days of busy domains."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median_low
from typing import Final

from sqlalchemy.orm import Session

from daemon.facts import Mailbox, RecentCounts
from daemon.store import delivery_counts
from daemon.vocabulary import MailKind

DAY: Final = timedelta(days=1)
# The days before the last 24 hours, so that the limit of today does not depend on what comes today.
ORDINARY_DAYS: Final = 7


def recent_counts(
    session: Session, kind: MailKind, mailboxes: Sequence[Mailbox], busy_from: int, now: datetime
) -> RecentCounts:
    """Count the emails of a kind that were planned recently, in all and to mailboxes.

    Ordinary days are counted for domains that may reach `busy_from` emails in this hour.
    """
    counts = delivery_counts.recent_counts(session, kind, mailboxes, now)
    hour, more = counts.by_domain_hour, len(mailboxes)
    busy = {mailbox.domain for mailbox in mailboxes if hour[mailbox.domain] + more > busy_from > 0}
    return replace(counts, ordinary_days={domain: ordinary_day(session, kind, domain, now) for domain in busy})


def ordinary_day(session: Session, kind: MailKind, domain: str, now: datetime) -> int:
    """Return how many emails of a kind go to the unverified people of a domain on an ordinary day.

    It is the median of the seven days before the last 24 hours: a flood of up to three days does not raise it.
    """
    ends = [now - number * DAY for number in range(1, ORDINARY_DAYS + 1)]
    return median_low(delivery_counts.on_days(session, kind, domain, ends))
