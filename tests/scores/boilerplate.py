"""Print what triage loses through text that gateways, scanners and lawyers add; `--gate` fails above one point.

usage: python -m tests.scores.boilerplate [--gate]

The model learns from our examples without three voices and is measured on the emails of these voices, with and without
each addition. Banners and footers that no phrase list knows are measured once they were learned from other emails.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from daemon.tickets.boilerplate import LEARNED_DAYS, OUTSIDE, is_learned
from tests.scores.additions import ADDITIONS, UNKNOWN, Addition
from tests.scores.bench import accuracy
from workers.learning import training
from workers.learning.examples import Example, read_files
from workers.learning.trainer import shipped_examples, shipped_lexicon

LEFT_OUT = frozenset(("phone-lowercase", "polite-long", "angry-short"))
MOST_LOST = 0.01
# Emails of other voices from which an unknown addition is learned; few of them have a greeting or a closing.
TAUGHT = 1000


def learned(addition: Addition, examples: Sequence[Example]) -> frozenset[str]:
    """Return what is learned from emails with an addition, each of a domain of its own."""
    seen = defaultdict[str, list[str]](list)
    for number, example in enumerate(examples):
        for block in addition.on(example).case.blocks:
            seen[block.digest].append(f"{number}{OUTSIDE * block.is_outside}")
    days = tuple(map(str, range(LEARNED_DAYS)))
    return frozenset(digest for digest, domains in seen.items() if is_learned(domains, days))


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gate", action="store_true", help="exit 1 where more than one point is lost")
    options = parser.parse_args()
    corpus = read_files(shipped_examples())
    kept = [example for example in corpus if example.voice not in LEFT_OUT]
    model = training.train(kept, shipped_lexicon(), datetime.now(UTC))[0]
    tested = [example for example in corpus if example.voice in LEFT_OUT]
    plain = accuracy(model, tested)
    print(f"without an addition    {plain:.3f} of {len(tested)}")
    lost = {name: plain - accuracy(model, list(map(addition.on, tested))) for name, addition in ADDITIONS.items()}
    taught = kept[:TAUGHT]
    wrong = learned(Addition(), [*kept, *tested])
    print(f"blocks of the emails themselves that were learned: {len(wrong)}")
    for name, addition in UNKNOWN.items():
        known = learned(addition, taught)
        added = [addition.on(example) for example in tested]
        lost[name] = plain - accuracy(model, [replace(example, boilerplate=known) for example in added])
        print(f"{name:22s} loses {100 * (plain - accuracy(model, added)):5.2f} points before it is learned")
    for name, points in lost.items():
        print(f"{name:22s} loses {100 * points:5.2f} points{'   DROPPED' if points > MOST_LOST else ''}")
    return int(options.gate and (max(lost.values()) > MOST_LOST or bool(wrong)))


if __name__ == "__main__":
    sys.exit(main())
