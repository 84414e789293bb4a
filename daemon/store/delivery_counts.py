"""Count what was planned recently, for the limits on outgoing email, and what they suppressed."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BindParameter, bindparam, case, false, func, select
from sqlalchemy.orm import Session

from daemon.facts import Mailbox, RecentCounts
from daemon.store.deliveries import HELD_BACK, DeliveryState
from daemon.store.models import DeliveryRow
from daemon.store.sql import advisory_lock, table, unindexed
from daemon.vocabulary import LIMIT_REACHED, MailKind

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
TEAM_KINDS: Final = (MailKind.NOTIFICATION, MailKind.FOLLOW_UP, MailKind.ANSWERED)
# Counting must not cost more with every email that went before; no limit needs a higher count.
MAX_COUNTED: Final = 10_000
ADVISORY_LOCK: Final = 7_241_903_357_106_402

DELIVERY = table(DeliveryRow)
OF_KIND = (DELIVERY.c.kind == bindparam("kind"), unindexed(DELIVERY.c.state).not_in(HELD_BACK))
UNVERIFIED = DELIVERY.c.verified == false()
THIS_HOUR = DELIVERY.c.created_at > bindparam("hour")
TODAY = DELIVERY.c.created_at > bindparam("day")
MAX_ROWS: BindParameter[int] = bindparam("most")
RECENT_TO_MAILBOXES = (
    select(DELIVERY.c.mailbox, case((THIS_HOUR, 1), else_=0).label("fresh"))
    .where(DELIVERY.c.mailbox.in_(bindparam("mailboxes", expanding=True)), *OF_KIND, TODAY)
    .limit(MAX_ROWS)
    .subquery()
)
COUNT_TO_MAILBOXES = select(
    RECENT_TO_MAILBOXES.c.mailbox,
    func.count().label("day"),
    func.sum(RECENT_TO_MAILBOXES.c.fresh).label("hour"),
).group_by(RECENT_TO_MAILBOXES.c.mailbox)
RECENT_TO_DOMAINS = (
    select(DELIVERY.c.domain)
    .where(DELIVERY.c.domain.in_(bindparam("domains", expanding=True)), *OF_KIND, UNVERIFIED, THIS_HOUR)
    .limit(MAX_ROWS)
    .subquery()
)
COUNT_TO_DOMAINS = select(RECENT_TO_DOMAINS.c.domain, func.count().label("hour")).group_by(RECENT_TO_DOMAINS.c.domain)
COUNT_ALL = select(func.count()).select_from(
    select(DELIVERY.c.id).where(*OF_KIND, UNVERIFIED, THIS_HOUR).limit(MAX_COUNTED).subquery()
)
COUNT_OF_A_DAY = select(func.count()).select_from(
    select(DELIVERY.c.id)
    .where(DELIVERY.c.domain == bindparam("domain"), *OF_KIND, UNVERIFIED)
    .where(DELIVERY.c.created_at > bindparam("after"), DELIVERY.c.created_at <= bindparam("until"))
    .limit(MAX_COUNTED)
    .subquery()
)
RECENT_TO_TEAMS = (
    select(DELIVERY.c.mailbox)
    .where(DELIVERY.c.mailbox.in_(bindparam("mailboxes", expanding=True)), DELIVERY.c.kind.in_(TEAM_KINDS))
    .where(unindexed(DELIVERY.c.state).not_in(HELD_BACK), THIS_HOUR)
    .limit(MAX_ROWS)
    .subquery()
)
COUNT_TO_TEAMS = select(RECENT_TO_TEAMS.c.mailbox, func.count().label("hour")).group_by(RECENT_TO_TEAMS.c.mailbox)
SELECT_HELD_BACK = (
    select(DELIVERY.c.state, DELIVERY.c.reason)
    .where(DELIVERY.c.kind == bindparam("kind"), DELIVERY.c.created_at > bindparam("after"))
    .where(unindexed(DELIVERY.c.state).in_(HELD_BACK))
    .limit(MAX_COUNTED)
)
# "limit reached: 7 acknowledgements to this domain within an hour, 7 allowed": the same reason whatever the number is.
NUMBERS: Final = re.compile(r":? \d+ acknowledgements|, \d+ allowed$")


def lock(session: Session) -> None:
    """Let no other transaction count until this one has ended; otherwise two workers would each use up a limit."""
    advisory_lock(session, ADVISORY_LOCK)


def recent_counts(session: Session, kind: MailKind, mailboxes: Sequence[Mailbox], now: datetime) -> RecentCounts:
    """Count the emails of a kind that were planned recently, in all and to mailboxes."""
    addresses = list({mailbox.address for mailbox in mailboxes})
    domains = list({mailbox.domain for mailbox in mailboxes})
    about = {"kind": kind, "day": now - DAY, "hour": now - HOUR, "most": MAX_COUNTED * max(1, len(addresses))}
    to_mailboxes = session.execute(COUNT_TO_MAILBOXES, about | {"mailboxes": addresses}).all()
    to_domains = session.execute(COUNT_TO_DOMAINS, about | {"domains": domains}).all()
    return RecentCounts(
        kind,
        Counter({row.mailbox: row.day for row in to_mailboxes}),
        Counter({row.mailbox: row.hour for row in to_mailboxes}),
        Counter({row.domain: row.hour for row in to_domains}),
        session.execute(COUNT_ALL, about).scalar_one(),
    )


def on_days(session: Session, kind: MailKind, domain: str, ends: Sequence[datetime]) -> list[int]:
    """Count the emails of a kind to the unverified people of a domain on each of the days that end at these times."""
    about = {"kind": kind, "domain": domain}
    return [session.execute(COUNT_OF_A_DAY, about | {"after": end - DAY, "until": end}).scalar_one() for end in ends]


def to_teams(session: Session, mailboxes: Collection[str], now: datetime) -> Counter[str]:
    """Count the notifications to the mailboxes of teams that were planned within the last hour and not held back."""
    about = {"mailboxes": list(mailboxes), "hour": now - HOUR, "most": MAX_COUNTED * max(1, len(mailboxes))}
    return Counter({row.mailbox: row.hour for row in session.execute(COUNT_TO_TEAMS, about)})


def held_back_reasons(session: Session, kind: MailKind, after: datetime) -> dict[str, int]:
    """Count the emails of a kind that were held back since a time, by state and reason, the most frequent first.

    At most 10,000 are counted.
    """
    rows = session.execute(SELECT_HELD_BACK, {"kind": kind, "after": after})
    return dict(Counter(f"{row.state}, {NUMBERS.sub('', row.reason)}" for row in rows).most_common())


def limited(session: Session, kind: MailKind, now: datetime) -> int:
    """Count the emails of a kind that a limit suppressed within the last hour, at most 10,000."""
    rows = session.execute(SELECT_HELD_BACK, {"kind": kind, "after": now - HOUR})
    return sum(row.state == DeliveryState.SUPPRESSED and row.reason.startswith(LIMIT_REACHED) for row in rows)
