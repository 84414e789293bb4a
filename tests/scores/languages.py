"""Print what the default model reaches in languages with words and no examples; `--gate` fails below the floors.

usage: python -m tests.scores.languages [--gate] [--show] [--semantic]

The emails in tests/scores/languages are written for their language and are never trained on. `answered` is the share in
which the model knows something; the others count as wrong. Priority is measured as it is decided without a rule.
"""

import argparse
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from daemon.vocabulary import Priority
from workers.learning import semantic, training
from workers.learning.examples import Example, read_files
from workers.learning.metrics import Answer, ece
from workers.learning.trainer import shipped_examples, shipped_lexicon
from workers.triage.classifier import Model, Prediction
from workers.triage.encoder import Encoder

SHOWN = (Priority.URGENT, Priority.HIGH, Priority.MEDIUM, Priority.LOW)
EMAILS = Path(__file__).with_name("languages")
FLOORS = Path(__file__).with_name("languages_floors.json")


@dataclass(frozen=True, slots=True)
class Result:
    """One email with what the model predicts for it."""

    language: str
    example: Example
    prediction: Prediction

    @property
    def answer(self) -> Answer:
        """Return the answer, wrong if nothing is known."""
        label, confidence = self.prediction.categories[0]
        return Answer(self.example.category, label if self.prediction.evidence else "", confidence)


def emails() -> Iterator[tuple[str, Example]]:
    """Read the emails of each language."""
    for path in sorted(EMAILS.glob("*.toml")):
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["email"]:
            yield path.stem, Example(row["subject"], row["body"], row["category"], Priority(row["priority"]))


def predict(model: Model, encoder: Encoder, example: Example) -> Prediction:
    """Return what a model predicts, with its second opinion if it has one."""
    vectors = training.encode(encoder, [example]) if model.second else None
    return model.predict(example.case, None if vectors is None else vectors[0])


def accuracy(results: Sequence[Result]) -> float:
    """Return the share of right answers."""
    return sum(result.answer.right for result in results) / len(results)


def figures(results: Sequence[Result]) -> dict[str, float]:
    """Return the gated figures of all languages together."""
    rated = [(r.example.priority, r.prediction.priorities[0][0]) for r in results if r.prediction.priorities]
    return {
        "accuracy": accuracy(results),
        "answered": sum(r.prediction.evidence for r in results) / len(results),
        "ece": ece([r.answer for r in results]),
        "priority": sum(truth == best for truth, best in rated) / len(results),
    }


def report(results: Sequence[Result]) -> None:
    """Print the accuracy per language, and which priority was predicted for which."""
    for language in dict.fromkeys(r.language for r in results):
        own = [r for r in results if r.language == language]
        print(f"{language:10s} {sum(r.answer.right for r in own):3d} of {len(own)}")
    pairs = Counter((r.example.priority, r.prediction.priorities[0][0]) for r in results if r.prediction.priorities)
    print("priority:  " + "  ".join(f"predicted {p}" for p in SHOWN))
    for truth in SHOWN:
        print(f"{truth:10s} " + "  ".join(f"{pairs[truth, p]:{len(p) + 10}d}" for p in SHOWN))


def misses(results: Sequence[Result]) -> None:
    """Print each wrong answer."""
    for r in results:
        if not r.answer.right:
            print(f"{r.language}: {r.example.category} as {r.answer.label or 'nothing known'}: {r.example.body[:80]!r}")


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", action="store_true", help="exit 1 where a figure is worse than its floor")
    parser.add_argument("--semantic", action="store_true", help="with the second opinion of the sentence encoder")
    parser.add_argument("--show", action="store_true", help="print each wrong answer")
    options = parser.parse_args()
    encoder = semantic.shared(enabled=options.semantic)
    model: Model = training.train(read_files(shipped_examples()), shipped_lexicon(), datetime.now(UTC), encoder)[0]
    results = [Result(language, example, predict(model, encoder, example)) for language, example in emails()]
    report(results)
    if options.show:
        misses(results)
    floors: dict[str, float] = json.loads(FLOORS.read_text(encoding="utf-8"))
    dropped = False
    for key, value in figures(results).items():
        worse = value > floors[key] if key == "ece" else value < floors[key]
        dropped |= worse
        print(f"{key:10s} {value:.3f}   floor {floors[key]}{'   DROPPED' if worse else ''}")
    return int(options.gate and dropped)


if __name__ == "__main__":
    sys.exit(main())
