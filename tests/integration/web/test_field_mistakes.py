"""The answer to a field that is not valid says what is wrong and what would be right, in words."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.http import EXAMPLE, Web, web


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store) as found:
        yield found


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({**EXAMPLE, "email": "nonsense"}, "body.email", "not an email address such as ana@example.com"),
        ({**EXAMPLE, "name": "a\nb"}, "body.name", "has a line break or another control character"),
        ({**EXAMPLE, "title": "a\x00b"}, "body.title", "has a line break or another control character"),
        ({**EXAMPLE, "description": "a\x00b"}, "body.description", "has a control character such as NUL"),
        ({**EXAMPLE, "description": ""}, "body.description", "must not be empty"),
        ({**EXAMPLE, "title": "  "}, "body.title", "must not be empty"),
        ({**EXAMPLE, "titel": "x"}, "body.titel", "unknown field; remove it, or check its spelling"),
        ([], "body", "send a JSON object"),
    ],
)
def test_a_new_ticket(case: Web, body: object, field: str, message: str) -> None:
    answer = case.client.post("/tickets", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": field, "message": message}]
    assert answer.json()["detail"] == f"{field}: {message}"


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "message"),
    [
        ("PATCH", "/tickets/1", {}, "body", "name at least one of status, wait_until, team, category and priority"),
        ("GET", "/tickets?since=5", None, "query.since", "not a time as in 2026-11-28T09:00:00Z"),
        ("GET", "/tickets?text=%00", None, "query.text", "has a line break or another control character"),
        (
            "POST",
            "/webhooks",
            {"name": "a b", "url": "https://shop.example", "events": ["ticket.created"]},
            "body.name",
            "not a name of letters, digits and . _ - that begins with a letter or digit",
        ),
        (
            "POST",
            "/webhooks",
            {"name": "a", "url": "ftp://shop.example", "events": ["ticket.created"]},
            "body.url",
            "not a URL such as https://shop.example/hooks",
        ),
    ],
)
def test_others(case: Web, method: str, path: str, body: object, field: str, message: str) -> None:
    answer = case.client.request(method, path, json=body)
    assert answer.json()["errors"] == [{"field": field, "message": message}]


def test_a_key_that_is_no_ascii_text(case: Web) -> None:
    answer = case.client.post("/tickets", json=EXAMPLE, headers={"Idempotency-Key": "caf\u00e9".encode("latin-1")})
    assert answer.json()["errors"][0]["message"] == "has a character that is not printable ASCII"


def test_optional_fields_may_be_null(case: Web) -> None:
    answer = case.client.post("/tickets", json={**EXAMPLE, "email": None, "name": None, "to": None})
    assert answer.status_code == 201
