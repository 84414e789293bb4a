"""Tickets for tests of the pages: an email as it came, and a decision on it."""

from dataclasses import replace

from daemon.store import decisions
from daemon.vocabulary import DecidedBy, Priority, Triage
from tests.support.emails import inbound
from tests.support.http import Web

DECIDED = Triage(
    category="Payments",
    priority=Priority.HIGH,
    confidence=0.81,
    team="PAYMENTS_TEAM",
    reasons=("Payments with 81% confidence", 'most important words: "debited", "not credited"'),
    alternatives=(("Technical", 0.12), ("Login", 0.05)),
    model="m1",
)
UNSURE = replace(DECIDED, team="MANUAL_REVIEW", confidence=0.4)


def accepted(case: Web, raw: bytes, decided: Triage | None = DECIDED) -> str:
    """Let an email open a ticket, and return its reference."""
    receipt = case.intake.accept(inbound(raw, received_at=case.clock.now()))
    number, reference = receipt.ticket_id, receipt.reference
    assert number is not None
    assert reference is not None
    if decided is not None:
        case.store.write(
            lambda session: decisions.apply(session, number, decided, case.clock.now(), by=DecidedBy.MODEL, actor=None)
        )
    return reference
