"""Decide on a ticket: by a rule, else by the model, else leave it to a person; always with reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from daemon.vocabulary import Triage
from workers.triage import address, described, explain, priority, rules
from workers.triage.classifier import Model, Prediction
from workers.triage.encoder import Encoder, Meaning, meaning, text
from workers.triage.policy import AddressPolicy, Category, Mode, TriagePolicy
from workers.triage.preprocess import Case
from workers.triage.routing import route, unknown_text
from workers.triage.rules import Findings, Hit

NO_MODEL = "no usable model, so rules alone decide; `triaged check` says why"
# From this confidence of the model on, the second opinion changed no decision on our examples for the better.
SURE = 0.85


@dataclass(frozen=True, slots=True)
class Draft:
    """What rules and model say of a ticket before a second opinion is asked; `at` is the address it was written to."""

    case: Case
    policy: TriagePolicy
    model: Model | None
    at: AddressPolicy | None
    findings: Findings
    prediction: Prediction | None

    @property
    def is_fixed(self) -> bool:
        """Return whether the address alone decides."""
        return bool(self.at and self.at.is_fixed and self.at.category)

    @property
    def descriptions(self) -> tuple[str, ...]:
        """Return the text of each category, () unless one has a description and no examples."""
        return described.texts(self.policy, self.model)

    @property
    def lacks_model(self) -> bool:
        """Return whether a model would say more: there is a text but no model, and no rule decides with a priority."""
        verdict = self.findings.verdict
        return self.model is None and not self.case.empty and not (verdict and verdict.rule.priority)

    def asks(self, encoder: str) -> bool:
        """Return whether the second opinion, given a vector of this encoder, can change the decision.

        A rule or a fixed address decides without it. A fixed threshold is not missed by a model that is this sure; but
        a certified one rests on the order of all tickets by confidence, so there the second opinion counts for each.
        A category that the model has not learned can be meant by each ticket.
        """
        if not encoder or self.case.empty or self.is_fixed or self.findings.verdict:
            return False
        if self.descriptions:
            return True
        if self.prediction is None or self.model is None or self.model.second_of(encoder) is None:
            return False
        if not self.prediction.second_counts:
            return False
        best, confidence = self.prediction.categories[0]
        fixed = self.policy.mode_of(best) is Mode.ALWAYS
        sure = max(SURE, self.policy.threshold_of(best))
        return not fixed or confidence < sure or bool(unknown_text(self.prediction))


def decide(
    case: Case,
    policy: TriagePolicy,
    model: Model | None,
    certified: Mapping[str, float | None],
    audit_draw: float,
    to: str = "",
    encoder: Encoder | None = None,
) -> Triage:
    """Decide category, priority and team; the encoder is asked only where it can change the decision.

    `certified` maps each category to the confidence from which it keeps the promised accuracy, or None. `audit_draw` is
    a random number between 0 and 1; below the audit share, an automatic decision is marked for a person to check. `to`
    is the one of our addresses that the email was written to, "" where unknown.
    """
    draft = consider(case, policy, model, to)
    if encoder is None or not draft.asks(encoder.name):
        return conclude(draft, certified, audit_draw)
    vectors = encoder.encode([text(case)])
    vector = None if vectors is None else vectors[0]
    return conclude(draft, certified, audit_draw, meaning(encoder, vector, draft.descriptions))


def consider(case: Case, policy: TriagePolicy, model: Model | None, to: str = "") -> Draft:
    """Ask the rules and the model."""
    draft = Draft(case, policy, model, policy.addresses.get(to), Findings(None), None)
    if case.empty or draft.is_fixed:
        return draft
    prediction = model.predict(case) if model else None
    return replace(draft, findings=rules.match(case, policy.rules), prediction=prediction)


def conclude(
    draft: Draft, certified: Mapping[str, float | None], audit_draw: float, meant: Meaning | None = None
) -> Triage:
    """Decide on a draft, with the second opinion if the meaning of the text is given; see decide."""
    at, policy = draft.at, draft.policy
    if at and draft.is_fixed:
        return address.fixed(at, draft.case, policy, draft.model)
    triage = by_text(draft, certified, audit_draw, meant)
    return address.with_team(at, triage, policy) if at else triage


def by_text(draft: Draft, certified: Mapping[str, float | None], audit_draw: float, meant: Meaning | None) -> Triage:
    """Decide by a rule, else by the model and the second opinion, beside what the address says."""
    case, policy, model, findings, prediction = draft.case, draft.policy, draft.model, draft.findings, draft.prediction
    noted = address.reasons(draft.at, policy)
    if case.empty:
        guess = address.weighed(draft.at, None, policy)
        return review(policy, guess, findings, None, ["the email has no text to read", *noted])
    audit = audit_draw < policy.audit_share
    if findings.verdict:
        return by_rule(findings.verdict, policy, prediction, findings, model, audit=audit)
    if meant is not None:
        prediction = by_meaning(draft, meant)
    prediction = address.weighed(draft.at, prediction, policy)
    if model is None or prediction is None:
        why = described.why(prediction) if prediction and prediction.described else NO_MODEL
        return review(policy, prediction, findings, None, [why, *noted])
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
        reasons=(*explain.evidence(prediction), *noted, routing.reason, *side_notes(findings), *case.notes),
        alternatives=prediction.categories[1:4],
        model=model.version,
        audit=audit,
    )


def by_meaning(draft: Draft, meant: Meaning) -> Prediction | None:
    """Return the prediction with the second opinion, and with categories that only have a description."""
    prediction, model = draft.prediction, draft.model
    if model and model.second_of(meant.encoder):
        prediction = model.predict(draft.case, meant.vector)
    if len(meant.descriptions):
        prediction = described.suggest(prediction, draft.policy, model, meant)
    return prediction


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
        reasons=(explain.rule(hit), *side_notes(findings), *(() if model or hit.rule.priority else (NO_MODEL,))),
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
            *(explain.evidence(prediction) if prediction and prediction.says_something else []),
            *side_notes(findings),
        ),
        alternatives=prediction.categories[1:4] if prediction and prediction.says_something else (),
        model=model.version if model else None,
    )


def best_guess(policy: TriagePolicy, prediction: Prediction | None) -> tuple[str, float]:
    """Return the most likely category and its confidence; without evidence the fallback category and its share."""
    if prediction is None:
        return policy.fallback_category, 0.0
    if prediction.says_something:
        return prediction.categories[0]
    return policy.fallback_category, dict(prediction.categories).get(policy.fallback_category, 0.0)


def side_notes(findings: Findings) -> list[str]:
    """Say what else happened: raised priorities and skipped rules."""
    return [explain.raised(hit) for hit in findings.raises] + explain.slow(findings)
