"""Decide the priority: what the rules demand, else the model, and rules may raise but never lower."""

from daemon.vocabulary import Priority
from workers.triage.classifier import Prediction
from workers.triage.policy import Category, most_urgent
from workers.triage.rules import Findings


def decide(category: Category, prediction: Prediction | None, findings: Findings) -> Priority:
    """Return the priority of a ticket of this category."""
    verdict = findings.verdict.rule.priority if findings.verdict else None
    start = verdict or likeliest(prediction) or category.priority
    return most_urgent([start, *(hit.rule.priority for hit in findings.raises if hit.rule.priority)])


def likeliest(prediction: Prediction | None) -> Priority | None:
    """Return the likeliest priority, or None where the model has no opinion."""
    return prediction.priorities[0][0] if prediction and prediction.priorities else None
