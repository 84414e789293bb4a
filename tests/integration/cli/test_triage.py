"""Models are trained, promoted and rolled back by commands; rules and settings are tested first."""

import json
import os
import shutil
from pathlib import Path

from sqlalchemy import select

from daemon.store.models import Event
from tests.support.cli import Case
from tests.support.csv_files import write_csv
from tests.support.emails import inbound, mail
from workers.learning.retention import NEWEST


def test_a_model_is_trained_listed_and_rolled_back(trained: Case, bare: Path) -> None:
    more = write_csv(bare / "more.csv", [["one more", "my invoice", "Payments"]])
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


def test_a_training_deletes_old_models(trained: Case, bare: Path) -> None:
    more = write_csv(bare / "more.csv", [["one more", "my invoice", "Payments"]])
    first = trained.run("train", "--json").rows[0]["version"]
    folder = bare / "var" / "models"
    for number in range(NEWEST + 3):
        copy = folder / f"20200101-000000-{number:08x}"
        shutil.copytree(folder / first, copy)
        os.utime(copy, (number, number))
    second = trained.run("train", "--from", str(more), "--json").rows[0]["version"]
    rows = [row["version"] for row in trained.run("models", "list", "--json").rows]
    assert len(rows) == NEWEST
    assert rows[-2:] == [first, second]


def test_who_put_a_model_in_force_is_recorded(trained: Case, bare: Path) -> None:
    more = write_csv(bare / "more.csv", [["one more", "my invoice", "Payments"]])
    first = trained.run("train", "--json", "--actor", "ann").rows[0]["version"]
    second = trained.run("train", "--from", str(more), "--json").rows[0]["version"]
    trained.run("models", "promote", second, "--actor", "bob")
    trained.run("models", "rollback", "--actor", "eve")
    with trained.store.read() as session:
        rows = session.execute(select(Event).where(Event.kind == "model promoted").order_by(Event.id)).scalars()
        found = [(row.data["actor"], row.data["source"], row.data["model"]) for row in rows]
    assert found[0] == ("ann", "cli", first)
    assert found[-2:] == [("bob", "cli", second), ("eve", "cli", first)]


def test_examples_with_an_unknown_category_are_refused(trained: Case, bare: Path) -> None:
    outcome = trained.run("train", "--from", str(write_csv(bare / "odd.csv", [["a", "b", "Nonsense"]])))
    assert outcome.code == 65
    assert "line 2: the category 'Nonsense' is unknown" in outcome.err


def test_each_rule_is_tested_on_given_tickets(case: Case, bare: Path) -> None:
    rows = [
        ["a", "debited but not credited", "Payments"],
        ["b", "debited but not credited", "Login"],
        ["c", "x", "Login"],
    ]
    found = case.run("rules", "test", str(write_csv(bare / "gold.csv", rows)), "--json").rows
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
