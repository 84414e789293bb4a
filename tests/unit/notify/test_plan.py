"""Who gets an email about what, and why not."""

from dataclasses import replace

import pytest

from daemon.facts import SendCounts
from daemon.vocabulary import MailKind
from tests.support.domain_values import send_limits
from workers.notify.plan import PlanAnswer, PlanFacts, Planned, SendLimits, plan

ANN = "ann@customer.example"
TEAM = ("PAYMENTS_TEAM", "payments@example.com")
OPENED = PlanFacts(
    cause="opened",
    silent=False,
    requester=ANN,
    acknowledge=True,
    verified=True,
    team=TEAM,
    writer=None,
    own_addresses=frozenset({"support@example.com", "myshop@gmail.com"}),
    suppressed=frozenset(),
    sent=SendCounts(),
    sent_to_team=0,
    has_digest=False,
    answered=False,
    last_try=False,
    limits=send_limits(),
)
REASSIGNED = replace(OPENED, cause="reassigned")
FOLLOW_UP = replace(OPENED, cause="follow-up")
LIMITS = SendLimits(
    per_stranger_day=1,
    per_address_hour=3,
    per_address_day=10,
    per_domain_hour=60,
    per_hour=600,
    notifications_per_team_hour=100,
    returned_per_hour=30,
)


def acknowledgement(facts: PlanFacts) -> Planned:
    (found,) = [planned for planned in plan(facts) if planned.kind == MailKind.ACKNOWLEDGEMENT]
    return found


def test_a_new_ticket_is_acknowledged_and_its_team_notified() -> None:
    assert plan(OPENED) == (
        Planned(MailKind.ACKNOWLEDGEMENT, ANN, "planned", "acknowledgement of a new ticket"),
        Planned(MailKind.NOTIFICATION, "payments@example.com", "planned", "new ticket for PAYMENTS_TEAM"),
    )


def test_a_reassigned_ticket_notifies_its_team_only() -> None:
    assert plan(REASSIGNED) == (
        Planned(MailKind.NOTIFICATION, "payments@example.com", "planned", "ticket reassigned to PAYMENTS_TEAM"),
    )


def test_a_follow_up_notifies_the_team_only() -> None:
    assert plan(FOLLOW_UP) == (
        Planned(MailKind.FOLLOW_UP, "payments@example.com", "planned", "new email on a ticket of PAYMENTS_TEAM"),
    )


@pytest.mark.parametrize("facts", [OPENED, REASSIGNED, FOLLOW_UP])
def test_a_silent_ticket_causes_no_email(facts: PlanFacts) -> None:
    assert plan(replace(facts, silent=True)) == ()


@pytest.mark.parametrize("facts", [REASSIGNED, FOLLOW_UP])
def test_a_ticket_without_a_team_notifies_nobody(facts: PlanFacts) -> None:
    assert plan(replace(facts, team=None)) == ()


def test_a_customer_is_acknowledged_before_there_is_a_team() -> None:
    assert [planned.kind for planned in plan(replace(OPENED, team=None))] == [MailKind.ACKNOWLEDGEMENT]


def test_an_unknown_cause_is_an_error() -> None:
    with pytest.raises(ValueError, match="merged"):
        plan(replace(OPENED, cause="merged"))


@pytest.mark.parametrize(
    ("requester", "word"),
    [
        (None, "no valid address"),
        ("", "no valid address"),
        ("ann", "no valid address"),
        ("ann@customer.example, eve@evil.example", "no valid address"),
        ("ann@customer.example\r\nbcc: eve@evil.example", "no valid address"),
        ("=?utf-8?q?eve?=@evil.example", "no valid address"),
        ("support@example.com", "our own"),
        ("support+abcdef@example.com", "our own"),
        ("my.shop+x@googlemail.com", "our own"),
        ("mailer-daemon@customer.example", "nobody reads"),
        ("postmaster@customer.example", "nobody reads"),
        ("noreply@customer.example", "nobody reads"),
        ("no-reply@customer.example", "nobody reads"),
        ("shop-no-reply@customer.example", "nobody reads"),
    ],
)
def test_some_addresses_are_never_acknowledged(requester: str | None, word: str) -> None:
    planned = acknowledgement(replace(OPENED, requester=requester))
    assert (planned.state, word in planned.reason) == ("suppressed", True)


def test_the_screening_can_forbid_an_acknowledgement() -> None:
    planned = acknowledgement(replace(OPENED, acknowledge=False))
    assert (planned.state, "screening" in planned.reason) == ("suppressed", True)


