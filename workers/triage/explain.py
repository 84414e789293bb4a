"""Explain a decision to the people who read the ticket."""

from daemon.text import harmless_line
from workers.triage.classifier import Prediction
from workers.triage.rules import Findings, Hit

MAX_OTHERS = 2
LEAST_PROBABILITY = 0.02
MAX_SHOWN = 80


def rule(hit: Hit) -> str:
    """Name the rule that decided and the words it matched."""
    return f'the rule "{hit.rule.name}" matched {_quoted(hit.found)}'


def raised(hit: Hit) -> str:
    """Name the rule that raised the priority."""
    return f'the rule "{hit.rule.name}" raised the priority to {hit.rule.priority} because of {_quoted(hit.found)}'


def slow(findings: Findings) -> list[str]:
    """Name the rules that were skipped."""
    return [f'the rule "{name}" was too slow and was skipped' for name in findings.slow]


def evidence(prediction: Prediction) -> list[str]:
    """Name the second opinion, the most important words and the next most likely categories."""
    best, confidence = prediction.categories[0]
    reasons = [f"{best} with {confidence:.0%} confidence"]
    if prediction.described:
        reasons.append(f"closest description: {best}")
    if prediction.second:
        reasons.append(f"by its meaning alone: {prediction.second[0]} {prediction.second[1]:.0%}")
    if prediction.closest:
        reasons.append(
            "closest examples: " + ", ".join(f"{_quoted(title)} ({name})" for title, name in prediction.closest)
        )
    if prediction.words:
        reasons.append("most important words: " + ", ".join(_quoted(word) for word, _ in prediction.words))
    others = [(name, p) for name, p in prediction.categories[1 : 1 + MAX_OTHERS] if p >= LEAST_PROBABILITY]
    if others:
        reasons.append("next most likely: " + ", ".join(f"{name} {p:.0%}" for name, p in others))
    return reasons


def _quoted(text: str) -> str:
    return f'"{harmless_line(text, MAX_SHOWN)}"'
