"""What the address that a ticket was written to says about it: evidence beside the text, or a fixed decision."""

from dataclasses import replace

import pytest

from daemon.vocabulary import MANUAL_REVIEW, Priority, Triage
from tests.support.domain_values import category, rule
from workers.triage import decide as deciding
from workers.triage.address import ODDS, weighed
from workers.triage.classifier import Model, Prediction
from workers.triage.policy import AddressPolicy, Mode, TriagePolicy
from workers.triage.preprocess import clean

BILLING = "billing@shop.example"
CLEAR = "please refund my card, I was charged for the invoice"


def policy_with(
    policy: TriagePolicy, name: str | None, team: str | None = None, *, fixed: bool = False
) -> TriagePolicy:
    return replace(policy, addresses={BILLING: AddressPolicy(BILLING, name, team, fixed)})


def decide(body: str, policy: TriagePolicy, model: Model | None, to: str = BILLING) -> Triage:
    return deciding.decide(clean("", body), policy, model, {}, 0.99, to)


def predicted(**chances: float) -> Prediction:
    ranked = tuple(sorted(chances.items(), key=lambda pair: -pair[1]))
    return Prediction(ranked, (), (("refund", 1.0),), 1.0, 3, "English", evidence=True)


@pytest.mark.parametrize(
    ("technical", "payments", "best"),
    [
        (0.30, 0.40, "Payments"),
        # A doubtful text follows the address.
        (0.60, 0.30, "Payments"),
        # A clear text overrules it.
        (0.97, 0.01, "Technical"),
        (0.85, 0.10, "Technical"),
    ],
)
def test_a_doubtful_text_follows_the_address_and_a_clear_one_overrules_it(
    technical: float, payments: float, best: str, policy: TriagePolicy
) -> None:
    at = AddressPolicy(BILLING, "Payments", None, is_fixed=False)
    read = predicted(Technical=technical, Payments=payments, Login=1 - technical - payments)
    found = weighed(at, read, policy)
    assert found is not None
    assert found.categories[0][0] == best
    assert sum(chance for _, chance in found.categories) == pytest.approx(1)
    was, now = dict(read.categories), dict(found.categories)
    odds = (now["Payments"] / now["Technical"]) / (was["Payments"] / was["Technical"])
    assert odds == pytest.approx(ODDS)


def test_the_words_of_the_text_are_not_shown_for_another_category(policy: TriagePolicy) -> None:
    at = AddressPolicy(BILLING, "Payments", None, is_fixed=False)
    overruled, agreeing = predicted(Technical=0.6, Payments=0.4), predicted(Technical=0.4, Payments=0.6)
    assert [found.words for read in (overruled, agreeing) if (found := weighed(at, read, policy))] == [
        (),
        agreeing.words,
    ]


def test_a_team_speaks_for_all_of_its_categories(policy: TriagePolicy) -> None:
    own = (category("Refunds", "PAYMENTS_TEAM"), *policy.categories)
    at = AddressPolicy(BILLING, None, "PAYMENTS_TEAM", is_fixed=False)
    found = weighed(at, predicted(Technical=0.5, Payments=0.25, Refunds=0.25), replace(policy, categories=own))
    assert found is not None
    assert dict(found.categories) == pytest.approx({"Payments": 0.4, "Refunds": 0.4, "Technical": 0.2})


def test_an_address_never_raises_the_confidence_of_what_is_certified_on_texts(policy: TriagePolicy) -> None:
    at = AddressPolicy(BILLING, "Payments", None, is_fixed=False)
    auto = replace(policy, mode=Mode.AUTO)
    found = [weighed(at, predicted(Technical=0.4, Payments=0.6), one) for one in (policy, auto)]
    assert [one.categories[0][1] for one in found if one] == [pytest.approx(6 / 7), 0.6]


def test_evidence_is_a_reason_of_the_decision(policy: TriagePolicy, model: Model) -> None:
    triage = decide(CLEAR, policy_with(policy, "Payments"), model)
    assert (triage.category, triage.team, triage.rule) == ("Payments", "PAYMENTS_TEAM", None)
    assert "written to billing@shop.example, which counts 4 to 1 for Payments" in triage.reasons
    assert triage.alternatives[0][1] < decide(CLEAR, policy, model).alternatives[0][1]


