"""Measure what a mail costs in a helpdesk of a thousand, a hundred thousand and a million tickets.

Usage: python -m tests.benchmarks.scale [--sizes 1000,100000,1000000] [--databases sqlite,postgresql] [--rounds 300]

Prints a Markdown table. All sizes are measured in turns, so that whatever else the machine does falls on each alike.
Time is what a caller waits, with the commit on the disk; CPU is that of this process and of its database sessions.
"""

import argparse
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event

from daemon.mail.mailbox import mailbox_of
from daemon.store import decisions, deliveries, jobs, keys, orphans
from daemon.store.decisions import NewDecision
from daemon.store.deliveries import NewDelivery, Outcome
from daemon.store.jobs import Lease
from daemon.store.maintenance import schema
from daemon.store.queries import snapshots
from daemon.store.queries import tickets as reports
from daemon.store.queries.tickets import TicketFilter
from daemon.store.store import Store
from daemon.system import logs
from daemon.tickets.intake import Intake
from daemon.tickets.recent_counts import recent_counts
from daemon.vocabulary import DecidedBy, Disposition, MailKind, Priority, Subject, SubjectKind, Triage
from tests.benchmarks import seed
from tests.support.domain_values import identity
from tests.support.emails import SUPPORT, inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.servers import PostgresServer

SIZES: Final = "1000,100000,1000000"
ROUNDS: Final = 300
WARM_UP: Final = 20
# The default of limits.acknowledgements_per_domain_hour.
BUSY_FROM: Final = 60
LISTED: Final = 50
# A search for words looks at no more tickets than this here, so that each size has them.
SEARCHED: Final = 1000
DECIDED: Final = Triage("Payments", Priority.HIGH, 0.9, "PAYMENTS_TEAM", ("the rule says so",))


