"""Print what the default model reaches per language, also without examples; `--gate` fails below the floors.

usage: python -m tests.scores.languages [--gate] [--show] [--semantic] [--write-floors]

The figures of each language and each length are those of `triaged evaluate`: as decided by the shipped settings, rules
included. `--write-floors` writes them, two emails worse, into part_floors.csv and prints each floor that falls; do it
without and with `--semantic` after a change of the examples, the lexicon or the emails. The floors of all languages
together, in languages_floors.json, are written by hand.

The emails in tests/scores/languages are written for their language and are never trained on. Half of them are for
development: those that were seen while the lexicon was written, and half of the others. The rest is kept back: only its
figures are looked at. Two in each language are fresh: they were written after the lexicon, and nothing is chosen by
them. `ordinary` has 64 emails in each language but English, in the words that most people use. `hard` has 56 in each
and 600 in English; two fifths of them avoid these words or use those of another category. Confidence was calibrated on
both. `all` is the first three parts. `answered` is the share in which something is known; the others count as wrong.
Priority is measured as it is decided without a rule. The emails of unknown.toml are in languages that nothing covers.
Each sentence of false_friends.csv has a word of the lexicon, or what looks like one, with another meaning: they were
written while the lexicon was mended.
"""

import argparse
import csv
import hashlib
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Final

import numpy as np

from daemon.vocabulary import Priority, Triage
from tests.scores import part_floors
from tests.scores.bench import shipped_policy
from workers.learning import breakdown, semantic, training
from workers.learning.breakdown import SHOWN, Part
from workers.learning.examples import Example, read_files
from workers.learning.metrics import Answer, ece
from workers.learning.trainer import shipped_examples, shipped_lexicon
from workers.triage.classifier import Model, Prediction
from workers.triage.decide import conclude, consider
from workers.triage.encoder import Encoder, meaning
from workers.triage.language import NAMES
from workers.triage.policy import TriagePolicy
from workers.triage.routing import NOTHING_KNOWN

EMAILS: Final = Path(__file__).with_name("languages")
UNKNOWN: Final = "unknown"
FRIENDS: Final = Path(__file__).with_name("false_friends.csv")
FALSE_FRIEND: Final = "false friend"
# The threshold of the shipped settings.
SURE: Final = 0.6
FLOORS: Final = Path(__file__).with_name("languages_floors.json")
DEVELOPMENT, KEPT_BACK, FRESH = "development", "kept back", "fresh"
HALVES: Final = (DEVELOPMENT, KEPT_BACK, FRESH)
LARGER: Final = ("ordinary", "hard")
PARTS: Final = (*HALVES, *LARGER)
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "western Europe": ("de", "en", "es", "fr", "it", "nl", "pt"),
    "rest of Europe": ("cs", "da", "el", "fi", "hu", "nb", "pl", "ro", "ru", "sv", "tr", "uk"),
    "Asia": ("ar", "he", "hi", "hi-Latn", "id", "ja", "ko", "th", "vi", "zh-Hans", "zh-Hant"),
}
DRAWS: Final = 200


@dataclass(frozen=True, slots=True)
class Email:
    """One email of the set."""

    language: str
    half: str
    example: Example


@dataclass(frozen=True, slots=True)
class Result:
    """One email with what the model predicts for it, and what is decided by the shipped settings."""

    email: Email
    prediction: Prediction
    decided: Triage

    @property
    def answer(self) -> Answer:
        """Return the answer, wrong if nothing is known."""
        label, confidence = self.prediction.categories[0]
        return Answer(self.email.example.category, label if self.prediction.says_something else "", confidence)


def emails() -> Iterator[Email]:
    """Read the emails of each language."""
    for folder, part in ((EMAILS, ""), *((EMAILS / name, name) for name in LARGER)):
        for path in sorted(folder.glob("*.toml")):
            for row in tomllib.loads(path.read_text(encoding="utf-8"))["email"]:
                example = Example(row["subject"], row["body"], row["category"], Priority(row["priority"]))
                yield Email(path.stem, part or part_of(row, example), example)


