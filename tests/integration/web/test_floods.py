"""A flood of requests without a token waits, so that email is not slowed; requests with one do not."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from daemon.store.store import Store
from daemon.web import limits
from daemon.web.limits import BURST, LONGEST_WAIT, PER_SECOND, REMEMBERED, Pace
from tests.support.http import Web, recorded_waits, web

FLOODER, OTHER = "198.51.100.7", "198.51.100.8"
MORE = 10


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[Web]:
    with web(sqlite_store, http={"token_requests_per_minute": 100_000}) as found:
        yield found


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return recorded_waits(monkeypatch, Pace)


def client(case: Web, address: str, **headers: str) -> TestClient:
    return TestClient(case.app, "http://localhost", client=(address, 1), headers=headers)


def ask(browser: TestClient, path: str, requests: int) -> None:
    for _ in range(requests):
        browser.get(path, follow_redirects=False)


@pytest.mark.parametrize(
    ("path", "host"),
    [
        *(("/tickets", "localhost"), ("/healthz", "localhost"), ("/metrics", "localhost"), ("/ui/none", "localhost")),
        ("/tickets", "evil.example"),
    ],
)
def test_requests_without_a_token_wait(path: str, host: str, case: Web, waits: list[float]) -> None:
    flooder = client(case, FLOODER, host=host)
    ask(flooder, path, int(BURST))
    assert waits == pytest.approx([0.0] * int(BURST))
    # The first beyond the burst waits for one turn, the next for two ...
    ask(flooder, path, MORE)
    assert waits[-MORE:] == pytest.approx([turn / PER_SECOND for turn in range(1, MORE + 1)])
    # Another client does not.
    ask(client(case, OTHER, host=host), path, MORE)
    assert waits[-MORE:] == pytest.approx([0.0] * MORE)


def test_requests_with_a_token_do_not_wait(case: Web, waits: list[float]) -> None:
    ask(client(case, FLOODER, Authorization=f"Bearer {case.token}"), "/tickets/1", int(BURST) + MORE)
    assert waits == []


def test_a_supervisor_does_not_wait_behind_others(case: Web, waits: list[float]) -> None:
    ask(client(case, FLOODER), "/ui/none", int(BURST) + 1)
    assert waits[-1] > 0
    ask(client(case, FLOODER), "/healthz", MORE)
    assert waits[-MORE:] == pytest.approx([0.0] * MORE)


def test_a_request_waits_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(limits, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(limits, "monotonic", lambda: 1000.0)
    pace = Pace(per_second=10, burst=1)
    for _ in range(3):
        asyncio.run(pace.wait({"client": (FLOODER, 1)}))
    assert slept[-2:] == pytest.approx([0.1, 0.2])


def test_a_client_that_pauses_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(limits, "monotonic", lambda: now[0])
    pace = Pace(per_second=10, burst=20)
    assert [pace.seconds("a") for _ in range(22)][-3:] == pytest.approx([0, 0.1, 0.2])
    now[0] += 2.2
    assert [pace.seconds("a") for _ in range(20)] == [pytest.approx(0)] * 20
    assert pace.seconds("a") == pytest.approx(0.1)


def test_waits_and_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "monotonic", lambda: 1000.0)
    pace = Pace()
    assert max(pace.seconds("a") for _ in range(2000)) == pytest.approx(LONGEST_WAIT)
    for number in range(REMEMBERED + 5):
        pace.seconds(str(number))
    assert len(pace._until) == REMEMBERED


@pytest.mark.parametrize(
    ("host", "counted"),
    [("2001:db8::1", "2001:db8::/64"), ("2001:db8::ffff:1", "2001:db8::/64"), ("192.0.2.1", "192.0.2.1"), ("", "")],
)
def test_a_client_is_its_address_or_network(host: str, counted: str) -> None:
    assert limits._network({"client": (host, 1)}) == counted
    assert limits._network({"client": None}) == ""
