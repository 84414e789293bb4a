"""Measure similar tickets: how many of those shown are about the same thing, and how long the search takes.

usage: python -m tests.scores.similar [--sets DIRECTORY] [--gate] [--times]

Our own emails are `similar_emails.py`. Of banking77, two tickets are about the same thing if they have the same of its
77 labels. Times are processor time.
"""

import argparse
import csv
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import insert, select, text

from daemon.store import vectors
from daemon.store.maintenance import schema
from daemon.store.models import Decision, Ticket, TicketVector
from daemon.store.queries.similar import SHOWN
from daemon.store.store import Store
from tests.benchmarks import seed
from tests.scores.similar_emails import ALONE, GROUPS
from tests.support.paths import CORPUS
from workers.actors.similar import nearest as of_searches
from workers.learning import semantic
from workers.triage import encoder, similar
from workers.triage.features import Floats
from workers.triage.preprocess import Case, clean

LIMITS: Final = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
BANKING: Final = 2_500
LEAST_PRECISION, LEAST_FOUND = 0.95, 0.7
STORED: Final = (5_000, 50_000)
BATCH: Final = 16


def packed(cases: Sequence[Case]) -> list[bytes]:
    """Return the packed vectors of tickets; raises SystemExit without an encoder."""
    loaded = semantic.shared(enabled=True)
    found: list[bytes] = []
    for start in range(0, len(cases), 64):
        rows: Floats | None = loaded.encode([encoder.text(one) for one in cases[start : start + 64]])
        if rows is None:
            raise SystemExit(loaded.problem)
        found += map(similar.pack, rows)
    return found


def table(rows: Sequence[bytes], labels: Sequence[object]) -> list[tuple[float, float, float, float]]:
    """Return for each limit: share of tickets with a like one that get one, precision, share without that get any."""
    times = Counter(labels)
    found = similar.nearest(rows, b"".join(rows), LIMITS[0])
    lines = []
    for limit in LIMITS:
        hits, right, number, wrong = 0, 0, 0, 0
        for at, label in enumerate(labels):
            places = [place for place, likeness in found[at] if place != at and likeness >= limit][:SHOWN]
            same = sum(labels[place] == label for place in places)
            right, number = right + same, number + len(places)
            hits += times[label] > 1 and same > 0
            wrong += times[label] == 1 and bool(places)
        like, alone = sum(times[label] > 1 for label in labels), sum(times[label] == 1 for label in labels)
        lines.append((limit, hits / like, right / max(number, 1), wrong / max(alone, 1)))
    return lines


def own_set() -> tuple[list[bytes], list[object]]:
    """Return the vectors of our own emails, and what each is about."""
    emails = [(about, one) for about, group in enumerate(GROUPS) for one in group]
    emails += [(-1 - at, one) for at, one in enumerate(ALONE)]
    return packed([clean(*one) for _, one in emails]), [about for about, _ in emails]


def banking(sets: Path) -> tuple[list[bytes], list[object]]:
    """Return the vectors and labels of a part of banking77."""
    with (sets / "banking77.csv").open(encoding="utf-8", newline="") as file:
        rows = random.Random(1).sample(list(csv.DictReader(file)), BANKING)
    return packed([clean(row["subject"], row["body"]) for row in rows]), [row["orig_label"] for row in rows]


def timed(stored: int) -> tuple[float, float, float]:
    """Return the milliseconds of a search alone, of each in a batch, and of the comparison alone, for one team."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.db"
        empty = Store(url)
        schema.upgrade(empty.engine)
        empty.close()
        seed.seed(url, stored)
        store = Store(url)
        rows = np.random.default_rng(1).integers(-127, 128, (stored, semantic.WIDTH), np.int8)
        with store.read() as session:
            tickets = list(session.execute(select(Ticket.id)).scalars())
            ids = list(session.execute(select(Decision.id).order_by(Decision.id.desc()).limit(BATCH)).scalars())
        values = [
            {"ticket_id": one, "encoder": semantic.NAME, "vector": row.tobytes()}
            for one, row in zip(tickets, rows, strict=False)
        ]
        store.write(lambda session: session.execute(insert(TicketVector), values))
        store.write(lambda session: session.execute(text("UPDATE ticket SET assigned_team = 'ONE', silent = 0")))
        alone, batch = (clock(store, some) / len(some) for some in (ids[:1], ids))
        compared = best_of_five(lambda: similar.nearest([values[0]["vector"]], rows.tobytes()))
        store.close()
    return alone, batch, compared


def clock(store: Store, decisions: Sequence[int]) -> float:
    """Return the milliseconds of the searches for decisions."""

    def search() -> None:
        with store.read() as session:
            of_searches([one for one in vectors.searches(session, decisions) if one])

    return best_of_five(search)


def best_of_five(run: Callable[[], object]) -> float:
    """Return the milliseconds of processor time that something takes."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        run()
        best = min(best, (time.process_time() - began) * 1000)
    return best


def main() -> int:
    """Print the tables; return 1 with --gate if our own emails miss a floor."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    options.add_argument("--sets", type=Path, default=CORPUS / "triage")
    options.add_argument("--gate", action="store_true")
    options.add_argument("--times", action="store_true")
    chosen = options.parse_args()
    print("our own emails\ncosine  found  right  shown though alone")
    ours = table(*own_set())
    for row in ours:
        print("{:.2f}    {:.2f}   {:.2f}   {:.2f}".format(*row))
    if (chosen.sets / "banking77.csv").is_file():
        print(f"banking77, {BANKING} tickets\ncosine  found  right")
        for row in table(*banking(chosen.sets)):
            print("{:.2f}    {:.2f}   {:.2f}".format(*row[:3]))
    for stored in STORED if chosen.times else ():
        print(
            "{} stored: alone {:.1f} ms, in a batch {:.1f} ms each, comparing all {:.1f} ms".format(
                stored, *timed(stored)
            )
        )
    met = all(row[2] >= LEAST_PRECISION and row[1] >= LEAST_FOUND for row in ours if row[0] == similar.CLOSE)
    return int(chosen.gate and not met)


if __name__ == "__main__":
    sys.exit(main())
