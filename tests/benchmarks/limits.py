"""Measure both errors of the limits on acknowledgements: honest customers without one, and ones to forged senders.

Simulates a day of 2,000 customers, alone and with a flood of 5,000 forged senders within an hour, on the real plan and
the real counts. Run as `python -m tests.benchmarks.limits`; with words, only the rows whose name has one of them.
"""

import heapq
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy.orm import Session

from daemon.facts import RecentCounts, SendCounts
from daemon.mail.mailbox import mailbox_of
from daemon.store import deliveries
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.maintenance import schema
from daemon.store.store import Store
from daemon.tickets import notification
from daemon.tickets.recent_counts import recent_counts
from daemon.vocabulary import MailKind, Subject, SubjectKind
from tests.support.domain_values import send_limits
from workers.notify.plan import Cause, PlanFacts, SendLimits, plan

CUSTOMERS: Final = 2000
FORGED: Final = 5000
BATCH: Final = 32
BATCH_SPAN: Final = timedelta(seconds=30)
# Commits need not be durable here.
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - each run has a directory of its own there
VERIFIED: Final = 0.3
MORNING: Final = datetime(2026, 3, 4, tzinfo=UTC)
FLOOD_HOUR: Final = 10
# Shares of the addresses of customers; the others are at companies.
PROVIDERS: Final = {"gmail.com": 0.38, "outlook.com": 0.14, "yahoo.com": 0.08, "icloud.com": 0.07, "gmx.net": 0.05}
COMPANIES: Final = 400
# Emails by hour of a working day: two peaks, few at night.
HOURS: Final = (1, 1, 1, 1, 1, 2, 5, 12, 26, 34, 36, 32, 24, 28, 32, 30, 26, 18, 10, 8, 6, 4, 3, 2)
EMPTY_DAYS: Final = range(1, 9)


@dataclass(frozen=True, slots=True, order=True)
class Arrival:
    """An email that opens a ticket, or one that is planned again."""

    at: datetime
    number: int
    sender: str
    verified: bool = False
    forged: bool = False
    first_at: datetime | None = None
    delivery: int = 0


@dataclass(slots=True)
class Result:
    """What became of the acknowledgements of a day."""

    waits: list[timedelta] = field(default_factory=list)
    honest_never: Counter[str] = field(default_factory=Counter)
    forged: Counter[str] = field(default_factory=Counter)
    forged_hours: Counter[int] = field(default_factory=Counter)

    def row(self, name: str) -> str:
        at_once = sum(not wait for wait in self.waits)
        later = [wait for wait in self.waits if wait]
        hours = f"{median(later).total_seconds() / 3600:.0f} h" if later else "-"  # type: ignore[type-var]  # it can
        return (
            f"| {name} | {at_once} | {len(later)} ({hours}) | {sum(self.honest_never.values())} "
            f"| {sum(self.forged.values())} | {max(self.forged_hours.values(), default=0)} "
            f"| {max(self.forged.values(), default=0)} |"
        )


def customers(day: datetime, number: int, chance: random.Random) -> Iterator[tuple[datetime, str, bool]]:
    """Yield when customers write on a day, their addresses, and whether they are verified."""
    names = [*PROVIDERS, "company"]
    weights = [*PROVIDERS.values(), 1 - sum(PROVIDERS.values())]
    for _ in range(number):
        domain = chance.choices(names, weights)[0]
        if domain == "company":
            domain = f"company{int(COMPANIES * chance.random() ** 2)}.example"
        hour = chance.choices(range(24), HOURS)[0]
        at = day + timedelta(hours=hour, seconds=chance.uniform(0, 3600))
        yield at, f"customer{chance.getrandbits(40)}@{domain}", chance.random() < VERIFIED


def mixed(number: int, chance: random.Random) -> str:
    """Return one of many addresses at the domains of customers."""
    return f"forged{number}@{chance.choice([*PROVIDERS, f'company{chance.randrange(COMPANIES)}.example'])}"


def one_provider(number: int, _chance: random.Random) -> str:
    return f"forged{number}@gmail.com"


def one_company(number: int, _chance: random.Random) -> str:
    return f"forged{number}@host{number}.company1.example"


def one_mailbox(number: int, chance: random.Random) -> str:
    name = "".join(letter + "." * chance.randrange(2) for letter in "victimperson").strip(".")
    return f"{name}+{number}@{chance.choice(['gmail.com', 'googlemail.com'])}"