def test_a_suppressed_customer_is_not_acknowledged() -> None:
    planned = acknowledgement(replace(OPENED, suppressed=frozenset({ANN})))
    assert (planned.state, "bounced" in planned.reason) == ("suppressed", True)


@pytest.mark.parametrize(
    ("verified", "sent", "state", "word"),
    [
        (False, SendCounts(), "planned", "new ticket"),
        (False, SendCounts(address_day=1), "suppressed", "unverified"),
        (True, SendCounts(address_day=1, address_hour=1), "planned", "new ticket"),
        (True, SendCounts(address_hour=2), "planned", "new ticket"),
        (True, SendCounts(address_hour=3), "suppressed", "this address within an hour"),
        (True, SendCounts(address_day=9), "planned", "new ticket"),
        (True, SendCounts(address_day=10), "suppressed", "this address today"),
        (True, SendCounts(domain_hour=60), "planned", "new ticket"),
        (False, SendCounts(domain_hour=59), "planned", "new ticket"),
        (False, SendCounts(domain_hour=60), "suppressed", "domain"),
        (False, SendCounts(domain_hour=60, ordinary_day=59), "suppressed", "this domain"),
        (False, SendCounts(domain_hour=59, ordinary_day=60), "planned", "new ticket"),
        (False, SendCounts(domain_hour=60, ordinary_day=60), "deferred", "large domain"),
        (False, SendCounts(domain_hour=60, ordinary_day=244), "planned", "new ticket"),
        (False, SendCounts(domain_hour=61, ordinary_day=244), "deferred", "large domain"),
        (True, SendCounts(domain_hour=61, ordinary_day=244), "planned", "new ticket"),
        (False, SendCounts(hour=599), "planned", "new ticket"),
        (True, SendCounts(hour=600), "planned", "new ticket"),
        (False, SendCounts(hour=600), "deferred", "in total"),
    ],
)
def test_acknowledgements_are_limited(verified: bool, sent: SendCounts, state: str, word: str) -> None:
    planned = acknowledgement(replace(OPENED, verified=verified, sent=sent, limits=LIMITS))
    assert (planned.state, word in planned.reason) == (state, True)


@pytest.mark.parametrize("verified", [True, False])
def test_a_limit_of_zero_turns_acknowledgements_off(verified: bool) -> None:
    planned = acknowledgement(replace(OPENED, verified=verified, limits=replace(LIMITS, per_hour=0)))
    assert (planned.state, "turned off" in planned.reason) == ("suppressed", True)


@pytest.mark.parametrize("limit", ["per_stranger_day", "per_domain_hour"])
def test_a_limit_of_zero_turns_them_off_for_strangers(limit: str) -> None:
    large = SendCounts(ordinary_day=1000)
    off = replace(OPENED, sent=large, limits=replace(LIMITS, **{limit: 0}))  # type: ignore[arg-type]  # a field of it
    assert acknowledgement(off).state == "planned"
    planned = acknowledgement(replace(off, verified=False))
    assert (planned.state, "turned off" in planned.reason) == ("suppressed", True)


FLOOD = replace(OPENED, verified=False, cause="deferred", sent=SendCounts(hour=600), limits=LIMITS)


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        (SendCounts(hour=299), "planned"),
        (SendCounts(hour=300), "deferred"),
        (SendCounts(domain_hour=49, ordinary_day=400), "planned"),
        (SendCounts(domain_hour=50, ordinary_day=400), "deferred"),
    ],
)
def test_what_waits_leaves_half_of_a_limit_to_who_writes_now(sent: SendCounts, state: str) -> None:
    assert [(one.kind, one.state) for one in plan(replace(FLOOD, sent=sent))] == [("acknowledgement", state)]


def test_even_the_smallest_limit_lets_one_go_that_waits() -> None:
    smallest = replace(FLOOD, sent=SendCounts(), limits=replace(LIMITS, per_hour=1))
    assert acknowledgement(smallest).state == "planned"


def test_a_deferred_acknowledgement_waits_until_its_last_try() -> None:
    assert [acknowledgement(replace(FLOOD, last_try=last)).state for last in (False, True)] == [
        "deferred",
        "suppressed",
    ]


def test_a_deferred_acknowledgement_of_an_answered_ticket_is_not_sent() -> None:
    planned = acknowledgement(replace(FLOOD, sent=SendCounts(), answered=True))
    assert (planned.state, "answered" in planned.reason) == ("suppressed", True)


