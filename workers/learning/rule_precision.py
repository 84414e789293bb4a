"""Measure how precise each rule is on labelled tickets."""

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.vocabulary import Priority
from workers.learning.examples import Example
from workers.triage import rules
from workers.triage.policy import Rule


@dataclass(frozen=True, slots=True)
class Tally:
    """What a rule did on labelled tickets; a hit is right where the category (without one, the priority) fits."""

    rule: str
    hits: int
    right: int
    wrong: tuple[str, ...]

    @property
    def precision(self) -> float | None:
        """Return the share of hits that were right, None without hits."""
        return self.right / self.hits if self.hits else None


def measure(rulebook: Sequence[Rule], examples: Sequence[Example], most: int = 5) -> list[Tally]:
    """Try each rule by itself on labelled tickets; `wrong` quotes the start of up to `most` mistaken hits."""
    cases = [(example, example.case) for example in examples]
    tallies = []
    for rule in rulebook:
        hit = [example for example, case in cases if fires(rules.match(case, (rule,)))]
        judged = [example for example in hit if rule.category or example.priority]
        wrong = [example for example in judged if not fits(rule, example)]
        quotes = tuple(f"{e.category}: {e.subject} {e.body}"[:120] for e in wrong[:most])
        tallies.append(Tally(rule.name, len(judged), len(judged) - len(wrong), quotes))
    return tallies


def fires(findings: rules.Findings) -> bool:
    """Tell whether anything was found."""
    return findings.verdict is not None or bool(findings.raises)


def fits(rule: Rule, example: Example) -> bool:
    """Tell whether a rule is right about an example."""
    if rule.category:
        return rule.category == example.category
    urgent = {Priority.HIGH, Priority.URGENT}
    return example.priority == rule.priority or {example.priority, rule.priority} <= urgent