def false_friends() -> Iterator[Email]:
    """Read the sentences in which a word means something else."""
    with FRIENDS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Email(row["language"], FALSE_FRIEND, Example("", row["text"], row["category"], Priority.LOW))


def part_of(row: Mapping[str, object], example: Example) -> str:
    """Return the part of the first set that an email is in."""
    return FRESH if row.get("fresh") else half(example, seen=bool(row.get("seen")))


def half(example: Example, *, seen: bool) -> str:
    """Return the half that an email is in, by its hash, which no later email changes."""
    first = hashlib.sha256(f"{example.subject}\n{example.body}".encode()).digest()[0]
    return DEVELOPMENT if seen or first % 2 == 0 else KEPT_BACK


def result(email: Email, policy: TriagePolicy, model: Model, encoder: Encoder) -> Result:
    """Predict and decide on an email. If the model has a second opinion, the email is encoded once for both."""
    case = email.example.case
    vectors = training.encode(encoder, [email.example]) if model.second else None
    vector = None if vectors is None else vectors[0]
    draft = consider(case, policy, model)
    meant = meaning(encoder, vector, draft.descriptions) if draft.asks(encoder.name) else None
    return Result(email, model.predict(case, vector), conclude(draft, {}, 1.0, meant))


def accuracy(results: Sequence[Result]) -> float:
    """Return the share of right answers."""
    return fmean(r.answer.right for r in results)


def chance(results: Sequence[Result]) -> float:
    """Return the mean calibration error of answers that are right exactly as often as their confidence says."""
    confidences = [r.answer.confidence for r in results]
    draws = np.random.default_rng(1).random((DRAWS, len(confidences))) < confidences
    return fmean(
        ece([Answer("a", "a" if right else "b", c) for right, c in zip(draw, confidences, strict=True)])
        for draw in draws.tolist()
    )


def figures(results: Sequence[Result], unknown: Sequence[Result], friends: Sequence[Result]) -> dict[str, float]:
    """Return the gated figures: of all together, of each half and group, of languages not covered, of false friends."""
    own = [r for r in results if r.email.half in HALVES]
    rated = [(r.email.example.priority, r.prediction.priorities[0][0]) for r in own if r.prediction.priorities]
    found = {
        "answered": fmean(r.prediction.says_something for r in own),
        "priority": fmean(truth == best for truth, best in rated),
        "unknown to a person": fmean(to_person(r) for r in unknown),
        "false friends not misled": fmean(not misled(r) for r in friends),
    }
    parts = {"all": own} | {name: part for name, part in parts_of(results) if name not in (*GROUPS, "all")}
    parts |= {name: [r for r in own if r.email.language in codes] for name, codes in GROUPS.items()}
    for name, part in parts.items():
        found[f"{name}: accuracy"] = accuracy(part)
        found[f"{name}: ECE"] = ece([r.answer for r in part])
    return found


def broken_down(results: Sequence[Result], review_team: str) -> list[Part]:
    """Return the figures of all emails, of each language and of each length, as `triaged evaluate` shows them."""
    decided = [breakdown.compared(r.email.example, r.decided, NAMES[r.email.language], review_team) for r in results]
    return [breakdown.part("all", decided), *breakdown.by_language(decided), *breakdown.by_length(decided)]


def to_person(result: Result) -> bool:
    """Return whether an email goes to a person because nothing in it is known, with a confidence that says so."""
    return any(reason.startswith(NOTHING_KNOWN) for reason in result.decided.reasons)


def misled(result: Result) -> bool:
    """Return whether an email is given to a wrong category, with enough confidence to be routed."""
    answer = result.answer
    return bool(answer.label) and not answer.right and answer.confidence >= SURE


def parts_of(results: Sequence[Result]) -> Iterator[tuple[str, list[Result]]]:
    """Yield each part, and each group of languages of each part, with its name."""
    for name in PARTS:
        own = [r for r in results if r.email.half == name]
        yield name, own
        for group, codes in GROUPS.items():
            yield f"{name}, {group}", [r for r in own if r.email.language in codes]


