"""Measure two ways to learn from tickets that nobody decided: the mix of categories (EM), and the model's own answers.

usage: python -m tests.scores.adaptation [--sets DIRECTORY] [--runs NUMBER] [--own] [--labels NUMBER ...]

A company has verified tickets, a stream of undecided ones, and later ones that judge. Each way changes the model of
the company: "mix" by the mix of categories in the stream (Saerens, Latinne, Decaestecker 2002; "true mix" is given
the right one, which nobody knows), "own answers" by training on what the model is sure of in the stream. "gated" is
changed only if that is better on the verified tickets, by held-out predictions: a log-loss that is smaller by more
than its standard error, and no smaller macro-F1. "retraining" is what `triaged train` makes of both. `--own` uses our
own examples instead of the evaluation sets: half of the industries train, the other is the company, with one category
six times as frequent as each other.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import numpy as np

from tests.scores.bench import Bench
from tests.scores.review_order import Company, companies
from tests.support.paths import ROOT
from workers.learning import gate, semantic, training, undecided
from workers.learning.examples import Example
from workers.learning.fitting import Numbers
from workers.learning.metrics import Figures, measure
from workers.learning.retraining import Retraining
from workers.triage.classifier import Model
from workers.triage.linear import shifted

STREAM, SKEW = 400, 6


@dataclass(frozen=True, slots=True)
class Case:
    """A company at one moment: `held_out` are probabilities of its verified tickets by models without them."""

    corpus: Sequence[Example]
    verified: Sequence[Example]
    stream: Sequence[Example]
    later: Sequence[Example]
    model: Model
    held_out: Numbers

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the categories."""
        return self.model.category.labels

    def chances(self, examples: Sequence[Example]) -> Numbers:
        """Return the probabilities that the model gives to tickets."""
        return self.model.predict_many([one.case for one in examples])


