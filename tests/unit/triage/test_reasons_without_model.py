"""The reasons of a review: each once, and none that is not true."""

from dataclasses import replace

import pytest

from tests.support.domain_values import category
from tests.support.encoders import FakeEncoder
from workers.notify.reasons import FORMS, reason
from workers.triage.classifier import Model
from workers.triage.decide import NO_MODEL, decide
from workers.triage.policy import TriagePolicy
from workers.triage.preprocess import Case, clean

LOCKED = clean("", "I am locked out of the portal")


@pytest.mark.parametrize("case", [LOCKED, clean("", ""), clean("", "the app crashes at once")])
def test_no_reason_is_given_twice(case: Case, policy: TriagePolicy, model: Model) -> None:
    for used in (None, model):
        for encoder in (None, FakeEncoder()):
            reasons = decide(case, policy, used, {}, 1.0, encoder=encoder).reasons
            assert len(set(reasons)) == len(reasons), reasons


def test_an_email_without_text_does_not_say_that_there_is_no_model(policy: TriagePolicy, model: Model) -> None:
    reasons = decide(clean("", ""), policy, model, {}, 1.0).reasons
    assert reasons == ("the email has no text to read",)


def test_a_suggestion_by_description_says_so_and_not_that_rules_alone_decide(policy: TriagePolicy) -> None:
    access = category("Access", "ACCESS_TEAM", description="password, code, locked")
    only = replace(policy, categories=(access, category("Other", "OTHER_TEAM")))
    triage = decide(LOCKED, only, None, {}, 1.0, encoder=FakeEncoder())
    assert triage.reasons[0] == "Access is only suggested: it has a description, but no examples yet"
    assert NO_MODEL not in triage.reasons


def test_a_category_without_description_is_not_suggested_by_one(policy: TriagePolicy) -> None:
    access = category("Locked portal", "ACCESS_TEAM")
    only = replace(policy, categories=(access, category("Money", "MONEY_TEAM", description="an invoice, a refund")))
    triage = decide(LOCKED, only, None, {}, 1.0, encoder=FakeEncoder())
    assert (triage.category, triage.confidence) == (only.fallback_category, 0.0)
    assert triage.reasons == (NO_MODEL,)


@pytest.mark.parametrize(
    "text",
    [
        NO_MODEL,
        "the email has no text to read",
        "Access is only suggested: it has a description, but no examples yet",
        *clean("", "word " * 60_000).notes,
    ],
)
def test_every_reason_has_a_form_in_other_languages(text: str) -> None:
    assert reason(text).text in {form.text for form in FORMS}
