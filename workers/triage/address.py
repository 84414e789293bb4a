"""Weigh the address that an email was written to: evidence beside its text, or a decision that the admin fixed.

Evidence multiplies the odds of each category that the address speaks for by ODDS, whatever the text says. A doubtful
text (30 % against 60 %) then follows the address; a clear one (97 %) overrules it. In mode "auto" an address never
raises the confidence with which a category is routed: its accuracy was certified on texts alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daemon.vocabulary import Triage
from workers.triage import explain, priority, rules
from workers.triage.classifier import Model, Prediction
from workers.triage.policy import AddressPolicy, Mode, TriagePolicy
from workers.triage.preprocess import Case

ODDS: Final = 4.0
# Of a decision's column for the name of a rule.
MAX_RULE: Final = 64
NOTHING_READ: Final = Prediction((), (), (), 0.0, 0, "", evidence=False)


def favoured(at: AddressPolicy, policy: TriagePolicy) -> frozenset[str]:
    """Return the categories that an address speaks for: its own, or all of its team."""
    if at.category:
        return frozenset({at.category})
    return frozenset(category.name for category in policy.categories if category.team == at.team)


def weighed(at: AddressPolicy | None, prediction: Prediction | None, policy: TriagePolicy) -> Prediction | None:
    """Return a prediction with the evidence of an address; without a prediction, all categories are equally likely."""
    wanted = favoured(at, policy) if at else frozenset()
    if not wanted:
        return prediction
    read = prediction or NOTHING_READ
    alone = dict(read.categories or [(category.name, 1.0) for category in policy.categories])
    odds = {name: chance * (ODDS if name in wanted else 1.0) for name, chance in alone.items()}
    total = sum(odds.values())
    ranked = sorted(((name, chance / total) for name, chance in odds.items()), key=lambda pair: -pair[1])
    best, confidence = ranked[0]
    if prediction and policy.mode_of(best) is Mode.AUTO:
        ranked[0] = (best, min(confidence, alone[best]))
    # The words are those of the category that the text alone leads to.
    words = read.words if read.categories and read.categories[0][0] == best else ()
    return replace(read, categories=tuple(ranked), words=words, evidence=True)


def reasons(at: AddressPolicy | None, policy: TriagePolicy) -> tuple[str, ...]:
    """Return what is said of an address that counts as evidence."""
    if at is None or not favoured(at, policy):
        return ()
    return (f"written to {at.address}, which counts {ODDS:.0f} to 1 for {at.category or at.team}",)


def fixed(at: AddressPolicy, case: Case, policy: TriagePolicy, model: Model | None) -> Triage:
    """Decide by an address whose category is fixed; rules still raise the priority."""
    findings = rules.match(case, policy.rules)
    prediction = model.predict(case) if model and not case.empty else None
    category = policy.category(at.category or policy.fallback_category)
    others = [(name, chance) for name, chance in prediction.categories if name != category.name] if prediction else []
    raised = [explain.raised(hit) for hit in findings.raises] + explain.slow(findings)
    return Triage(
        category=category.name,
        priority=priority.decide(category, prediction, replace(findings, verdict=None)),
        confidence=1.0,
        team=at.team or category.team,
        reasons=(f"address {at.address} is always {category.name}", *raised),
        alternatives=tuple(others[:3]),
        rule=_rule(at),
    )


def with_team(at: AddressPolicy, triage: Triage, policy: TriagePolicy) -> Triage:
    """Return a decision with the team of the address: always where it is fixed, else for its category."""
    if at.team is None or triage.team == at.team:
        return triage
    if at.is_fixed:
        why = f"address {at.address} always goes to {at.team}"
        # The admin decided the team, so the outcome says nothing about the accuracy of the model.
        return _assigned(triage, at.team, why, rule=triage.rule or _rule(at))
    if at.category and triage.category == at.category and triage.team != policy.review_team:
        return _assigned(triage, at.team, f"{at.category} of {at.address} goes to {at.team}", rule=triage.rule)
    return triage


def _assigned(triage: Triage, team: str, why: str, rule: str | None) -> Triage:
    kept: Sequence[str] = triage.reasons
    return replace(triage, team=team, reasons=(why, *kept), rule=rule, audit=triage.audit and rule is None)


def _rule(at: AddressPolicy) -> str:
    return f"address {at.address}"[:MAX_RULE]