def test_a_plain_address_changes_nothing(policy: TriagePolicy, model: Model) -> None:
    assert decide(CLEAR, policy, model) == decide(CLEAR, policy, model, "")
    assert decide(CLEAR, policy_with(policy, "Login"), model, "support@example.com") == decide(CLEAR, policy, model)


@pytest.mark.parametrize("body", ["", "Xqzt wvbn plok mkrt zzgh bvnx"])
@pytest.mark.parametrize("with_model", [True, False])
def test_without_readable_text_a_person_decides_and_the_address_is_the_guess(
    body: str, with_model: bool, policy: TriagePolicy, model: Model
) -> None:
    triage = decide(body, policy_with(policy, "Login"), model if with_model else None)
    assert (triage.category, triage.team) == ("Login", MANUAL_REVIEW)
    assert 0.25 < triage.confidence < 0.6


def test_a_rule_decides_over_the_evidence_of_an_address(policy: TriagePolicy, model: Model) -> None:
    book = (rule("refunds", "Technical", phrases=("refund my card",)),)
    triage = decide(CLEAR, replace(policy_with(policy, "Payments"), rules=book), model)
    assert (triage.category, triage.rule, triage.confidence) == ("Technical", "refunds", 1.0)


@pytest.mark.parametrize("body", [CLEAR, "", "Xqzt wvbn plok"])
@pytest.mark.parametrize("with_model", [True, False])
def test_a_fixed_category_skips_triage(body: str, with_model: bool, policy: TriagePolicy, model: Model) -> None:
    book = (rule("refunds", "Payments", phrases=("refund my card",)),)
    fixed = replace(policy_with(policy, "Login", fixed=True), rules=book)
    triage = decide(body, fixed, model if with_model else None)
    assert (triage.category, triage.team, triage.confidence) == ("Login", "IDENTITY_TEAM", 1.0)
    assert triage.reasons == ("address billing@shop.example is always Login",)
    assert (triage.rule, triage.model, triage.audit) == ("address billing@shop.example", None, False)


def test_rules_raise_the_priority_of_a_fixed_category(policy: TriagePolicy, model: Model) -> None:
    book = (rule("refunds", priority="Urgent", phrases=("refund my card",)),)
    triage = decide(CLEAR, replace(policy_with(policy, "Login", fixed=True), rules=book), model)
    assert triage.priority == Priority.URGENT
    assert any("raised the priority" in reason for reason in triage.reasons)


def test_a_fixed_category_and_team_are_both_kept(policy: TriagePolicy, model: Model) -> None:
    triage = decide(CLEAR, policy_with(policy, "Login", "TECH_SUPPORT", fixed=True), model)
    assert (triage.category, triage.team) == ("Login", "TECH_SUPPORT")


@pytest.mark.parametrize("body", [CLEAR, "please", ""])
def test_a_fixed_team_gets_every_ticket_whatever_its_category(body: str, policy: TriagePolicy, model: Model) -> None:
    triage = decide(body, policy_with(policy, None, "TECH_SUPPORT", fixed=True), model)
    assert triage.team == "TECH_SUPPORT"
    assert triage.reasons[0] == "address billing@shop.example always goes to TECH_SUPPORT"
    # The admin decided; that must not count as an automatic decision of the model.
    assert triage.rule == "address billing@shop.example"


def test_the_team_of_an_address_gets_the_category_of_the_address_only(policy: TriagePolicy, model: Model) -> None:
    own = policy_with(policy, "Payments", "TECH_SUPPORT")
    triage = decide(CLEAR, own, model)
    assert (triage.category, triage.team) == ("Payments", "TECH_SUPPORT")
    assert triage.reasons[0] == "Payments of billing@shop.example goes to TECH_SUPPORT"
    doubtful = replace(own, threshold=1.01)
    assert decide(CLEAR, doubtful, model).team == MANUAL_REVIEW


def test_the_name_of_the_rule_of_a_long_address_fits_its_column(policy: TriagePolicy, model: Model) -> None:
    long = f"{'a' * 60}@{'b' * 60}.example"
    fixed = replace(policy, addresses={long: AddressPolicy(long, "Login", None, is_fixed=True)})
    assert len(decide(CLEAR, fixed, model, long).rule or "") == 64
