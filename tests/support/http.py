"""The HTTP application on a store of the test's own, called without a socket."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from config.settings import Settings
from daemon.store import keys
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.tickets import access
from daemon.tickets.access import Scope
from daemon.tickets.intake import Intake
from daemon.web import limits
from daemon.web.app import create_app
from daemon.web.auth import REMEMBERED_SECONDS
from daemon.web.limits import CommonPace, Pace
from daemon.web.services import WebServices
from daemon.web.tools import WebTools
from tests.support.domain_values import identity
from tests.support.emails import SUPPORT
from tests.support.fakes import NOON, FakeClock, Woken

EXAMPLE = {"title": "Payment failed", "description": "Amount debited but not credited"}


class Web:
    """The application, its parts, and a client whose token may do everything."""

    def __init__(
        self,
        store: Store,
        threads: ThreadPoolExecutor,
        name: str = "all",
        tools: WebTools | None = None,
        **settings: Any,
    ) -> None:
        self.store, self.clock, self.woken = store, FakeClock(), Woken()
        signing = store.write(lambda session: keys.ensure(session, NOON))
        support = {"addresses": [SUPPORT]}
        self.settings = Settings(**{"support": support, **settings})
        self.intake = Intake(store, identity(own_addresses=self.settings.support.own, keys=signing), self.woken)
        self.room = True
        self._has_room: Callable[[], bool] = lambda: self.room
        self.services = WebServices(
            self.settings,
            store,
            self.intake,
            Keyring(signing),
            self.clock,
            self.woken,
            threads,
            self._asked,
            tools,
        )
        self.app: FastAPI = create_app(self.services)
        self.token = self.new_token(name, *Scope)
        self.client = self.client_with(self.token)
        self.stranger = TestClient(self.app, "http://localhost", raise_server_exceptions=False)

    def _asked(self) -> bool:
        return self._has_room()

    def services_room(self, has_room: Callable[[], bool]) -> None:
        """Let every new ticket call this first."""
        self._has_room = has_room

    def forget_tokens(self) -> None:
        """Let a second pass, after which a token is looked up again."""
        time.sleep(REMEMBERED_SECONDS)

    def new_token(self, name: str, *scopes: Scope) -> str:
        return self.store.write(lambda session: access.create(session, name, scopes, "test", NOON))

    def client_with(self, token: str) -> TestClient:
        headers = {"Authorization": f"Bearer {token}"}
        return TestClient(self.app, "http://localhost", raise_server_exceptions=False, headers=headers)

    def opened(self, **more: Any) -> dict[str, Any]:
        """Open a ticket and return it."""
        answer = self.client.post("/tickets", json=EXAMPLE | more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@contextmanager
def web(store: Store, name: str = "all", tools: WebTools | None = None, **settings: Any) -> Iterator[Web]:
    """Give the application on a store."""
    with ThreadPoolExecutor(4) as threads:
        yield Web(store, threads, name, tools, **settings)


def problem(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and the kind of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["type"].removeprefix("urn:triaged:problem:")


def recorded_waits(monkeypatch: pytest.MonkeyPatch, pace: type[Pace] | type[CommonPace]) -> list[float]:
    """Record for how long requests wait by a pace, at a clock that stands still; no time passes."""
    found: list[float] = []
    count: Any = pace.seconds

    def counted(one: object, about: object) -> float:
        found.append(count(one, about))
        return 0.0

    monkeypatch.setattr(limits, "monotonic", lambda: 1000.0)
    monkeypatch.setattr(pace, "seconds", counted)
    return found
