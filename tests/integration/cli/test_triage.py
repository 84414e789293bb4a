"""Models are trained, measured, promoted and rolled back by commands; rules and settings are tested first."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from daemon.store.models import Event
from tests.support.cli import Case
from tests.support.emails import inbound, mail

WORDS = {"Payments": "invoice refund charged", "Login": "password locked code"}


def _write(path: Path, rows: list[list[str]], header: tuple[str, ...] = ("subject", "body", "category")) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(header), *rows])
    return path


@pytest.fixture
def trained(bare: Path, case: Case, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Let triage learn from a few examples: this is about the commands, not about the model."""
    folder = bare / "examples"
    folder.mkdir()
    rows = [
        [f"{word} {number}", f"my {word} and {words}", category]
        for category, words in WORDS.items()
        for number in range(6)
        for word in words.split()
    ]
    _write(folder / "few.csv", rows)
    monkeypatch.setenv("TRIAGED_TRIAGE__EXAMPLES", str(folder))
    return case


def test_a_model_is_trained_listed_and_rolled_back(trained: Case, bare: Path) -> None:
    more = _write(bare / "more.csv", [["one more", "my invoice", "Payments"]])
    first = trained.run("train", "--json").rows[0]
    second = trained.run("train", "--from", str(more), "--json").rows[0]
    assert first["promoted"]
    rows = trained.run("models", "list", "--json").rows
    assert [row["version"] for row in rows] == [first["version"], second["version"]]
    assert [row["state"] for row in rows] == ["ok", "ok"]
    assert trained.run("models", "promote", second["version"]).code == 0
    assert first["version"] in trained.run("models", "rollback").out
    assert trained.run("models", "show", "--json").rows[0]["version"] == first["version"]
    assert trained.run("models", "promote", "none").code == 66
    assert trained.run("models", "show", "none").code == 66


def test_who_put_a_model_in_force_is_recorded(trained: Case, bare: Path) -> None:
    more = _write(bare / "more.csv", [["one more", "my invoice", "Payments"]])
    first = trained.run("train", "--json", "--actor", "ann").rows[0]["version"]
    second = trained.run("train", "--from", str(more), "--json").rows[0]["version"]
    trained.run("models", "promote", second, "--actor", "bob")
    trained.run("models", "rollback", "--actor", "eve")
    with trained.store.read() as session:
        rows = session.execute(select(Event).where(Event.kind == "model promoted").order_by(Event.id)).scalars()
        found = [(row.data["actor"], row.data["source"], row.data["model"]) for row in rows]
    assert found[0] == ("ann", "cli", first)
    assert found[-2:] == [("bob", "cli", second), ("eve", "cli", first)]


def test_triage_is_measured_and_predictions_are_written(trained: Case, bare: Path) -> None:
    rows = [["t1", "invoice", "refund my invoice", "Payments"], ["t2", "locked", "password code", "Login"]]
    gold = _write(bare / "gold.csv", rows, ("id", "subject", "body", "label"))
    out = bare / "out.csv"
    found = trained.run("evaluate", str(gold), "--json", "--predictions", str(out)).rows[0]
    assert (found["count"], found["accuracy"]) == (2, 1.0)
    assert {"macro_f1", "ece", "coverage", "classes"} <= set(found)
    assert [line.split(",")[:2] for line in out.read_text(encoding="utf-8").splitlines()] == [
        *(["id", "label"], ["t1", "Payments"]),
        ["t2", "Login"],
    ]
    assert "accuracy" in trained.run("evaluate", str(gold)).out


def test_triage_is_measured_per_language_and_length_and_for_priority(trained: Case, bare: Path) -> None:
    long = "Ich habe das Passwort vergessen und kann mich nicht mit dem Code anmelden"
    rows = [["invoice", "refund my invoice", "Payments", "Low"], ["password", long, "Login", "high"]]
    gold = _write(bare / "gold.csv", [*rows, ["x", "password", "Login", ""]], ("subject", "body", "label", "priority"))
    found = trained.run("evaluate", str(gold), "--json").rows[0]
    assert {part["name"] for part in found["lengths"]} == {"1 to 5 words", "6 to 20 words"}
    assert "German" in {part["name"] for part in found["languages"]}
    assert sum(part["count"] for part in found["languages"]) == len(rows) + 1
    assert found["priority"]["count"] == len(rows)
    assert sum(found["priority"]["confusion"]["High"].values()) == 1
    printed = trained.run("evaluate", str(gold)).out
    assert "German" in printed
    assert "priority" in printed


