"""A flood of requests without a token waits, so that email is not slowed; requests with one do not."""

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from daemon.store.store import Store
from daemon.web import limits
from daemon.web.limits import BURST, LONGEST_WAIT, PER_SECOND, REMEMBERED, Pace
from tests.support.http import Web, web

FLOODER, OTHER = "198.51.100.7", "198.51.100.8"
MORE = 10
# The first beyond the burst waits for one turn, the next for two ...
WAITED = sum(range(1, MORE + 1)) / PER_SECOND


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[Web]:
    with web(sqlite_store, http={"token_requests_per_minute": 100_000}) as found:
        yield found


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "monotonic", lambda: 1000.0)


def client(case: Web, address: str, **headers: str) -> TestClient:
    return TestClient(case.app, "http://localhost", client=(address, 1), headers=headers)


def seconds(browser: TestClient, path: str, requests: int) -> float:
    begun = time.monotonic()
    for _ in range(requests):
        browser.get(path, follow_redirects=False)
    return time.monotonic() - begun


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize(
    ("path", "host"),
    [
        *(("/tickets", "localhost"), ("/healthz", "localhost"), ("/metrics", "localhost"), ("/ui/none", "localhost")),
        ("/tickets", "evil.example"),
    ],
)
def test_requests_without_a_token_wait(path: str, host: str, case: Web) -> None:
    flooder = client(case, FLOODER, host=host)
    seconds(flooder, path, int(BURST))
    assert seconds(flooder, path, MORE) >= WAITED
    # Another client does not.
    assert seconds(client(case, OTHER, host=host), path, MORE) < WAITED


@pytest.mark.usefixtures("stopped")
def test_requests_with_a_token_do_not_wait(case: Web) -> None:
    program = client(case, FLOODER, Authorization=f"Bearer {case.token}")
    seconds(program, "/tickets/1", int(BURST))
    assert seconds(program, "/tickets/1", MORE) < WAITED


@pytest.mark.usefixtures("stopped")
def test_a_supervisor_does_not_wait_behind_others(case: Web) -> None:
    seconds(client(case, FLOODER), "/ui/none", int(BURST) + 1)
    assert seconds(client(case, FLOODER), "/healthz", MORE) < WAITED


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
