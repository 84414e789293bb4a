"""Train a model again on what people verified, and test it on the newest of these tickets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.learning.examples import Example
from workers.learning.gate import MIN_TO_COMPARE, Comparison, compare
from workers.learning.training import Report, train
from workers.triage.classifier import Model
from workers.triage.encoder import Encoder
from workers.triage.lexicon import Lexicon

HELD_BACK_SHARE = 0.2


def newest(verified: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Split verified tickets, oldest first, into those to train a probe on and the newest, held back to test it."""
    held = int(len(verified) * HELD_BACK_SHARE)
    cut = len(verified) - held if held >= MIN_TO_COMPARE else len(verified)
    return list(verified[:cut]), list(verified[cut:])


@dataclass(frozen=True, slots=True)
class Retrained:
    """The result of a retraining: the model trained on everything, its report, and the verdict."""

    model: Model
    report: Report
    verdict: Comparison


def retrain(
    corpus: Sequence[Example],
    verified: Sequence[Example],
    current: Model | None,
    regression: Sequence[Example],
    lexicon: Lexicon,
    now: datetime,
    encoder: Encoder | None = None,
    categories: Collection[str] | None = None,
) -> Retrained:
    """Train on the corpus and all verified tickets, oldest first; raises TrainingError.

    `categories` are the configured ones. The verdict is on a probe trained without the newest tickets, so that these
    can test it.
    """
    older, held_back = newest(verified)
    model, report = train([*corpus, *verified], lexicon, now, encoder)
    probe = train([*corpus, *older], lexicon, now, encoder)[0] if held_back else model
    return Retrained(model, report, compare(probe, current, held_back, regression, encoder, categories))