def case_of(bench: Bench, company: Company, verified: int, seed: int) -> Case:
    """Return a company after some verified tickets; the rest is half stream, half later."""
    tickets = random.Random(seed).sample(company.tickets, len(company.tickets))
    own = [replace(one, verified=True) for one in tickets[:verified]]
    rest = tickets[verified:]
    cut = min(len(rest) // 2, STREAM)
    everything = [*company.corpus, *own]
    model = bench.train(everything)
    return Case(company.corpus, own, rest[:cut], rest[cut:], model, held_out(bench, everything)[len(company.corpus) :])


def held_out(bench: Bench, examples: Sequence[Example]) -> Numbers:
    """Return probabilities of examples by models that were not trained on them."""
    return training.make(examples, bench.lexicon, datetime.now(UTC)).held_out


def by_mix(case: Case) -> Iterator[tuple[str, Numbers, Numbers]]:
    """Yield the ways that change the mix: their name, and the probabilities of verified and of later tickets."""
    # Categories count alike in training, however many examples each has.
    known = np.full(len(case.labels), 1 / len(case.labels))
    stream, later = case.chances(case.stream), case.chances(case.later)
    counts = Counter(one.category for one in case.stream)
    true = np.array([max(counts[name], 1) for name in case.labels], float)
    mixes = {
        "mix": undecided.estimate_mix(stream),
        "mix, held": undecided.estimate_mix(stream, weight=len(stream)),
        "true mix": true / true.sum(),
    }
    for name, mix in mixes.items():
        yield name, shifted(case.held_out, mix / known), shifted(later, mix / known)


def by_own_answers(bench: Bench, case: Case) -> tuple[str, Numbers, Numbers]:
    """Return the way that trains on sure answers in the stream, which are no verified tickets."""
    taken = undecided.sure_answers(case.stream, case.labels, case.chances(case.stream))
    everything = [*case.corpus, *taken, *case.verified]
    model = bench.train(everything)
    checked = held_out(bench, everything)[len(everything) - len(case.verified) :]
    return "own answers", checked, model.predict_many([one.case for one in case.later])


def by_retraining(bench: Bench, case: Case) -> tuple[Figures, bool]:
    """Return the figures of what `triaged train` makes of the company, and whether it learned from the stream."""
    work = Retraining(case.corpus, case.stream, bench.lexicon, datetime.now(UTC), None)
    found = work.learn(case.verified)
    chances = found.best.model.predict_many([one.case for one in case.later])
    return figures(case, case.later, chances), found.best is not found.plain


def is_better(case: Case, new: Numbers) -> bool:
    """Say whether a way is better on the verified tickets."""
    if len(case.verified) < gate.MIN_TO_COMPARE:
        return False
    truths = [one.category for one in case.verified]
    before, after = (undecided.quality(truths, case.labels, chances) for chances in (case.held_out, new))
    return after.is_better_than(before)


def figures(case: Case, examples: Sequence[Example], chances: Numbers) -> Figures:
    """Return the figures of probabilities."""
    return measure(training.answers([one.category for one in examples], case.labels, chances))


def rows(bench: Bench, case: Case) -> Iterator[tuple[str, Figures, bool]]:
    """Yield each way with its figures on later tickets, and whether the verified tickets let it in."""
    plain = figures(case, case.later, case.chances(case.later))
    yield "as it is", plain, False
    for name, checked, later in (*by_mix(case), by_own_answers(bench, case)):
        better = is_better(case, checked)
        found = figures(case, case.later, later)
        yield name, found, better
        yield f"{name}, gated", found if better else plain, better
    yield "retraining", *by_retraining(bench, case)


def skewed(company: Company) -> Iterator[Company]:
    """Yield companies with one category SKEW times as frequent as each other."""
    names = sorted({one.category for one in company.tickets})
    each = min(Counter(one.category for one in company.tickets).values()) // 2
    for often in names[::2]:
        shuffled = random.Random(often).sample(company.tickets, len(company.tickets))
        of = {name: [one for one in shuffled if one.category == name] for name in names}
        some = [one for name in names for one in of[name][: each * 2 if name == often else each * 2 // SKEW]]
        yield Company(f"{company.name}, mostly {often}", company.corpus, some)


def chosen(bench: Bench, *, own: bool) -> list[Company]:
    """Return the companies."""
    if own:
        return [one for company in companies(bench, own=True) for one in skewed(company)]
    return [*companies(bench, own=False), Company("hint3", bench.corpus, bench.load("hint3"))]


def report(name: str, verified: int, found: Mapping[str, Sequence[tuple[Figures, bool]]]) -> None:
    """Print the mean of all runs."""
    print(f"{name}, {verified} verified\n  way                  accuracy  macro-F1     ECE  at 95 %  let in")
    for way, runs in found.items():
        each = [fmean(getattr(one, key) for one, _ in runs) for key in ("accuracy", "macro_f1", "ece", "coverage")]
        let_in = f"{sum(better for _, better in runs)} of {len(runs)}" if way != "as it is" else ""
        print(f"  {way:20s} {each[0]:8.3f}  {each[1]:8.3f}  {each[2]:6.3f}  {each[3]:7.3f}  {let_in}", flush=True)


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, default=ROOT.parent / "shared" / "corpus" / "triage")
    parser.add_argument("--runs", type=int, default=4, help="number of shuffles of each company")
    parser.add_argument("--own", action="store_true", help="our own examples instead of the evaluation sets")
    parser.add_argument("--labels", type=int, nargs="+", help="numbers of verified tickets")
    options = parser.parse_args()
    if not options.own and not options.sets.is_dir():
        print("the evaluation sets are not here: nothing measured")
        return 0
    bench = Bench(options.sets, semantic.shared(enabled=False))
    for company in chosen(bench, own=options.own):
        for verified in options.labels or ((40,) if options.own else (50, 100, 200)):
            found: dict[str, list[tuple[Figures, bool]]] = {}
            for seed in range(options.runs):
                for way, figure, better in rows(bench, case_of(bench, company, verified, seed)):
                    found.setdefault(way, []).append((figure, better))
            report(company.name, verified, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
