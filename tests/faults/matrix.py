"""Let every fault happen at every point of a mail's way, on both stores, and prove that nothing was lost.

Do the same on the way of a member's answer (`answers.py`). Then let the machine and the servers fail (`machine.py`).

Usage: python -m tests.faults.matrix [--short] [--seed N] [--rounds N] [--only SYSTEM] [--real | --answers]
Prints a table in Markdown; exits 1 on any violation.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

from tests.faults.answers import AnswerRun
from tests.faults.kit import Kit, at_once, verdict
from tests.faults.point_run import PAIRS, Outcome, Run, table
from tests.faults.real import RealRun
from tests.faults.real import table as real_table
from tests.faults.system import KINDS, SQLITE

FULL_ROUNDS: Final = 12
ANSWER_ROUNDS: Final = 2
REAL_ROUNDS: Final = 8
SHORT_PAIRS: Final = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="each fault once, as every change must pass it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, help="how often each fault happens at each point")
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--real", action="store_true", help="only the faults of the machine and the servers")
    parser.add_argument("--answers", action="store_true", help="only the faults on the way of answers")
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if options.only in (None, kind)]
    with Kit() as kit:
        emails = [] if options.real or options.answers else _at_points(kit, kinds, options, Run, FULL_ROUNDS)
        answers = [] if options.real else _at_points(kit, kinds, options, AnswerRun, ANSWER_ROUNDS)
        real = [] if options.answers else [RealRun(kit, kind, options.seed) for kind in kinds]
        at_once(partial(run, 0 if options.short else options.rounds or REAL_ROUNDS) for run in real)
    hit = [run.outcome for run in real]
    tables = [table(part) for part in (emails, answers) if part]
    print("\n\n".join([f"Seed {options.seed}.", *tables, *([real_table(hit)] if hit else [])]))
    every = (*emails, *answers, *hit)
    problems = {kind: [p for o in every if o.kind == kind for p in o.problems] for kind in kinds}
    return verdict(problems)


def _at_points(
    kit: Kit, kinds: Sequence[str], options: argparse.Namespace, what: type[Run], full: int
) -> list[Outcome]:
    """Let the faults happen at the named points, on all systems at once."""
    runs = [what(kit, kind, options.seed) for kind in kinds]
    rounds = options.rounds or (1 if options.short else full)
    pairs_ = SHORT_PAIRS if options.short else PAIRS
    at_once(
        partial(run, rounds, pairs_, every_passing=not options.short and run.outcome.kind == SQLITE) for run in runs
    )
    return [run.outcome for run in runs]


if __name__ == "__main__":
    sys.exit(main())
