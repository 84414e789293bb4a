"""Measure the inbox and the page of a ticket in a helpdesk of a thousand and of a million tickets.

Usage: python -m tests.benchmarks.pages [--sizes 1000,1000000] [--database sqlite|postgresql] [--rounds 200]

Prints a Markdown table: the median and the 95th percentile of what a browser waits, without the network. All sizes
are measured in turns, so that whatever else the machine does falls on each alike.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from daemon.store.maintenance import schema
from daemon.store.queries.tickets import TicketFilter, list_tickets
from daemon.store.store import Store
from daemon.system import logs
from tests.benchmarks import seed
from tests.support.http import web
from tests.support.pages import MEMBER, SETTINGS, signed_in
from tests.support.servers import PostgresServer

WARM_UP: Final = 10


@contextmanager
def _store(database: str, tickets: int) -> Iterator[Store]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder}/pages.sqlite3"
        if database == "postgresql":
            server = stack.enter_context(PostgresServer())
            server.execute("CREATE DATABASE pages")
            url = server.url_of("pages")
        store = Store(url)
        schema.upgrade(store.engine)
        store.close()
        seed.seed(url, tickets)
        store = Store(url)
        stack.callback(store.close)
        yield store


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,1000000")
    parser.add_argument("--database", default="sqlite", choices=["sqlite", "postgresql"])
    parser.add_argument("--rounds", type=int, default=200)
    wanted = parser.parse_args()
    logs.configure("error", "json")
    sizes = [int(size) for size in wanted.sizes.split(",")]
    with ExitStack() as stack:
        visits = {}
        for size in sizes:
            case = stack.enter_context(web(stack.enter_context(_store(wanted.database, size)), **SETTINGS))
            with case.store.read() as session:
                [line, *_] = list_tickets(session, TicketFilter(), 1)
            client = signed_in(case, MEMBER)
            paths = {
                "inbox": "/ui",
                "inbox of a team": "/ui?team=PAYMENTS_TEAM",
                "inbox, a phrase": "/ui?text=order",
                "ticket": f"/ui/tickets/{line.reference}",
                "review": "/ui/review",
            }
            visits |= {(name, size): (client, path) for name, path in paths.items()}
        taken: dict[tuple[str, int], list[float]] = {key: [] for key in visits}
        for turn in range(WARM_UP + wanted.rounds):
            for key, (client, path) in visits.items():
                started = time.perf_counter()
                assert client.get(path).status_code == 200
                if turn >= WARM_UP:
                    taken[key].append(1000 * (time.perf_counter() - started))
    print("| page | tickets | median ms | p95 ms |\n|---|---|---|---|")
    for (name, size), times in taken.items():
        print(f"| {name} | {size:,} | {statistics.median(times):.1f} | {statistics.quantiles(times, n=20)[-1]:.1f} |")


if __name__ == "__main__":
    main()
