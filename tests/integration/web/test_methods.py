"""HEAD, as load balancers and link checkers send it, and what a method that is not offered is answered."""

from collections.abc import Iterator

import pytest

from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, signed_in
from tests.support.tickets_for_pages import accepted


@pytest.fixture
def case(store: Store) -> Iterator[Web]:
    with web(store, **SETTINGS) as found:
        yield found


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/ui/sign-in", "/tickets", "/tickets/1"]
)
def test_head_is_answered_as_get_without_a_body(case: Web, path: str) -> None:
    accepted(case, mail())
    asked, head = case.client.get(path), case.client.head(path)
    assert head.status_code == asked.status_code == 200
    assert head.headers["content-type"] == asked.headers["content-type"]
    assert head.headers["content-length"] == str(len(asked.content))
    assert head.content == b""


def test_head_needs_a_token_where_get_does(case: Web) -> None:
    assert case.stranger.head("/tickets").status_code == 401
    assert case.stranger.head("/ui").status_code in (303, 200)
    assert signed_in(case, MEMBER).head("/ui").status_code == 200


def test_head_opens_no_stream_of_events(case: Web) -> None:
    answer = case.client.head("/events")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.content == b""


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/tickets", "GET, HEAD, POST"),
        ("DELETE", "/tickets/1", "GET, HEAD, PATCH"),
        ("POST", "/healthz", "GET, HEAD"),
        ("GET", "/triage", "POST"),
        ("POST", "/events", "GET"),
    ],
)
def test_a_refused_method_is_answered_with_all_that_are_offered(
    case: Web, method: str, path: str, allowed: str
) -> None:
    answer = case.client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert allowed in answer.json()["detail"]
