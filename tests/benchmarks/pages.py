"""Measure what a browser and a program wait for in a helpdesk of a thousand and of a million tickets.

Usage: python -m tests.benchmarks.pages [--sizes 1000,1000000] [--databases sqlite,postgresql] [--rounds 100]

Prints a Markdown table: the median and the 95th percentile in milliseconds, without the network, slower than asked in
bold. All sizes are measured in turns, so that whatever else the machine does falls on each alike. A database of a
million tickets takes 3 GB in the directory for temporary files, and a minute; it is removed afterwards.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from daemon.store.maintenance import schema
from daemon.store.store import Store
from daemon.system import logs
from tests.benchmarks import seed
from tests.benchmarks.page_visits import WARM_UP, Visit, visits
from tests.support.http import web
from tests.support.pages import SETTINGS
from tests.support.servers import PostgresServer

ASKED_MS: Final = 50
# The outgoing emails and jobs of all tickets would take 1.5 GB more.
WITH_EMAILS: Final = 100_000


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
        seed.seed(url, tickets, WITH_EMAILS)
        store = Store(url)
        stack.callback(store.close)
        yield store


def measure(database: str, sizes: list[int], rounds: int, only: str) -> None:
    """Measure one database, and print a table."""
    with ExitStack() as stack:
        measured: dict[int, list[Visit]] = {}
        for size in sizes:
            case = stack.enter_context(web(stack.enter_context(_store(database, size)), **SETTINGS))
            measured[size] = [visit for visit in visits(case, size) if only in visit.name]
        for turn in range(WARM_UP + rounds):
            for each in zip(*measured.values(), strict=True):
                for visit in each:
                    visit.measure(counts=turn >= WARM_UP)
        print(f"\n| {database} |" + "".join(f" {size:,}: median | p95 |" for size in sizes))
        print("|---|" + "---|---|" * len(sizes))
        for each in zip(*measured.values(), strict=True):
            print(f"| {each[0].name} |" + "".join(f" {visit.median:.1f} | {_shown(visit.p95)} |" for visit in each))


def _shown(milliseconds: float) -> str:
    return f"{milliseconds:.1f}" if milliseconds <= ASKED_MS else f"**{milliseconds:.1f}**"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,1000000")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--only", default="", help="a part of the names of the pages to measure")
    wanted = parser.parse_args()
    logs.configure("error", "json")
    for database in wanted.databases.split(","):
        if database == "postgresql" and shutil.which("postgres") is None:
            print("\nThis machine has no PostgreSQL.")
            continue
        measure(database, [int(size) for size in wanted.sizes.split(",")], wanted.rounds, wanted.only)


if __name__ == "__main__":
    main()
