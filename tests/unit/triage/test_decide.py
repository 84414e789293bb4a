"""The decision on a ticket: category, priority, team and reasons."""

from dataclasses import replace

import pytest

from daemon.vocabulary import MANUAL_REVIEW, Priority, Triage
from tests.support.domain_values import category, rule
from workers.triage import decide as deciding
from workers.triage.classifier import Model
from workers.triage.policy import Mode, TriagePolicy, most_urgent
from workers.triage.preprocess import clean

CLEAR = "please refund my card, I was charged for the invoice"


def decide(
    body: str,
    policy: TriagePolicy,
    model: Model | None,
    certified: dict[str, float | None] | None = None,
    draw: float = 0.99,
) -> Triage:
    return deciding.decide(clean("", body), policy, model, certified or {}, draw)


def test_a_clear_ticket_goes_to_its_team_with_reasons(policy: TriagePolicy, model: Model) -> None:
    triage = decide(CLEAR, policy, model)
    assert (triage.category, triage.team, triage.model) == ("Payments", "PAYMENTS_TEAM", model.version)
    assert triage.confidence >= policy.threshold
    assert any("most important words" in reason and "refund" in reason for reason in triage.reasons)
    assert "Payments" not in dict(triage.alternatives)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "no text to read"),
        ("?!...", "no text to read"),
        ("Xqzt wvbn plok mkrt zzgh bvnx", "nothing in this email is known to me (language: unknown, Latin script)"),
        (
            "Где моя посылка, я жду уже две недели",
            "nothing in this email is known to me (language: unknown, Cyrillic script)",
        ),
        ("私の荷物はどこですか", "nothing in this email is known to me (language: unknown, Hiragana script)"),
    ],
)
def test_an_unreadable_ticket_goes_to_a_person_with_the_reason(
    body: str, reason: str, policy: TriagePolicy, model: Model
) -> None:
    triage = decide(body, replace(policy, threshold=0.0), model)
    assert triage.team == MANUAL_REVIEW
    assert reason in triage.reasons[0]
    assert not triage.audit


@pytest.mark.parametrize(
    ("body", "reason"), [("please", "too short"), ("the refund of my password and the page please", "101.0% needed")]
)
def test_low_confidence_goes_to_a_person_with_the_guess(
    body: str, reason: str, policy: TriagePolicy, model: Model
) -> None:
    triage = decide(body, replace(policy, threshold=1.01), model)
    assert triage.team == MANUAL_REVIEW
    assert reason in triage.reasons[0]
    assert triage.category in {c.name for c in policy.categories}
    assert len(triage.alternatives) == 3


@pytest.mark.parametrize(
    ("mode", "certified", "team"),
    [
        (Mode.SUGGEST, {"Payments": 0.0}, MANUAL_REVIEW),
        (Mode.AUTO, {}, MANUAL_REVIEW),
        (Mode.AUTO, {"Payments": None}, MANUAL_REVIEW),
        (Mode.AUTO, {"Payments": 1.01}, MANUAL_REVIEW),
        (Mode.AUTO, {"Payments": 0.2}, "PAYMENTS_TEAM"),
        (Mode.ALWAYS, {}, "PAYMENTS_TEAM"),
    ],
)
def test_the_mode_decides_whether_the_model_may_route(
    mode: Mode, certified: dict[str, float | None], team: str, policy: TriagePolicy, model: Model
) -> None:
    assert decide(CLEAR, replace(policy, mode=mode), model, certified).team == team


def test_a_category_may_have_its_own_mode_and_threshold(policy: TriagePolicy, model: Model) -> None:
    own = replace(policy, categories=(category("Payments", "PAYMENTS_TEAM", mode=Mode.SUGGEST), *policy.categories[1:]))
    assert decide(CLEAR, own, model).team == MANUAL_REVIEW
    own = replace(policy, categories=(category("Payments", "PAYMENTS_TEAM", threshold=1.01), *policy.categories[1:]))
    assert decide(CLEAR, own, model).team == MANUAL_REVIEW


def test_a_category_with_few_examples_is_only_suggested(policy: TriagePolicy, model: Model) -> None:
    triage = decide(CLEAR, policy, replace(model, counts={**model.counts, "Payments": 9}))
    assert triage.team == MANUAL_REVIEW
    assert "only 9 examples" in triage.reasons[0]


def test_an_unconfigured_category_goes_to_the_fallback_team(policy: TriagePolicy, model: Model) -> None:
    assert decide(CLEAR, replace(policy, categories=policy.categories[1:]), model).team == "GENERAL_SUPPORT"


def test_without_a_model_a_person_decides_and_reads_why(policy: TriagePolicy) -> None:
    triage = decide(CLEAR, policy, None)
    assert (triage.team, triage.confidence, triage.model) == (MANUAL_REVIEW, 0.0, None)
    assert "rules alone decide" in triage.reasons[0]


@pytest.mark.parametrize("with_model", [True, False])
def test_a_rule_decides_with_full_confidence_with_or_without_a_model(
    *, with_model: bool, policy: TriagePolicy, model: Model
) -> None:
    book = (rule("twice", "Login", priority=Priority.HIGH, phrases=("refund my card",)),)
    triage = decide(CLEAR, replace(policy, rules=book, mode=Mode.SUGGEST), model if with_model else None)
    assert (triage.category, triage.priority, triage.confidence, triage.team) == (
        "Login",
        Priority.HIGH,
        1.0,
        "IDENTITY_TEAM",
    )
    assert triage.rule == "twice"
    assert triage.reasons[0] == 'the rule "twice" matched "refund my card"'


@pytest.mark.parametrize(
    ("raised", "expected"),
    [(Priority.LOW, Priority.MEDIUM), (Priority.HIGH, Priority.HIGH), (Priority.URGENT, Priority.URGENT)],
)
def test_a_rule_raises_the_priority_and_never_lowers_it(
    raised: Priority, expected: Priority, policy: TriagePolicy, model: Model
) -> None:
    book = (rule("raise", priority=raised, phrases=("refund",)),)
    triage = decide(CLEAR, replace(policy, rules=book), replace(model, priority=None))
    assert triage.priority is expected
    assert any('"raise"' in reason for reason in triage.reasons)


@pytest.mark.parametrize(("draw", "audit"), [(0.0, True), (0.049, True), (0.05, False), (0.99, False)])
def test_a_share_of_automatic_decisions_is_marked_for_audit(
    *, draw: float, audit: bool, policy: TriagePolicy, model: Model
) -> None:
    assert decide(CLEAR, policy, model, draw=draw).audit is audit


def test_the_most_urgent_of_no_priorities_is_pending() -> None:
    assert most_urgent([]) is Priority.PENDING
    assert most_urgent([Priority.LOW, Priority.URGENT, Priority.HIGH]) is Priority.URGENT
