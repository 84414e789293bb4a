"""Compare the order of the review queue with a random one: how many labels does the same accuracy need?

usage: python -m tests.scores.review_order [--sets DIRECTORY] [--runs NUMBER] [--own]

A company answers for BATCH tickets at a time; the model is trained again after each batch and judged on tickets that
nobody answered for. Both orders begin with the same tickets and choose from the same waiting ones. `--own` uses our
own examples instead of the evaluation sets: one half of the industries trains the first model, the other is the
company. The mean accuracy of all steps is less noisy than the number of labels at one level, because the curves are
flat.
"""

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from daemon.snapshots import WaitingTicket
from daemon.tickets import review_order
from tests.scores.bench import Bench, accuracy
from tests.support.paths import ROOT
from workers.learning import semantic
from workers.learning.examples import Example
from workers.triage.classifier import Model

NOW = datetime(2025, 3, 3, 12, 0, tzinfo=UTC)
BATCH, LABELS, GOAL = 25, 200, 0.20
Choose = Callable[[Model, Sequence[Example], Sequence[Example]], list[int]]


@dataclass(frozen=True, slots=True)
class Company:
    """What the first model is trained on, the tickets of a company that wait, and those that judge."""

    name: str
    corpus: Sequence[Example]
    tickets: Sequence[Example]


def at_random(_model: Model, waiting: Sequence[Example], _taught: Sequence[Example]) -> list[int]:
    """Choose as tickets came in: they were shuffled."""
    return list(range(min(BATCH, len(waiting))))


def by_order(model: Model, waiting: Sequence[Example], taught: Sequence[Example]) -> list[int]:
    """Choose as the review queue does, all tickets being of one age."""
    chances = model.predict_many([one.case for one in waiting])
    tickets = [
        WaitingTicket(at, "", NOW, False, tuple(map(float, row)), f"{one.subject}\n{one.body[:2000]}")
        for at, (one, row) in enumerate(zip(waiting, chances, strict=True))
    ]
    known = [f"{one.subject}\n{one.body[:2000]}" for one in taught[::-1]]
    return [place.ticket_id for place in review_order.order(tickets, known, NOW, BATCH)]


def curve(bench: Bench, company: Company, seed: int, choose: Choose) -> list[float]:
    """Return the accuracy after 0, BATCH, 2 * BATCH ... labels."""
    tickets = random.Random(seed).sample(company.tickets, len(company.tickets))
    half = len(tickets) // 2
    pool, judges = tickets[:half], tickets[half:]
    taught: list[Example] = []
    model = bench.train(company.corpus)
    found = [accuracy(model, judges)]
    # A last, smaller batch would be the rest of the pool in both orders.
    while len(taught) + BATCH <= min(LABELS, half):
        waiting = pool[: review_order.CONSIDERED]
        chosen = choose(model, waiting, taught)
        taught += [replace(waiting[at], verified=True) for at in chosen]
        pool = [one for at, one in enumerate(pool) if at not in set(chosen)]
        model = bench.train([*company.corpus, *taught])
        found.append(accuracy(model, judges))
    return found


def labels_for(curve_: Sequence[float], wanted: float) -> float | None:
    """Return the number of labels at which a curve, made monotone, reaches an accuracy; None: it never does."""
    best = curve_[0]
    for step, value in enumerate(curve_[1:], 1):
        if value >= wanted > best:
            return BATCH * (step - 1 + (wanted - best) / (value - best))
        best = max(best, value)
    return 0.0 if curve_[0] >= wanted else None


def companies(bench: Bench, *, own: bool) -> list[Company]:
    """Return the simulated companies."""
    if not own:
        return [Company(name, bench.corpus, bench.load(name)) for name in ("twcare", "sumo_gold")]
    industries = sorted({one.industry for one in bench.corpus})
    halves = (set(industries[::2]), set(industries[1::2]))
    return [
        Company(
            f"own, half {number}",
            [one for one in bench.corpus if one.industry not in half],
            [one for one in bench.corpus if one.industry in half],
        )
        for number, half in enumerate(halves, 1)
    ]


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, default=ROOT.parent / "shared" / "corpus" / "triage")
    parser.add_argument("--runs", type=int, default=4, help="number of shuffles of each company")
    parser.add_argument("--own", action="store_true", help="our own examples instead of the evaluation sets")
    options = parser.parse_args()
    if not options.own and not options.sets.is_dir():
        print("the evaluation sets are not here: nothing measured")
        return 0
    bench = Bench(options.sets, semantic.shared(enabled=False))
    for company in companies(bench, own=options.own):
        mean = {
            name: [
                fmean(values)
                for values in zip(*(curve(bench, company, seed, choose) for seed in range(options.runs)), strict=True)
            ]
            for name, choose in (("random", at_random), ("chosen", by_order))
        }
        report(company.name, mean["random"], mean["chosen"])
    return 0


def report(name: str, plain: Sequence[float], chosen: Sequence[float]) -> None:
    """Print both curves, and the labels that each needs for the best of the random one, halfway and at the end."""
    print(f"{name}\n  labels  random  chosen")
    for step, (one, other) in enumerate(zip(plain, chosen, strict=True)):
        print(f"  {step * BATCH:6d}  {one:6.3f}  {other:6.3f}", flush=True)
    print(f"  mean    {fmean(plain[1:]):6.4f}  {fmean(chosen[1:]):6.4f}")
    for step in (len(plain) // 2, len(plain) - 1):
        wanted = max(plain[: step + 1])
        needed, usual = labels_for(chosen, wanted), labels_for(plain, wanted)
        if not usual:
            continue
        saved = f"{needed:.0f}, {1 - needed / usual:+.0%} fewer" if needed is not None else "not reached"
        print(f"  {wanted:.3f} takes {usual:.0f} labels in random order, {saved} when chosen (goal {GOAL:.0%})")


if __name__ == "__main__":
    sys.exit(main())