class Day:
    """A helpdesk with a week behind it, and one day."""

    def __init__(self, directory: Path, *, grows: bool, history: bool) -> None:
        self.grows, self.limits, self.result = grows, send_limits(), Result()
        url = f"sqlite:///{directory / 'triaged.db'}"
        self.store = Store(url)
        schema.upgrade(self.store.engine)
        self._numbers, self._waiting = count(1), list[Arrival]()
        if history:
            self.store.write(self._remember)

    def _remember(self, session: Session) -> None:
        chance = random.Random(7)
        for day in EMPTY_DAYS:
            start = MORNING - timedelta(days=day)
            people = CUSTOMERS if start.weekday() < 5 else CUSTOMERS // 3
            deliveries.add(
                session,
                [self._row(a, v, at, DeliveryState.SENT) for at, a, v in customers(start, people, chance)],
            )

    def _row(self, address: str, verified: bool, at: datetime, state: DeliveryState) -> NewDelivery:
        number = next(self._numbers)
        cause = Subject(SubjectKind.DECISION, number)
        return NewDelivery(
            cause, MailKind.ACKNOWLEDGEMENT, address, None, f"<{number}@x>", state, "", at, verified=verified
        )

    def run(self, forge: Callable[[int, random.Random], str] | None) -> Result:
        chance = random.Random(1)
        arrivals = [
            Arrival(at, n, sender, verified)
            for n, (at, sender, verified) in enumerate(customers(MORNING, CUSTOMERS, chance))
        ]
        if forge:
            start = MORNING + timedelta(hours=FLOOD_HOUR)
            arrivals += [
                Arrival(start + timedelta(seconds=chance.uniform(0, 3600)), n, forge(n, chance), forged=True)
                for n in range(FORGED)
            ]
        self._waiting = arrivals
        heapq.heapify(self._waiting)
        while self._waiting:
            batch = [heapq.heappop(self._waiting)]
            while len(batch) < BATCH and self._waiting and self._waiting[0].at - batch[0].at < BATCH_SPAN:
                batch.append(heapq.heappop(self._waiting))
            self.store.write(lambda session, batch=batch: self._plan(session, batch))  # type: ignore[misc]
        return self.result

    def _plan(self, session: Session, batch: list[Arrival]) -> None:
        now = batch[-1].at
        mailboxes = [mailbox_of(one.sender) for one in batch]
        kind, busy_from = MailKind.ACKNOWLEDGEMENT, self.limits.per_domain_hour
        recent = recent_counts(session, kind, mailboxes, busy_from, now)
        for one in batch:
            self._plan_one(session, one, recent if self.grows else replace(recent, ordinary_days={}), now)

    def _plan_one(self, session: Session, one: Arrival, recent: RecentCounts, now: datetime) -> None:
        mailbox = mailbox_of(one.sender)
        first_at = one.first_at or now
        too_old = now + notification.DEFERRED_FOR > first_at + notification.MAX_DEFERRED_TIME
        (mail,) = plan(facts(one, recent.to(mailbox), self.limits, last_try=too_old))
        state = DeliveryState(mail.state)
        number: int | None = one.delivery
        if one.delivery and state is not DeliveryState.DEFERRED:
            deliveries.plan_again(session, one.delivery, state, mail.reason, now, verified=one.verified)
        elif not one.delivery:
            (number,) = deliveries.add(session, [self._row(one.sender, one.verified, now, state)])
        if state is DeliveryState.PLANNED:
            recent.add(mailbox, verified=one.verified)
            self._sent(one, mailbox.address, now - first_at, now)
        elif state is DeliveryState.DEFERRED:
            again = replace(one, at=now + notification.DEFERRED_FOR, first_at=first_at, delivery=number or 0)
            heapq.heappush(self._waiting, again)
        elif not one.forged:
            self.result.honest_never[mail.reason.partition("acknowledgements ")[2]] += 1

    def _sent(self, one: Arrival, mailbox: str, wait: timedelta, now: datetime) -> None:
        if one.forged:
            self.result.forged[mailbox] += 1
            self.result.forged_hours[int((now - MORNING).total_seconds() // 3600)] += 1
        else:
            self.result.waits.append(wait)


def facts(one: Arrival, sent: SendCounts, limits: SendLimits, *, last_try: bool) -> PlanFacts:
    return PlanFacts(
        cause=Cause.DEFERRED if one.delivery else Cause.OPENED,
        silent=False,
        requester=one.sender,
        acknowledge=True,
        verified=one.verified,
        team=None,
        writer=None,
        own_addresses=frozenset(),
        suppressed=frozenset(),
        sent=sent,
        sent_to_team=0,
        has_digest=False,
        answered=False,
        last_try=last_try,
        limits=limits,
    )


FLOODS: Final = {
    "no flood": None,
    "flood over all domains": mixed,
    "flood over one provider": one_provider,
    "flood over one company": one_company,
    "flood over one mailbox": one_mailbox,
}


def main(*words: str) -> None:
    print("| day of 2,000 customers | honest at once | later (median) | never | forged, in all | an hour | a mailbox |")
    print("|---|---|---|---|---|---|---|")
    days = [("fixed", list(FLOODS)[:3]), ("grows", list(FLOODS)), ("first day", list(FLOODS)[:2])]
    for name, flood in ((name, flood) for name, floods in days for flood in floods):
        row = f"{name}: {flood}"
        if words and not any(word in row for word in words):
            continue
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as directory:
            day = Day(Path(directory), grows=name != "fixed", history=name != "first day")
            print(day.run(FLOODS[flood]).row(row), flush=True)
            day.store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
