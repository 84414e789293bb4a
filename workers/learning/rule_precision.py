"""Measure the precision of each rule on labelled tickets."""

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.vocabulary import Priority
from workers.learning.examples import Example
from workers.triage import rules
from workers.triage.policy import Rule

# How many wrong hits of a rule are quoted.
MAX_QUOTES = 5


@dataclass(frozen=True, slots=True)
class RulePrecision:
    """The hits of a rule on labelled tickets; a hit is right if the category, or else the priority, is right."""

    rule: str
    hits: int
    right: int
    wrong: tuple[str, ...]

    @property
    def precision(self) -> float | None:
        """Return the share of hits that were right, None without hits."""
        return self.right / self.hits if self.hits else None


def measure(rulebook: Sequence[Rule], examples: Sequence[Example]) -> list[RulePrecision]:
    """Apply each rule alone to labelled tickets; `wrong` quotes the start of a few wrong hits."""
    cases = [(example, example.case) for example in examples]
    precisions = []
    for rule in rulebook:
        hit = [example for example, case in cases if matches(rules.match(case, (rule,)))]
        judged = [example for example in hit if rule.category or example.priority]
        wrong = [example for example in judged if not is_right(rule, example)]
        quotes = tuple(f"{e.category}: {e.subject} {e.body}"[:120] for e in wrong[:MAX_QUOTES])
        precisions.append(RulePrecision(rule.name, len(judged), len(judged) - len(wrong), quotes))
    return precisions


def matches(findings: rules.Findings) -> bool:
    """Return whether a rule matched."""
    return findings.verdict is not None or bool(findings.raises)


def is_right(rule: Rule, example: Example) -> bool:
    """Return whether a rule is right about an example."""
    if rule.category:
        return rule.category == example.category
    urgent = {Priority.HIGH, Priority.URGENT}
    return example.priority == rule.priority or {example.priority, rule.priority} <= urgent
