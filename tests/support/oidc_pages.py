"""The pages with an OpenID Connect provider of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from fastapi.testclient import TestClient
from sqlalchemy import select

from daemon.store.models import WebSession
from daemon.store.store import Store
from tests.support.fakes import FakeClock
from tests.support.http import Web, web
from tests.support.oidc_provider import OidcProvider, oidc_provider
from tests.support.pages import MEMBER, SETTINGS, browser, text_of


class OidcCase:
    """The pages, and the provider that they know."""

    def __init__(self, pages: Web, provider: OidcProvider) -> None:
        self.pages, self.provider = pages, provider

    def start(self, client: TestClient) -> str:
        """Press the button, and return where it leads."""
        answer = client.get("/ui/oidc/start")
        assert answer.status_code == 303, text_of(answer)
        return str(answer.headers["location"])

    def sign_in(self, email: str = MEMBER, client: TestClient | None = None) -> httpx2.Response:
        """Press the button, sign in at the provider, and return the answer to the browser that comes back."""
        client = client or browser(self.pages)
        answer: httpx2.Response = client.get(self.provider.approve(self.start(client), email))
        return answer

    def sessions(self) -> list[WebSession]:
        with self.pages.store.read() as session:
            return list(session.execute(select(WebSession)).scalars())


@contextmanager
def known_by(store: Store, **more: Any) -> Iterator[OidcCase]:
    with oidc_provider(FakeClock()) as provider:
        http = {**SETTINGS["http"], "public_url": "http://localhost", "oidc": provider.settings(**more)}
        with web(store, **SETTINGS | {"http": http}) as pages:
            provider.clock = pages.clock
            yield OidcCase(pages, provider)


def refused(case: OidcCase, answer: httpx2.Response, status: int, said: str) -> None:
    """Check that an answer says why, signs nobody in, and leaves no cookie for another try."""
    assert (answer.status_code, said in text_of(answer)) == (status, True), text_of(answer)
    assert case.sessions() == []
    assert "triaged_session" not in answer.headers.get("set-cookie", "")
