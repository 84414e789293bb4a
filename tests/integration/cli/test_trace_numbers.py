"""The numbers in the log lead to the whole way of their email."""

import pytest

from daemon.store.models import Job
from tests.support.cli import Case
from tests.support.emails import inbound, mail


@pytest.mark.parametrize("kind", ["inbound", "ticket", "message", "decision", "delivery"])
def test_each_number_is_traced(case: Case, kind: str) -> None:
    # Another email and ticket come first, so that no two numbers are the same by chance.
    case.opened(inbound(mail("bob@customer.example", "Other", "Other.")))
    case.accept(inbound(mail(subject="away", headers=("Auto-Submitted: auto-replied",))))
    receipt = case.accept(inbound(mail()))
    assert receipt.ticket_id is not None
    case.plan_mail(receipt.ticket_id, case.decide(receipt.ticket_id))
    rows = case.run("trace", str(receipt.inbound_id), "--json").rows
    (named,) = [row["subject"] for row in rows if row["subject"].startswith(f"{kind}:")]
    assert case.run("trace", named, "--json").rows == rows


def test_each_job_is_traced(case: Case) -> None:
    receipt = case.accept(inbound(mail()))
    assert receipt.ticket_id is not None
    case.plan_mail(receipt.ticket_id, case.decide(receipt.ticket_id))
    rows = case.run("trace", str(receipt.inbound_id), "--json").rows
    jobs = case.ask(lambda session: [job.id for job in session.query(Job).all()])
    assert len(jobs) == 2
    for job in jobs:
        assert case.run("trace", f"job:{job}", "--json").rows == rows


@pytest.mark.parametrize(
    "name", ["job:99", "delivery:99", "ticket:99", "inbound:99", "sign-in:1", "cat:1", "job:x", "job:"]
)
def test_a_number_that_is_not_there_is_said_in_one_line(case: Case, name: str) -> None:
    outcome = case.run("trace", name)
    assert outcome.code == 66
    assert f"no email matches {name}" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_wrong_day_of_a_backfill_is_explained_as_everywhere(case: Case) -> None:
    outcome = case.run("imap", "backfill", "--since", "tomorrow")
    assert outcome.code == 64
    assert "write it like 2026-11-01" in outcome.err
