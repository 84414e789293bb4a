"""Leases of mailboxes: which process reads one. As with jobs, a holder is alive while its beat changes."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from daemon.store.models import ImapLease
from daemon.store.sql import insert_or_ignore, table

LEASE = table(ImapLease)
TAKE: Final = (
    update(LEASE)
    .where(LEASE.c.account == bindparam("of"), LEASE.c.owner == bindparam("seen"), LEASE.c.beat == bindparam("at"))
    .values(owner=bindparam("by"), beat=LEASE.c.beat + 1)
    .returning(LEASE.c.account)
)
BEAT: Final = (
    update(LEASE)
    .where(LEASE.c.account == bindparam("of"), LEASE.c.owner == bindparam("by"))
    .values(beat=LEASE.c.beat + 1)
    .returning(LEASE.c.account)
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, and the beat that was seen of it."""

    owner: str
    beat: int


def holder(session: Session, account: str) -> Holder | None:
    """Return who holds the lease of a mailbox, None if nobody does."""
    row = session.execute(select(LEASE.c.owner, LEASE.c.beat).where(LEASE.c.account == account)).one_or_none()
    return Holder(row.owner, row.beat) if row else None


def take(session: Session, account: str, owner: str, dead: Holder | None) -> bool:
    """Take a lease that is free, or that a dead holder has; return False if somebody else was faster."""
    if dead is None:
        session.execute(insert_or_ignore(session, ImapLease), {"account": account, "owner": owner, "beat": 0})
        found = holder(session, account)
        return found is not None and found.owner == owner
    values = {"of": account, "seen": dead.owner, "at": dead.beat, "by": owner}
    return session.execute(TAKE, values).one_or_none() is not None


def beat(session: Session, account: str, owner: str) -> bool:
    """Show that the holder lives; return False if another process took the lease."""
    return session.execute(BEAT, {"of": account, "by": owner}).one_or_none() is not None


def release(session: Session, account: str, owner: str) -> None:
    """Give a lease back."""
    session.execute(delete(LEASE).where(LEASE.c.account == account, LEASE.c.owner == owner))