def report(results: Sequence[Result]) -> None:
    """Print the accuracy per language and part, and which priority was predicted for which."""
    print(f"language   {'   '.join(PARTS)}")
    for language in dict.fromkeys(r.email.language for r in results):
        row = ""
        for name in PARTS:
            own = [r for r in results if r.email.language == language and r.email.half == name]
            row += f"{sum(r.answer.right for r in own):6d} of {len(own):3d}"
        print(f"{language:10s} {row}")
    print(f"{'part':34s} emails  accuracy  confidence   ECE  by chance")
    for name, part in parts_of(results):
        confidence = fmean(r.answer.confidence for r in part)
        error = ece([r.answer for r in part])
        print(f"{name:34s} {len(part):6d} {accuracy(part):9.3f} {confidence:11.3f} {error:5.3f} {chance(part):10.3f}")
    pairs = Counter(
        (r.email.example.priority, r.prediction.priorities[0][0]) for r in results if r.prediction.priorities
    )
    print("priority:  " + "  ".join(f"predicted {p}" for p in SHOWN))
    for truth in SHOWN:
        print(f"{truth:10s} " + "  ".join(f"{pairs[truth, p]:{len(p) + 10}d}" for p in SHOWN))


def misses(results: Sequence[Result]) -> None:
    """Print each wrong answer of the development half."""
    for r in results:
        if not r.answer.right and r.email.half == DEVELOPMENT:
            words = ", ".join(word for word, _ in r.prediction.words)
            said = r.answer.label or "nothing known"
            print(f"{r.email.language}: {r.email.example.category} as {said} {r.answer.confidence:.2f} [{words}]: ")
            print(f"    {f'{r.email.example.subject} | {r.email.example.body}'[:300]!r}")


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", action="store_true", help="exit 1 where a figure is worse than its floor")
    parser.add_argument("--semantic", action="store_true", help="with the second opinion of the sentence encoder")
    parser.add_argument("--write-floors", action="store_true", help="write the floors of each language and length")
    parser.add_argument("--show", action="store_true", help="print each wrong answer of the development half")
    options = parser.parse_args()
    encoder = semantic.shared(enabled=options.semantic)
    model: Model = training.train(read_files(shipped_examples()), shipped_lexicon(), datetime.now(UTC), encoder)[0]
    policy = shipped_policy()
    every = [result(email, policy, model, encoder) for email in (*emails(), *false_friends())]
    friends = [r for r in every if r.email.half == FALSE_FRIEND]
    results = [r for r in every if r.email.language != UNKNOWN and r.email.half != FALSE_FRIEND]
    unknown = [r for r in every if r.email.language == UNKNOWN]
    report(results)
    for r in unknown:
        if not to_person(r):
            start = r.email.example.body[:40]
            print(f"taken for known: {start!r} {r.decided.category} {r.decided.confidence:.2f}")
    for r in filter(misled, friends):
        print(f"misled: {r.email.language} {r.answer.label} {r.answer.confidence:.2f} {r.email.example.body[:60]!r}")
    if options.show:
        misses(results)
    name, parts = "semantic" if options.semantic else "core", broken_down(results, policy.review_team)
    if options.write_floors:
        part_floors.write(parts, name)
    dropped = [judge(figures(results, unknown, friends), name), part_floors.judge(parts, name)]
    return int(any(dropped) and options.gate)


def judge(found: Mapping[str, float], model: str) -> bool:
    """Print each figure beside its floor; return whether one is worse."""
    floors = json.loads(FLOORS.read_text(encoding="utf-8")).get(model, {})
    dropped = False
    for key, value in found.items():
        floor = floors.get(key)
        worse = floor is not None and (value > floor if key.endswith("ECE") else value < floor)
        dropped |= worse
        print(f"{key:30s} {value:.3f}   floor {floor}{'   DROPPED' if worse else ''}")
    return dropped


if __name__ == "__main__":
    sys.exit(main())
