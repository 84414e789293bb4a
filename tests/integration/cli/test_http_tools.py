"""POST /triage and the models over HTTP, with a model that was trained for it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from config.settings import Settings, load
from daemon.cli.models import LONGEST_REASON, MAX_REASONS
from daemon.cli.support.web_tools import HttpTools
from daemon.store.models import Event, InboundRow, Ticket
from daemon.store.store import Store
from tests.support.cli import Case
from tests.support.http import EXAMPLE, Web, problem, web
from tests.support.small_model import small_corpus
from workers.app import registry

CORPUS = [example for example in small_corpus() if "," not in example.body]


@pytest.fixture
def tooled(bare: Path, case: Case, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """The application with its tools, and two versions of a small model."""
    folder = bare / "examples"
    folder.mkdir()
    lines = [f"{example.subject},{example.body},{example.category}\n" for example in CORPUS]
    (folder / "few.csv").write_text("subject,body,category\n" + "".join(lines), encoding="utf-8")
    monkeypatch.setenv("TRIAGED_TRIAGE__EXAMPLES", str(folder))
    more = bare / "more.csv"
    more.write_text("subject,body,category\none more,please refund my order,Payments\n", encoding="utf-8")
    assert case.run("train").code == 0
    assert case.run("train", "--from", str(more)).code == 0
    settings: Settings = load()
    with web(case.store, tools=HttpTools(settings, case.store)) as found:
        yield found


def rows(store: Store) -> tuple[int, int]:
    with store.read() as session:
        counts = [
            session.execute(select(func.count()).select_from(table)).scalar_one() for table in (InboundRow, Ticket)
        ]
    return counts[0], counts[1]


def listed(tooled: Web) -> list[dict[str, Any]]:
    models: list[dict[str, Any]] = tooled.client.get("/models").json()["models"]
    return models


def test_triage_is_tried_and_nothing_is_stored(tooled: Web) -> None:
    by_rule = tooled.client.post("/triage", json=EXAMPLE).json()
    assert (by_rule["category"], by_rule["priority"], by_rule["confidence"]) == ("Payments", "High", 1.0)
    assert (by_rule["team"], by_rule["rule"]) == ("PAYMENTS_TEAM", "debited, not credited")
    by_model = tooled.client.post("/triage", json={"title": "", "description": "my password is refused"}).json()
    assert by_model["rule"] is None
    assert [by_model["model"]] == [row["version"] for row in listed(tooled) if row["current"]]
    assert 0 < by_model["confidence"] <= 1
    assert by_model["reasons"]
    assert rows(tooled.store) == (0, 0)


def test_a_model_tells_why_it_was_put_in_force(tooled: Web) -> None:
    reasons = [row["reasons"] for row in listed(tooled)]
    assert ["there is no model yet" in one for one in reasons] == [True, False]
    assert any(reason.startswith("regression set: ") for reason in reasons[1])


def test_reasons_are_bounded_and_harmless(tooled: Web) -> None:
    models = registry(load())
    newest = replace(models.load(), version="20990101-000000-many")
    models.save(newest, corpus="", figures={}, notes=("\x1b[31m red\n" + "x" * 5000,) * 5000)
    reasons = tooled.client.get(f"/models/{newest.version}").json()["reasons"]
    assert len(reasons) == MAX_REASONS
    assert {len(reason) for reason in reasons} == {LONGEST_REASON}
    assert all(reason.isprintable() for reason in reasons)


def test_a_model_is_shown_promoted_and_rolled_back_by_name(tooled: Web) -> None:
    # Both were made in the same second, so that their names say nothing about the order.
    older, newer = sorted(listed(tooled), key=lambda row: bool(row["current"]))
    first, second = older["version"], newer["version"]
    assert (older["current"], newer["current"]) == (False, True)
    assert tooled.client.get(f"/models/{first}").json() == older
    assert tooled.client.post(f"/models/{first}/promote").json()["current"]
    assert tooled.client.post("/models/rollback").json()["version"] == second
    with tooled.store.read() as session:
        events = session.execute(select(Event.data).where(Event.kind == "model promoted").order_by(Event.id)).scalars()
        by_http = [(one["actor"], one["model"]) for one in events if one.get("source") != "cli"]
        assert by_http == [("http:all", first), ("http:all", second)]


@pytest.mark.parametrize("version", ["none", "%2e%2e%2fkeys", "a b"])
def test_a_model_that_is_not_there_is_not_found(version: str, tooled: Web) -> None:
    assert problem(tooled.client.get(f"/models/{version}"))[0] == 404
    assert problem(tooled.client.post(f"/models/{version}/promote"))[0] in {404, 405}
