"""What HTTP refuses: callers without a token or scope, foreign hosts, and what is too large or no JSON."""

import json
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import select
from structlog.testing import capture_logs

from daemon.store.models import ApiToken, Event, InboundRow
from daemon.store.store import Store
from daemon.tickets import access
from daemon.tickets.access import Scope
from daemon.web.api.files import download
from daemon.web.app import add_routes
from daemon.web.auth import Requires
from daemon.web.documents import document
from daemon.web.middleware import is_public
from daemon.web.parameters import refuse_unknown
from tests.support.fakes import NOON
from tests.support.http import EXAMPLE, Web, problem, web


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[Web]:
    with web(sqlite_store) as found:
        yield found


def route_of(method: str, path: str) -> APIRoute:
    routes = (route for route in API.routes if isinstance(route, APIRoute))
    [found] = [route for route in routes if route.path == path and method in route.methods]
    return found


def scope_of(method: str, path: str) -> Scope:
    [scope] = [d.call.scope for d in route_of(method, path).dependant.dependencies if isinstance(d.call, Requires)]
    return scope


def filled(path: str) -> str:
    names = ("ticket", "mail", "job", "delivery", "attachment", "answer", "version", "webhook")
    for name in names:
        path = path.replace("{" + name + "}", "1")
    return path


API = FastAPI()
add_routes(API)
# Made once: it takes a fifth of a second.
DOCUMENT = document(API)
OPERATIONS = [
    (method.upper(), path, scope_of(method.upper(), path))
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
]


def test_every_operation_is_known() -> None:
    assert len(OPERATIONS) == 48
    assert not any(is_public(path) for _, path, _ in OPERATIONS)