class Helpdesk:
    """A store with so many tickets, and what is done with it."""

    def __init__(self, url: str, tickets: int) -> None:
        self.tickets, self.store, self.woken = tickets, Store(url), Woken()
        self._random = random.Random(tickets)
        self._backends: set[int] = set()
        event.listen(self.store.engine, "connect", self._connected)
        signing = self.store.write(lambda session: keys.ensure(session, NOON))
        policy = identity(own_addresses=frozenset({SUPPORT}), keys=signing)
        self._intake = Intake(self.store, policy, self.woken)

    def cpu(self) -> float:
        """Return the CPU seconds of this process and of the sessions that serve this store."""
        return time.process_time() + sum(_cpu_of(pid) for pid in self._backends)

    def accept(self) -> None:
        """Accept the first mail of somebody."""
        number = self._random.getrandbits(60)
        sender = f"customer{number}@shop{number % seed.SHOPS}.example"
        receipt = self._intake.accept(inbound(mail(sender, f"Question {number}", seed.LETTER), mail_from=sender))
        assert receipt.disposition is Disposition.TICKET

    def follow_up(self) -> None:
        """Accept the answer to a mail of long ago, known by its Message-ID and its sender."""
        ticket = self._ticket()
        sender, parent = seed.requester(ticket, self.tickets), seed.message_id(ticket)
        raw = mail(sender, f"Re: {seed.subject(ticket)}", seed.LETTER, in_reply_to=parent)
        receipt = self._intake.accept(inbound(raw, mail_from=sender))
        assert receipt.ticket_id == ticket

    def triage(self) -> None:
        """Claim the job of a ticket, decide, and finish it."""
        lease = self._claim()
        ticket = lease.subject.id
        with self.store.read() as session:
            assert decisions.text_of(session, ticket)

        def finish(session: Any) -> None:
            jobs.finish(session, [lease], NOON)
            decisions.apply_first(session, [NewDecision(ticket, DECIDED, DecidedBy.RULE, NOON)])

        self.store.write(finish)

    def tell(self) -> None:
        """Plan a mail about a ticket of long ago, count what went out lately, begin and settle it."""
        ticket = self._ticket()
        recipient = seed.requester(ticket, self.tickets)

        def plan(session: Any) -> int | None:
            snapshots.load_one(session, Subject(SubjectKind.DECISION, ticket))
            recent_counts(session, MailKind.ACKNOWLEDGEMENT, [mailbox_of(recipient)], BUSY_FROM, NOON)
            number = self._random.getrandbits(60)
            planned = NewDelivery(
                cause=Subject(SubjectKind.MESSAGE, number),
                kind=MailKind.ACKNOWLEDGEMENT,
                recipient=recipient,
                ticket_id=ticket,
                message_id=f"<{number}@example.com>",
                state=deliveries.DeliveryState.PLANNED,
                reason="",
                now=NOON,
            )
            return deliveries.add(session, [planned])[0]

        delivery = self.store.write(plan)
        assert delivery is not None
        assert self.store.write(lambda session: deliveries.begin(session, [delivery]))
        sent = deliveries.DeliveryState.SENT
        self.store.write(lambda session: deliveries.settle(session, [Outcome(delivery, sent, "250 taken", NOON)]))

    def list_newest(self) -> None:
        """List the newest tickets."""
        self._list(TicketFilter())

    def list_team(self) -> None:
        """List the newest open tickets of a team."""
        self._list(TicketFilter(status="OPEN", team="TECH_SUPPORT"))

    def list_category(self) -> None:
        """List the newest tickets of a category."""
        self._list(TicketFilter(category="Login"))

    def search_address(self) -> None:
        """Search the tickets of a customer."""
        with self.store.read() as session:
            assert reports.search_tickets(session, seed.requester(self._ticket(), self.tickets), LISTED)

    def search_words(self) -> None:
        """Search words that no ticket has."""
        with self.store.read() as session:
            assert not reports.search_tickets(session, "grand piano", LISTED, SEARCHED)

    def due(self) -> None:
        """Look for jobs that are due or leased, as the relay does twice a second."""
        with self.store.read() as session:
            jobs.due(session, NOON, 10)
            orphans.leased(session, 10)

    def close(self) -> None:
        """Let the store go."""
        self.store.close()

    def _ticket(self) -> int:
        return self._random.randint(1, self.tickets // 10) * 10

    def _claim(self) -> Lease:
        offer = self.woken.offers.pop()
        while offer.kind is not jobs.JobKind.TRIAGE:
            offer = self.woken.offers.pop()
        lease = self.store.write(lambda session: jobs.claim(session, offer.job_id, "here", NOON))
        assert lease is not None
        return lease

    def _list(self, wanted: TicketFilter) -> None:
        with self.store.read() as session:
            assert len(reports.list_tickets(session, wanted, LISTED)) == LISTED

    def _connected(self, connection: Any, _record: object) -> None:
        info = getattr(connection, "info", None)
        if info is not None:
            self._backends.add(info.backend_pid)


OPERATIONS: Final[dict[str, Callable[[Helpdesk], None]]] = {
    "accept a new mail": Helpdesk.accept,
    "accept an answer": Helpdesk.follow_up,
    "claim, decide, finish": Helpdesk.triage,
    "plan, begin, settle a mail": Helpdesk.tell,
    "look for due jobs": Helpdesk.due,
    "list the newest 50": Helpdesk.list_newest,
    "list a team's open 50": Helpdesk.list_team,
    "list a category's 50": Helpdesk.list_category,
    "search an address": Helpdesk.search_address,
    f"search {SEARCHED} tickets for words": Helpdesk.search_words,
}


@dataclass
class Cost:
    """What each run of an operation took, in milliseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, desk: Helpdesk, operation: Callable[[Helpdesk], None]) -> None:
        """Run an operation and note what it took."""
        cpu, wall = desk.cpu(), time.perf_counter()
        operation(desk)
        self.wall.append((time.perf_counter() - wall) * 1000)
        self.cpu.append((desk.cpu() - cpu) * 1000)


Costs = dict[str, dict[int, Cost]]


def measure(desks: list[Helpdesk], rounds: int) -> Costs:
    """Run every operation on every store, in turns."""
    costs: Costs = {name: {desk.tickets: Cost() for desk in desks} for name in OPERATIONS}
    for number in range(WARM_UP + rounds):
        turn = number % len(desks)
        for name, operation in OPERATIONS.items():
            for desk in desks[turn:] + desks[:turn]:
                cost = costs[name][desk.tickets] if number >= WARM_UP else Cost()
                cost.add(desk, operation)
    return costs


def table(database: str, costs: Costs) -> Iterator[str]:
    """Yield the lines of a Markdown table: medians in ms, and what the largest costs beside the smallest."""
    sizes = list(next(iter(costs.values())))
    yield f"| {database}, ms (CPU) | {' | '.join(f'{size:,} tickets' for size in sizes)} | ratio (CPU) |"
    yield f"|---|{'---:|' * (len(sizes) + 1)}"
    for name, of_sizes in costs.items():
        walls = [statistics.median(cost.wall) for cost in of_sizes.values()]
        cpus = [statistics.median(cost.cpu) for cost in of_sizes.values()]
        cells = [f"{wall:.2f} ({cpu:.2f})" for wall, cpu in zip(walls, cpus, strict=True)]
        ratios = f"{walls[-1] / walls[0]:.2f} ({cpus[-1] / cpus[0]:.2f})"
        yield f"| {name} | {' | '.join(cells)} | {ratios} |"


def _cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process, exact to the nanosecond (Linux); 0 for one that ended."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0


def urls(stack: ExitStack, database: str, folder: Path, sizes: list[int]) -> list[str]:
    """Return the URL of an empty database for each size."""
    if database == "sqlite":
        return [f"sqlite:///{folder}/{size}.db" for size in sizes]
    server = stack.enter_context(PostgresServer(durable=True))
    # Writing a million tickets takes half as long without a checkpoint for each gigabyte.
    server.execute("ALTER SYSTEM SET max_wal_size = '16GB'")
    server.execute("SELECT pg_reload_conf()")
    for size in sizes:
        server.execute(f"CREATE DATABASE of_{size}")
    return [server.url_of(f"of_{size}") for size in sizes]


def opened(url: str, size: int) -> Helpdesk:
    """Return a helpdesk with so many tickets."""
    began = time.monotonic()
    store = Store(url)
    schema.upgrade(store.engine)
    store.close()
    seed.seed(url, size)
    print(f"{size:,} tickets written in {time.monotonic() - began:.0f} s", flush=True)
    return Helpdesk(url, size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    sizes = sorted(int(size) for size in options.sizes.split(","))
    logs.configure("warning", "json")
    # Whoever ends us wants the disk back.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for database in options.databases.split(","):
        folder = Path(tempfile.mkdtemp(prefix="triaged-scale-"))
        try:
            with ExitStack() as stack:
                desks = [
                    opened(url, size) for url, size in zip(urls(stack, database, folder, sizes), sizes, strict=True)
                ]
                for desk in desks:
                    stack.callback(desk.close)
                print("", *table(database, measure(desks, options.rounds)), "", sep="\n", flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
