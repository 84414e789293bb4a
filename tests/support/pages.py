"""The pages on a store of the test's own: browsers that are signed in, without sockets."""

import re
from html import unescape
from itertools import count
from typing import Any

import httpx2
from fastapi.testclient import TestClient

from daemon.tickets import sign_in
from tests.support.http import Web

ADMIN, MEMBER, VIEWER = "admin@example.com", "ana@example.com", "lead@example.com"
SETTINGS: dict[str, Any] = {
    "service": {"admin": ADMIN},
    "http": {"viewers": [VIEWER]},
    "teams": [
        {"name": name, "email": f"{name.lower().replace('_', '-')}@example.com", "members": [MEMBER]}
        for name in ("PAYMENTS_TEAM", "TECH_SUPPORT", "IDENTITY_TEAM", "GENERAL_SUPPORT", "MANUAL_REVIEW")
    ],
}
_numbers = count(1)
CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


def browser(case: Web) -> TestClient:
    """Return a browser in which nobody is signed in."""
    return TestClient(case.app, "http://localhost", raise_server_exceptions=False, follow_redirects=False)


def signed_in(case: Web, email: str) -> TestClient:
    """Return a browser in which somebody is signed in, without the email in between."""
    made = browser(case)
    now, lifetime = case.clock.now(), sign_in.timedelta(days=14)
    secret = f"secret {next(_numbers)} of {email}"
    case.store.write(
        lambda session: sign_in.web_sessions.add(session, sign_in.digest_of(secret), email, now, now + lifetime)
    )
    made.cookies.set("triaged_session", secret, domain="localhost.local", path="/ui")
    return made


def csrf_of(client: TestClient) -> str:
    """Return what the forms of a browser must send back."""
    found = CSRF.search(client.get("/ui/account").text)
    assert found is not None
    return found[1]


def send(client: TestClient, path: str, **form: str) -> httpx2.Response:
    """Send a form as a page of ours would."""
    answer: httpx2.Response = client.post(path, data={"csrf": csrf_of(client), **form})
    return answer


def text_of(answer: httpx2.Response) -> str:
    """Return the words of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", answer.text))).strip()
