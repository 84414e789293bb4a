"""A flood of requests from many addresses waits as one, and delays nobody who proved who they are."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from daemon.store.store import Store
from daemon.web import limits
from daemon.web.limits import CROWDED, CommonPace
from tests.support.http import Web, recorded_waits, web
from tests.support.pages import MEMBER, SETTINGS, signed_in

BURST = 8
RATE = 10.0


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return for how long requests wait for those of all others."""
    monkeypatch.setattr(limits, "ALL_BURST", float(BURST))
    monkeypatch.setattr(limits, "ALL_PER_SECOND", RATE)
    return recorded_waits(monkeypatch, CommonPace)


@pytest.fixture
def case(sqlite_store: Store, waits: list[float]) -> Iterator[Web]:
    del waits
    with web(sqlite_store, **SETTINGS) as found:
        yield found


def flood(case: Web, path: str, requests: int, **headers: str) -> None:
    """Ask from another address each time."""
    for number in range(requests):
        client = TestClient(case.app, "http://localhost", client=(f"198.51.100.{number}", 1), headers=headers)
        client.get(path, follow_redirects=False)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/tickets", {}),
        ("/tickets", {"Authorization": "Bearer triaged_" + "x" * 40}),
        ("/ui/sign-in", {}),
        ("/ui", {"Cookie": "triaged_session=guessed"}),
        ("/healthz", {}),
        ("/tickets", {"Host": "evil.example"}),
    ],
)
def test_requests_of_many_addresses_wait_together(
    case: Web, waits: list[float], path: str, headers: dict[str, str]
) -> None:
    flood(case, path, BURST + 3, **headers)
    assert waits == pytest.approx([0.0] * BURST + [turn / RATE for turn in (1, 2, 3)])


def test_probes_and_pages_do_not_wait_for_each_other(case: Web, waits: list[float]) -> None:
    flood(case, "/ui/sign-in", BURST + 3)
    waits.clear()
    flood(case, "/healthz", 1)
    assert waits == [0.0]


def test_a_token_that_is_in_force_never_waits(case: Web, waits: list[float]) -> None:
    flood(case, "/tickets", BURST + 3)
    waits.clear()
    flood(case, "/tickets/1", BURST + 3, Authorization=f"Bearer {case.token}")
    assert waits == []


def test_who_is_signed_in_waits_once_at_most(case: Web, waits: list[float]) -> None:
    cookie = f"triaged_session={signed_in(case, MEMBER).cookies['triaged_session']}"
    flood(case, "/ui/sign-in", BURST + 3)
    waits.clear()
    flood(case, "/ui", 5, Cookie=cookie)
    flood(case, "/ui/files/pages.css", 5, Cookie=cookie)
    assert len(waits) == 1


def test_who_is_known_is_served_where_a_flood_takes_all_connections(case: Web) -> None:
    async def crowded(scope: Scope, receive: Receive, send: Send) -> None:
        await case.app({**scope, CROWDED: True}, receive, send)

    def asked(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return TestClient(crowded, "http://localhost", headers=headers).get("/tickets").status_code

    known, unknown = case.token, "triaged_" + "x" * 40
    assert case.client_with(known).get("/tickets").status_code == 200
    assert (asked(known), asked(unknown)) == (200, 503)


def test_turns_are_given_out_at_a_rate_and_come_back() -> None:
    pace = CommonPace(per_second=10, burst=3, longest=0.5)
    assert [pace.seconds(now=50.0) for _ in range(10)] == pytest.approx([0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5])
    assert [pace.seconds(now=51.0) for _ in range(4)] == pytest.approx([0, 0, 0, 0.1])