def test_every_operation_refuses_unknown_parameters() -> None:
    found = [[d.call for d in route_of(method, path).dependant.dependencies] for method, path, _ in OPERATIONS]
    assert all(refuse_unknown in calls for calls in found)


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS])
class TestEveryOperation:
    def test_needs_a_token(self, method: str, path: str, scope: Scope, case: Web) -> None:
        del scope
        assert problem(case.stranger.request(method, filled(path))) == (401, "unauthorized")
        answer = case.client_with("triaged_" + "x" * 43).request(method, filled(path), content=b"{")
        assert problem(answer) == (401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")

    def test_needs_its_scope(self, method: str, path: str, scope: Scope, case: Web) -> None:
        others = case.client_with(case.new_token("others", *(other for other in Scope if other is not scope)))
        body = {"title": "x", "description": "x"} if method == "POST" else {"status": "OPEN"}
        assert problem(others.request(method, filled(path), json=body)) == (403, "forbidden")
        with case.store.read() as session:
            assert session.execute(select(InboundRow.id)).all() == []

    def test_is_documented_with_an_example(self, method: str, path: str, scope: Scope) -> None:
        del scope
        operation = DOCUMENT["paths"][path][method.lower()]
        contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        [done] = [answer for status, answer in operation["responses"].items() if status in {"200", "201", "204"}]
        contents += [done["content"]] if "content" in done else []
        schemas = [content["schema"] for by_type in contents for content in by_type.values()]
        assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys()
        assert operation["summary"]
        for schema in schemas:
            name = schema.get("$ref", "").rpartition("/")[2]
            assert not name or has_example(DOCUMENT["components"]["schemas"], name), name


def has_example(schemas: dict[str, dict[str, object]], name: str) -> bool:
    """Say whether a schema has an example, or is a list of what has one."""
    inner = json.dumps(schemas[name].get("properties", {})).split("#/components/schemas/")
    return "examples" in schemas[name] or any("examples" in schemas[part.partition('"')[0]] for part in inner[1:])


class TestTokens:
    def test_only_the_hash_is_stored(self, case: Web) -> None:
        with case.store.read() as session:
            row = session.execute(select(ApiToken)).scalars().one()
            [event] = session.execute(select(Event.data)).scalars()
        assert row.digest == access.digest_of(case.token)
        assert case.token not in json.dumps(event)
        assert len(case.token) == len("triaged_") + 43

    def test_a_revoked_token_is_refused(self, case: Web) -> None:
        assert case.client.get("/tickets").status_code == 200
        case.store.write(lambda session: access.revoke(session, "all", "test", NOON))
        case.forget_tokens()
        assert problem(case.client.get("/tickets")) == (401, "unauthorized")

    def test_the_last_use_is_noted(self, case: Web) -> None:
        case.client.get("/tickets")
        case.store.write(lambda _: None)
        with case.store.read() as session:
            assert session.execute(select(ApiToken.last_used_at)).scalar_one() == NOON

    @pytest.mark.parametrize("query", ["token", "access_token", "authorization"])
    def test_a_token_in_the_url_does_not_count(self, query: str, case: Web) -> None:
        assert problem(case.stranger.get("/tickets", params={query: case.token})) == (401, "unauthorized")

    def test_no_token_is_logged(self, case: Web, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("DEBUG")
        case.opened()
        case.client_with("triaged_" + "s" * 43).get("/tickets", params={"text": "secret words"})
        assert case.token not in caplog.text
        assert "s" * 43 not in caplog.text
        assert "secret words" not in caplog.text

    @pytest.mark.usefixtures("stopped_refill")
    def test_too_many_requests_of_a_token_are_told_when_to_come_again(self, sqlite_store: Store) -> None:
        with web(sqlite_store, http={"token_requests_per_minute": 2}) as case:
            answers = [case.client.get("/tickets") for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200, 200, 429]
            assert 1 <= int(answers[2].headers["retry-after"]) <= 30
            other = case.client_with(case.new_token("other", Scope.TICKETS_READ))
            assert other.get("/tickets").status_code == 200


class TestHosts:
    @pytest.mark.parametrize("host", ["evil.example", "", "localhost.evil.example", "a b", "127.0.0.1.evil.example"])
    def test_a_foreign_host_is_refused(self, host: str, case: Web) -> None:
        assert problem(case.client.get("/tickets", headers={"Host": host})) == (400, "bad-host")

    @pytest.mark.parametrize(
        "host", ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "help.example.com"]
    )
    def test_our_own_names_are_served(self, host: str, sqlite_store: Store) -> None:
        with web(sqlite_store, http={"public_url": "https://help.example.com"}) as case:
            assert case.client.get("/tickets", headers={"Host": host}).status_code == 200


class TestBodies:
    def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(self, sqlite_store: Store) -> None:
        with web(sqlite_store, http={"body_bytes": 1024}) as case:
            headers = {"Content-Type": "application/json"}
            whole = case.client.post("/tickets", content=b"x" * 1025, headers=headers)
            parts = case.client.post("/tickets", content=iter([b"x" * 1000, b"x" * 25]), headers=headers)
            assert problem(whole) == problem(parts) == (413, "too-large")

    @pytest.mark.parametrize(
        "body", [b"{", b"[" * 100_000, b'{"title": "\xff"}', b"1" * 5000, b"", b"null", b"[]", b'{"title": NaN}']
    )
    def test_a_malformed_body_is_refused(self, body: bytes, case: Web) -> None:
        answer = case.client.post("/tickets", content=body, headers={"Content-Type": "application/json"})
        assert problem(answer) in {(400, "bad-request"), (422, "invalid")}

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
    def test_a_body_that_is_no_json_is_refused(self, kind: str, case: Web) -> None:
        answer = case.client.post("/tickets", content=json.dumps(EXAMPLE), headers={"Content-Type": kind})
        assert problem(answer) == (415, "unsupported-media-type")


def test_what_does_not_exist_is_hidden_from_strangers(case: Web) -> None:
    assert problem(case.stranger.get("/nothing")) == (401, "unauthorized")
    missing = case.client.get("/nothing")
    assert problem(missing) == (404, "not-found")
    assert "/docs" in missing.json()["detail"]
    assert problem(case.client.delete("/tickets")) == (405, "method-not-allowed")


@pytest.mark.parametrize(
    "path", ["/docs/files/../documents.py", "/docs/files/%2e%2e/%2e%2e/app.py", "/docs/files//etc/passwd"]
)
def test_no_path_leads_out_of_the_files_of_the_documents(path: str, case: Web) -> None:
    assert case.stranger.get(path).status_code in {401, 404}


def test_the_documents_load_nothing_from_elsewhere(case: Web) -> None:
    page = case.stranger.get("/docs")
    assert "//" not in page.text.replace("<!doctype html>", "")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    for file in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert case.stranger.get(f"/docs/files/{file}").status_code == 200
    assert case.stranger.get("/openapi.json").json()["paths"]


def test_every_answer_has_the_security_headers(case: Web) -> None:
    for answer in (case.client.get("/tickets"), case.stranger.get("/tickets"), case.stranger.get("/docs")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_file_from_outside_is_a_download_whatever_its_name() -> None:
    answer = download(b"<script>", 'a"\r\nSet-Cookie: x=1; \u202e.html')
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''a%22%0D%0ASet-Cookie")


def test_more_requests_than_are_allowed_at_a_time_are_refused(sqlite_store: Store) -> None:
    with web(sqlite_store, http={"requests": 1}) as case:
        inner: list[tuple[int, str]] = []

        def busy() -> bool:
            inner.append(problem(case.client_with(case.token).get("/tickets")))
            return True

        case.services_room(busy)
        assert case.client.post("/tickets", json=EXAMPLE).status_code == 201
        assert inner == [(503, "unavailable")]


def test_an_error_of_ours_is_a_problem_without_details(case: Web) -> None:
    def broken() -> bool:
        raise ZeroDivisionError("secret")

    case.services_room(broken)
    answer = case.client.post("/tickets", json=EXAMPLE)
    assert problem(answer) == (500, "internal")
    assert "secret" not in answer.text


def test_an_error_of_ours_that_repeats_does_not_fill_the_log(case: Web) -> None:
    def broken() -> bool:
        raise ArithmeticError

    case.services_room(broken)
    with capture_logs() as lines:
        for _ in range(20):
            assert case.client.post("/tickets", json=EXAMPLE).status_code == 500
    assert 0 < sum(line["event"] == "http request failed" for line in lines) <= 5
