"""Decide the priority: by the deciding rule, else the model, else the category; other rules only raise it."""

from daemon.vocabulary import Priority
from workers.triage.classifier import Prediction
from workers.triage.policy import Category, most_urgent
from workers.triage.rules import Findings


def decide(category: Category, prediction: Prediction | None, findings: Findings) -> Priority:
    """Return the priority of a ticket of this category."""
    verdict = findings.verdict.rule.priority if findings.verdict else None
    start = verdict or most_likely(prediction) or category.priority
    return most_urgent([start, *(hit.rule.priority for hit in findings.raises if hit.rule.priority)])


def most_likely(prediction: Prediction | None) -> Priority | None:
    """Return the most likely priority, None if the model predicts none."""
    return prediction.priorities[0][0] if prediction and prediction.priorities else None
