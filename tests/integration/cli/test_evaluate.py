"""Triage is measured on labelled tickets as it is in operation: whole, per language and per length."""

from pathlib import Path

import pytest

from daemon.tickets import actions
from daemon.tickets.actions import Correction
from daemon.vocabulary import Priority
from tests.support.cli import Case
from tests.support.csv_files import write_csv
from tests.support.domain_values import ADMIN
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON


def test_triage_is_measured_and_predictions_are_written(trained: Case, bare: Path) -> None:
    rows = [["t1", "invoice", "refund my invoice", "Payments"], ["t2", "locked", "password code", "Login"]]
    gold = write_csv(bare / "gold.csv", rows, ("id", "subject", "body", "label"))
    out = bare / "out.csv"
    found = trained.run("evaluate", str(gold), "--json", "--predictions", str(out)).rows[0]
    assert (found["count"], found["accuracy"]) == (2, 1.0)
    assert {"macro_f1", "ece", "coverage", "classes"} <= set(found)
    assert [line.split(",")[:2] for line in out.read_text(encoding="utf-8").splitlines()] == [
        *(["id", "label"], ["t1", "Payments"]),
        ["t2", "Login"],
    ]
    assert "accuracy" in trained.run("evaluate", str(gold)).out


def test_the_head_of_the_figures_says_what_decides(trained: Case, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gold = write_csv(bare / "gold.csv", [["invoice", "refund my invoice", "Payments"]])
    monkeypatch.setenv("TRIAGED_TRIAGE__THRESHOLD", "0.4")
    found = trained.run("evaluate", str(gold), "--json").rows[0]
    assert (found["mode"], found["routed_from"]["Payments"]) == ("always", 0.4)
    assert found["rules"] > 0
    assert trained.run("evaluate", str(gold), "--model-only", "--json").rows[0]["rules"] == 0
    printed = trained.run("evaluate", str(gold)).out.splitlines()
    assert any(line.split()[:4] == ["routed", "from", "Payments:", "0.40,"] for line in printed)


@pytest.mark.parametrize(("mode", "routed"), [("always", 1.0), ("suggest", 0.0), ("auto", 0.0)])
def test_the_share_routed_is_that_of_the_mode_in_force(
    trained: Case, bare: Path, monkeypatch: pytest.MonkeyPatch, mode: str, routed: float
) -> None:
    trained.run("train")
    gold = write_csv(bare / "gold.csv", [["invoice", "refund my invoice", "Payments"]])
    monkeypatch.setenv("TRIAGED_TRIAGE__MODE", mode)
    monkeypatch.setenv("TRIAGED_TRIAGE__THRESHOLD", "0.4")
    found = trained.run("evaluate", str(gold), "--model-only", "--json").rows[0]
    assert found["routed"] == routed
    assert found["routed_right"] == (1.0 if routed else None)
    assert [part["routed"] for part in (*found["languages"], *found["lengths"])] == [routed, routed]


def test_in_mode_auto_the_thresholds_are_those_that_verified_tickets_earned(
    trained: Case, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.run("train")
    right = Correction("Payments", "PAYMENTS_TEAM", None, Priority.MEDIUM)
    for number in range(60):
        ticket, _ = trained.opened(inbound(mail(f"{number}@customer.example")))
        trained.decide(ticket)
        trained.store.write(lambda s, t=ticket: actions.correct(s, t, right, ADMIN, NOON, retrain_after=0))
    gold = write_csv(bare / "gold.csv", [["invoice", "refund my invoice", "Payments"]])
    monkeypatch.setenv("TRIAGED_TRIAGE__MODE", "auto")
    found = trained.run("evaluate", str(gold), "--model-only", "--json").rows[0]
    assert found["routed_from"]["Payments"] == 0.8
    assert found["routed_from"]["Login"] is None
    assert found["routed"] == 1.0


def test_without_a_database_no_category_is_certified(
    trained: Case, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained.run("train")
    gold = write_csv(bare / "gold.csv", [["invoice", "refund my invoice", "Payments"]])
    monkeypatch.setenv("TRIAGED_TRIAGE__MODE", "auto")
    monkeypatch.setenv("TRIAGED_DATABASE__URL", f"sqlite:///{bare}/none.db")
    outcome = trained.run("evaluate", str(gold), "--model-only")
    assert outcome.code == 0
    assert "no category is certified: " in outcome.err


def test_triage_is_measured_per_language_and_length_and_for_priority(trained: Case, bare: Path) -> None:
    long = "Ich habe das Passwort vergessen und kann mich nicht mit dem Code anmelden"
    rows = [["invoice", "refund my invoice", "Payments", "Low"], ["password", long, "Login", "high"]]
    gold = write_csv(
        bare / "gold.csv", [*rows, ["x", "password", "Login", ""]], ("subject", "body", "label", "priority")
    )
    found = trained.run("evaluate", str(gold), "--json").rows[0]
    assert {part["name"] for part in found["lengths"]} == {"1 to 5 words", "6 to 20 words"}
    assert "German" in {part["name"] for part in found["languages"]}
    assert sum(part["count"] for part in found["languages"]) == len(rows) + 1
    assert found["priority"]["count"] == len(rows)
    assert sum(found["priority"]["confusion"]["High"].values()) == 1
    german = next(part for part in found["languages"] if part["name"] == "German")
    assert {"accuracy", "ece", "routed", "routed_right", "unknown", "priority"} <= set(german)
    assert german["priority"]["count"] == 1
    printed = [line.split("\t") for line in trained.run("evaluate", str(gold)).out.splitlines()]
    for name in ("language", "length"):
        assert [name, "count", "right", "ECE", "routed", "routed_right", "unknown"] in printed
        assert [name, "count", "right", "too_low", "too_high"] in printed
    assert [len(line) for line in printed if line[0] == "German"] == [7, 5]


def test_an_email_in_which_nothing_is_known_is_counted(trained: Case, bare: Path) -> None:
    rows = [["password", "password code", "Login"], ["Xqzt wvbn", "plok mkrt zzgh", "Login"]]
    found = trained.run("evaluate", str(write_csv(bare / "gold.csv", rows)), "--json").rows[0]
    assert found["unknown"] == 0.5
    assert {part["name"]: part["unknown"] for part in found["languages"]}["unknown, Latin script"] > 0


def test_without_known_priorities_only_categories_are_measured(trained: Case, bare: Path) -> None:
    gold = write_csv(bare / "gold.csv", [["invoice", "refund my invoice", "Payments"]])
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
