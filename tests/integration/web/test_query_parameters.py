"""Parameters of a query: a wrong name must not make a list longer than what was asked for."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.http import Web, web


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store) as found:
        yield found


@pytest.mark.parametrize("path", ["/tickets", "/mail", "/jobs", "/deliveries", "/stats/triage", "/webhooks", "/stats"])
def test_an_unknown_parameter_is_refused(case: Web, path: str) -> None:
    answer = case.client.get(path, params={"assigned_team": "PAYMENTS_TEAM"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.assigned_team"
    assert "unknown" in answer.json()["detail"]


def test_the_answer_names_the_parameters_that_there_are(case: Web) -> None:
    answer = case.client.get("/tickets", params={"state": "OPEN"})
    assert "one of status, team, category, requester, text, since, updated_since, limit, cursor" in answer.text


def test_a_parameter_that_is_given_twice_is_refused(case: Web) -> None:
    answer = case.client.get("/tickets?status=OPEN&status=CLOSED")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "query.status", "message": "given more than once"}]


def test_an_operation_without_parameters_says_so(case: Web) -> None:
    answer = case.client.post("/tickets?notify=no", json={"title": "a", "description": "b"})
    assert answer.status_code == 422
    assert "this operation has no parameters" in answer.json()["detail"]
    assert case.client.get("/tickets").json() == {"tickets": []}


def test_what_there_is_may_be_asked_for(case: Web) -> None:
    assert case.client.get("/tickets", params={"status": "OPEN", "limit": 1, "since": "2026-01-01"}).status_code == 200
