"""`triaged try` shows what would happen to emails, in order, also if some cannot be read."""

import csv
from pathlib import Path

import pytest

from tests.support.cli import Case
from tests.support.emails import inbound, mail

KEYS = [
    *("file", "message_id", "subject", "date", "from", "to", "cc", "reply_to", "text", "reply", "attachments"),
    *("requester", "screening", "bounce", "follow_up", "triage", "defects", "seconds"),
]
EXAMPLES = {"Payments": "invoice refund charged twice", "Login": "password locked sign in code"}


@pytest.fixture
def trained(bare: Path, case: Case, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Give the command a few examples, so that it trains a small model."""
    folder = bare / "examples"
    folder.mkdir()
    with (folder / "few.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["subject", "body", "category"])
        for category, words in EXAMPLES.items():
            rows.writerows(
                [f"{word} {number}", f"my {words} {word}", category] for number in range(6) for word in words.split()
            )
    monkeypatch.setenv("TRIAGED_TRIAGE__EXAMPLES", str(folder))
    return case


def test_a_directory_is_read_in_order_with_every_documented_key(trained: Case, bare: Path) -> None:
    reference = trained.accept(inbound(mail(message_id="<first@customer.example>"))).reference
    emails = bare / "emails"
    emails.mkdir()
    (emails / "a.eml").write_bytes(mail(body="Amount debited but not credited", message_id="<a@x.example>"))
    (emails / "b.eml").write_bytes(b"\x00\xff not a mail" * 1000)
    (emails / "c.eml").write_bytes(mail(headers=("Auto-Submitted: auto-replied",)))
    (emails / "d.eml").write_bytes(mail(subject="Re: Payment failed", in_reply_to="<first@customer.example>"))
    outcome = trained.run("try", str(emails), "--json")
    assert outcome.code == 0
    rows = outcome.rows
    assert [row["file"] for row in rows] == ["a.eml", "b.eml", "c.eml", "d.eml"]
    assert all(list(row) == KEYS for row in rows)
    payment, _, away, reply = rows
    triage = payment["triage"]
    assert (triage["category"], triage["priority"], triage["confidence"]) == ("Payments", "High", 1.0)
    assert triage["team"] == "PAYMENTS_TEAM"
    assert triage["reasons"]
    assert payment["screening"]["kind"] == "person"
    assert (away["screening"]["kind"], away["screening"]["acknowledge"], away["triage"]) == ("auto-reply", False, None)
    evidence = "known Message-ID and participant"
    assert reply["follow_up"] == {"reference": reference, "joins": True, "evidence": evidence}


def test_a_path_that_cannot_be_read_does_not_end_the_run(trained: Case, bare: Path) -> None:
    (bare / "a.eml").write_bytes(mail(subject="\x1b[31mred"))
    outcome = trained.run("try", str(bare / "none.eml"), str(bare / "a.eml"))
    assert outcome.code == 66
    assert "none.eml: No such file" in outcome.err
    assert "triage" in outcome.out
    assert "\x1b" not in outcome.out
