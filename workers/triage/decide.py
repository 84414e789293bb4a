"""Decide on a ticket: by a rule, else by the model, else leave it to a person; always with reasons."""

from collections.abc import Mapping

from daemon.vocabulary import Triage
from workers.triage import address, explain, priority, rules
from workers.triage.classifier import Model, Prediction
from workers.triage.policy import AddressPolicy, Category, TriagePolicy
from workers.triage.preprocess import Case
from workers.triage.routing import route
from workers.triage.rules import Findings, Hit

NO_MODEL = "no usable model, so rules alone decide; train one with `triaged train`"


def decide(
    case: Case,
    policy: TriagePolicy,
    model: Model | None,
    certified: Mapping[str, float | None],
    audit_draw: float,
    to: str = "",
) -> Triage:
    """Decide category, priority and team.

    `certified` maps each category to the confidence from which it keeps the promised accuracy, or None. `audit_draw` is
    a random number between 0 and 1; below the audit share, an automatic decision is marked for a person to check. `to`
    is the one of our addresses that the email was written to, "" where unknown.
    """
    at = policy.addresses.get(to)
    if at and at.is_fixed and at.category:
        return address.fixed(at, case, policy, model)
    triage = by_text(case, policy, model, certified, audit_draw, at)
    return address.with_team(at, triage, policy) if at else triage


def by_text(
    case: Case,
    policy: TriagePolicy,
    model: Model | None,
    certified: Mapping[str, float | None],
    audit_draw: float,
    at: AddressPolicy | None,
) -> Triage:
    """Decide by a rule, else by the model, which weighs what the address says."""
    noted = address.reasons(at, policy)
    if case.empty:
        guess = address.weighed(at, None, policy)
        return review(policy, guess, Findings(None), None, ["the email has no text to read", *noted])
    findings = rules.match(case, policy.rules)
    prediction = model.predict(case) if model else None
    audit = audit_draw < policy.audit_share
    if findings.verdict:
        return by_rule(findings.verdict, policy, prediction, findings, model, audit=audit)
    prediction = address.weighed(at, prediction, policy)
    if model is None or prediction is None:
        return review(policy, prediction, findings, None, [NO_MODEL, *noted])
    routing = route(case, prediction, model, policy, certified)
    if not routing.automatic:
        return review(policy, prediction, findings, model, [routing.reason, *noted, *case.notes])
    best, confidence = prediction.categories[0]
    category = policy.category(best)
    return Triage(
        category=best,
        priority=priority.decide(category, prediction, findings),
        confidence=confidence,
        team=category.team,
        reasons=(*explain.evidence(prediction), *noted, routing.reason, *side_notes(findings, model), *case.notes),
        alternatives=prediction.categories[1:4],
        model=model.version,
        audit=audit,
    )


def by_rule(
    hit: Hit,
    policy: TriagePolicy,
    prediction: Prediction | None,
    findings: Findings,
    model: Model | None,
    *,
    audit: bool,
) -> Triage:
    """Decide by a rule, with confidence 1.0."""
    category = policy.category(hit.rule.category or policy.fallback_category)
    others = [(name, p) for name, p in prediction.categories if name != category.name] if prediction else []
    return Triage(
        category=category.name,
        priority=priority.decide(category, prediction, findings),
        confidence=1.0,
        team=category.team,
        reasons=(explain.rule(hit), *side_notes(findings, model)),
        alternatives=tuple(others[:3]),
        rule=hit.rule.name,
        model=model.version if model else None,
        audit=audit,
    )


def review(
    policy: TriagePolicy, prediction: Prediction | None, findings: Findings, model: Model | None, why: list[str]
) -> Triage:
    """Leave the ticket to a person, with the best guess if there is one."""
    guess = best_guess(policy, prediction)
    category: Category = policy.category(guess[0])
    return Triage(
        category=category.name,
        priority=priority.decide(category, prediction, findings),
        confidence=guess[1],
        team=policy.review_team,
        reasons=(
            *why,
            *(explain.evidence(prediction) if prediction and prediction.evidence else []),
            *side_notes(findings, model),
        ),
        alternatives=prediction.categories[1:4] if prediction and prediction.evidence else (),
        model=model.version if model else None,
    )


def best_guess(policy: TriagePolicy, prediction: Prediction | None) -> tuple[str, float]:
    """Return the most likely category and its confidence; without evidence the fallback category and its share."""
    if prediction is None:
        return policy.fallback_category, 0.0
    if prediction.evidence:
        return prediction.categories[0]
    return policy.fallback_category, dict(prediction.categories).get(policy.fallback_category, 0.0)


def side_notes(findings: Findings, model: Model | None) -> list[str]:
    """Say what else happened: raised priorities, skipped rules, no model."""
    notes = [explain.raised(hit) for hit in findings.raises] + explain.slow(findings)
    return notes if model else [*notes, NO_MODEL]