def test_without_known_priorities_only_categories_are_measured(trained: Case, bare: Path) -> None:
    gold = _write(bare / "gold.csv", [["invoice", "refund my invoice", "Payments"]])
    assert trained.run("evaluate", str(gold), "--json").rows[0]["priority"] is None
    assert "priority" not in trained.run("evaluate", str(gold)).out


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("subject,body\n", 65, "line 1: the column category is missing"),
        ("subject,body,category\na,b\n", 65, "line 2: has more or fewer fields"),
        ("subject,body,category\n", 65, "has no tickets"),
        (b"subject,body,category\n\xff,b,Login\n", 65, "line 2: is not UTF-8"),
        (None, 66, "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(
    case: Case, bare: Path, content: str | bytes | None, code: int, said: str
) -> None:
    if content is not None:
        (bare / "bad.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    outcome = case.run("evaluate", "bad.csv")
    assert outcome.code == code
    assert said in outcome.err
    assert "line 0" not in outcome.err


def test_examples_with_an_unknown_category_are_refused(trained: Case, bare: Path) -> None:
    outcome = trained.run("train", "--from", str(_write(bare / "odd.csv", [["a", "b", "Nonsense"]])))
    assert outcome.code == 65
    assert "line 2: the category 'Nonsense' is unknown" in outcome.err


def test_each_rule_is_tested_on_given_tickets(case: Case, bare: Path) -> None:
    rows = [
        ["a", "debited but not credited", "Payments"],
        ["b", "debited but not credited", "Login"],
        ["c", "x", "Login"],
    ]
    found = case.run("rules", "test", str(_write(bare / "gold.csv", rows)), "--json").rows
    assert [(row["rule"], row["hits"], row["right"], row["precision"]) for row in found] == [
        ("debited, not credited", 2, 1, 0.5)
    ]


def test_each_rule_is_tested_on_verified_tickets(case: Case) -> None:
    _, reference = case.opened(inbound(mail(body="Amount debited but not credited")))
    case.run("tickets", "correct", reference, "--category", "Payments")
    found = case.run("rules", "test", "--json").rows
    assert (found[0]["hits"], found[0]["precision"]) == (1, 1.0)


def test_a_rehearsal_shows_tickets_that_would_move_and_changes_nothing(trained: Case, bare: Path) -> None:
    ticket_id, reference = trained.opened(inbound(mail(body="Amount debited but not credited")))
    trained.decide(ticket_id)
    new = '[[rules]]\nname = "other"\ncategory = "Login"\nphrases = ["debited but not credited"]\n'
    (bare / "new.toml").write_text(new, encoding="utf-8")
    before = trained.run("tickets", "show", reference, "--json").out
    outcome = trained.run("rehearse", "--config", "new.toml", "--since", "2026-01-01", "--json")
    (row,) = [json.loads(line) for line in outcome.out.splitlines()]
    assert (row["reference"], row["team"], row["new_category"], row["new_team"]) == (
        *(reference, "PAYMENTS_TEAM", "Login"),
        "IDENTITY_TEAM",
    )
    assert "1 decided, 1 would go to another team" in outcome.err
    assert trained.run("tickets", "show", reference, "--json").out == before
    assert trained.run("rehearse", "--config", "none.toml").code == 78


def test_a_rehearsal_compares_decisions_on_emails_in_files(trained: Case, bare: Path) -> None:
    (bare / "a.eml").write_bytes(mail(body="Amount debited but not credited"))
    (row,) = trained.run("rehearse", "a.eml", "--all", "--json").rows
    assert (row["reference"], row["team"], row["new_team"]) == ("a.eml", "PAYMENTS_TEAM", "PAYMENTS_TEAM")
