"""The way of an email is shown for each of its identifiers."""

import pytest

from tests.support.cli import Case
from tests.support.emails import ANN, inbound, mail


@pytest.mark.parametrize(
    "name",
    [
        "{reference}",
        "ticket:{ticket}",
        "{inbound}",
        "inbound:{inbound}",
        "<first@customer.example>",
        "first@customer.example",
        "<ours@example.com>",
    ],
)
def test_each_identifier_of_an_email_shows_its_whole_way(case: Case, name: str) -> None:
    raw = mail(message_id="<first@customer.example>")
    receipt = case.accept(inbound(raw))
    copy = case.accept(inbound(raw, source="imap:work/INBOX/1/1"))
    assert receipt.ticket_id is not None
    decision = case.decide(receipt.ticket_id)
    delivery = case.plan_mail(receipt.ticket_id, decision)
    named = name.format(reference=receipt.reference, ticket=receipt.ticket_id, inbound=receipt.inbound_id)
    rows = case.run("trace", named, "--json").rows
    subjects = [row["subject"] for row in rows]
    assert {
        f"inbound:{receipt.inbound_id}",
        f"inbound:{copy.inbound_id}",
        f"ticket:{receipt.ticket_id}",
        f"decision:{decision}",
        f"delivery:{delivery}",
    } <= set(subjects)
    assert len([s for s in subjects if s.startswith("job:")]) == 2
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)


def test_a_copy_is_traced_to_its_original(case: Case) -> None:
    raw = mail()
    receipt, copy = case.accept(inbound(raw)), case.accept(inbound(raw))
    assert case.run("trace", str(copy.inbound_id), "--json").rows[0]["subject"] == f"inbound:{receipt.inbound_id}"


def test_a_follow_up_is_not_traced_to_decisions_that_it_did_not_cause(case: Case) -> None:
    opened = case.accept(inbound(mail(message_id="<first@customer.example>")))
    assert opened.ticket_id is not None
    case.decide(opened.ticket_id)
    reply = mail(subject="Re: Payment failed", body="any news?", in_reply_to="<first@customer.example>")
    follow_up = case.accept(inbound(reply))
    assert follow_up.ticket_id == opened.ticket_id
    subjects = [row["subject"] for row in case.run("trace", str(follow_up.inbound_id), "--json").rows]
    assert f"inbound:{follow_up.inbound_id}" in subjects
    assert not [s for s in subjects if s.startswith("decision:")]


def test_an_email_that_opened_no_ticket_is_traced(case: Case) -> None:
    receipt = case.accept(inbound(mail(headers=("Auto-Submitted: auto-replied",))))
    said = case.run("trace", str(receipt.inbound_id)).out
    assert "auto-reply" in said
    assert "because Auto-Submitted: auto-replied" in said
    assert ANN in said


def test_a_trace_works_on_each_database(case_anywhere: Case) -> None:
    receipt = case_anywhere.accept(inbound(mail(message_id="<first@customer.example>")))
    assert receipt.ticket_id is not None
    case_anywhere.decide(receipt.ticket_id)
    rows = case_anywhere.run("trace", "<first@customer.example>", "--json").rows
    assert [row["subject"].partition(":")[0] for row in rows] == ["inbound", "ticket", "message", "decision", "job"]


@pytest.mark.parametrize(
    "name", ["0", "99999999999999999999999", "<no@where>", "HD-XXXX-XXXX", "'; DROP TABLE job", "x" * 64]
)
def test_an_unknown_identifier_exits_with_66(case: Case, name: str) -> None:
    outcome = case.run("trace", name)
    assert (outcome.code, outcome.out) == (66, "")