def test_a_deferred_acknowledgement_still_heeds_the_limits_of_its_address() -> None:
    planned = acknowledgement(replace(FLOOD, sent=SendCounts(address_day=1)))
    assert (planned.state, "unverified address" in planned.reason) == ("suppressed", True)


@pytest.mark.parametrize("facts", [OPENED, REASSIGNED, FOLLOW_UP])
def test_past_its_limit_a_team_gets_one_digest(facts: PlanFacts) -> None:
    def to_team(sent: int, *, has_digest: bool) -> list[tuple[str, str]]:
        planned = plan(replace(facts, sent_to_team=sent, has_digest=has_digest, limits=LIMITS))
        return [(one.kind, one.state) for one in planned if one.kind != MailKind.ACKNOWLEDGEMENT]

    kind = MailKind.FOLLOW_UP if facts.cause == "follow-up" else MailKind.NOTIFICATION
    assert to_team(99, has_digest=True) == [(kind, "planned")]
    assert to_team(100, has_digest=False) == [(MailKind.DIGEST, "planned"), (kind, "gathered")]
    assert to_team(101, has_digest=True) == [(kind, "gathered")]


def test_a_team_that_bounced_gets_no_digest() -> None:
    flood = replace(REASSIGNED, sent_to_team=100, suppressed=frozenset({"payments@example.com"}), limits=LIMITS)
    assert [(one.kind, one.state) for one in plan(flood)] == [(MailKind.NOTIFICATION, "suppressed")]


def test_limits_of_acknowledgements_do_not_apply_to_the_team() -> None:
    flood = replace(OPENED, verified=False, sent=SendCounts(99, 99, 99_999, 99_999), acknowledge=False)
    assert [planned.state for planned in plan(flood) if planned.kind == MailKind.NOTIFICATION] == ["planned"]


def test_a_victim_of_forged_senders_is_acknowledged_once() -> None:
    sent, victims = 0, 0
    for _ in range(50):
        facts = replace(OPENED, verified=False, sent=SendCounts(sent, sent, sent, sent), limits=LIMITS)
        if acknowledgement(facts).state == "planned":
            sent, victims = sent + 1, victims + 1
    assert victims == 1


@pytest.mark.parametrize("facts", [OPENED, REASSIGNED, FOLLOW_UP])
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"suppressed": frozenset({"payments@example.com"})}, "bounced"),
        ({"own_addresses": frozenset({"payments@example.com"})}, "our own"),
        ({"team": ("PAYMENTS_TEAM", "")}, "no valid address"),
    ],
)
def test_a_suppressed_email_to_a_team_has_its_reason(facts: PlanFacts, changes: dict[str, object], word: str) -> None:
    (planned,) = [planned for planned in plan(replace(facts, **changes)) if planned.kind != MailKind.ACKNOWLEDGEMENT]  # type: ignore[arg-type]
    assert (planned.state, word in planned.reason) == ("suppressed", True)


def test_an_email_that_only_claims_to_be_the_teams_is_announced() -> None:
    (planned,) = plan(replace(FOLLOW_UP, requester="payments@example.com", writer=None))
    assert planned.state == "planned"


def test_a_team_does_not_get_its_own_message() -> None:
    (planned,) = plan(replace(FOLLOW_UP, writer="payments@example.com"))
    assert (planned.state, "itself" in planned.reason) == ("suppressed", True)


def test_a_team_may_be_called_postmaster() -> None:
    (planned,) = plan(replace(REASSIGNED, team=("MAIL_TEAM", "Postmaster@example.com")))
    assert (planned.recipient, planned.state) == ("postmaster@example.com", "planned")


@pytest.mark.parametrize(
    ("left_out", "author", "copied", "told"),
    [
        (False, "ana@example.com", False, ["payments@example.com"]),
        (True, "ana@example.com", False, ["payments@example.com", "ana@example.com"]),
        (True, "ana@example.com", True, ["ana@example.com"]),
        (True, "payments@example.com", False, ["payments@example.com"]),
        (True, "a command line", False, ["payments@example.com"]),
    ],
)
def test_the_author_is_told_of_what_was_left_out(left_out: bool, author: str, copied: bool, told: list[str]) -> None:
    answer = PlanAnswer((ANN,), author, None, copied, 0, left_out)
    found = plan(replace(OPENED, cause="answer sent", answer=answer))
    assert [one.recipient for one in found if one.kind is MailKind.ANSWERED] == told
