"""A sign-out leads on to the provider, which would otherwise sign the next person in without a question."""

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient

from daemon.store.store import Store
from tests.support.oidc_pages import OidcCase, known_by
from tests.support.oidc_provider import CLIENT
from tests.support.pages import MEMBER, browser, send, signed_in, text_of


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[OidcCase]:
    with known_by(sqlite_store) as found:
        found.provider.metadata["end_session_endpoint"] = f"{found.provider.issuer}/end?realm=staff"
        yield found


def by_provider(case: OidcCase) -> TestClient:
    client = browser(case.pages)
    assert case.sign_in(client=client).status_code == 303
    return client


def led_to(answer: httpx2.Response) -> str:
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)
    assert found is not None, text_of(answer)
    return unescape(found[1])


@pytest.mark.parametrize("path", ["/ui/sign-out", "/ui/sign-out/everywhere"])
def test_a_sign_out_leads_to_that_of_the_provider(case: OidcCase, path: str) -> None:
    client = by_provider(case)
    token = client.cookies["triaged_id_token"]
    answer = send(client, path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/sign-out")
    assert client.get("/ui/account").status_code == 303
    url = led_to(client.get("/ui/sign-out"))
    assert url.startswith(f"{case.provider.issuer}/end?realm=staff&")
    assert parse_qs(urlsplit(url).query) == {
        "realm": ["staff"],
        "client_id": [CLIENT],
        "post_logout_redirect_uri": ["http://localhost/ui/sign-in"],
        "id_token_hint": [token],
    }
    assert "triaged_id_token" not in client.cookies
    assert "signed out" in text_of(client.get("/ui/sign-in"))
    assert client.get("/ui/sign-out").headers["location"] == "/ui"


def test_the_token_goes_to_the_sign_out_only(case: OidcCase) -> None:
    client = browser(case.pages)
    cookies = case.sign_in(client=client).headers.get_list("set-cookie")
    [cookie] = [one for one in cookies if one.startswith("triaged_id_token=")]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/ui/sign-out"))
    assert "triaged_id_token" not in client.get("/ui").request.headers["cookie"]


def test_a_token_that_is_too_long_for_a_cookie_is_left_out(case: OidcCase) -> None:
    case.provider.claims["groups"] = "x" * 5000
    client = by_provider(case)
    send(client, "/ui/sign-out")
    assert "id_token_hint" not in led_to(client.get("/ui/sign-out"))


def test_who_signed_in_by_a_link_stays_here(case: OidcCase) -> None:
    answer = send(signed_in(case.pages, MEMBER), "/ui/sign-out")
    assert answer.headers["location"] == "/ui/sign-in"


def test_nobody_is_signed_out_by_an_address(case: OidcCase) -> None:
    client = by_provider(case)
    assert client.get("/ui/sign-out").headers["location"] == "/ui"
    assert client.get("/ui/account").status_code == 200


@pytest.mark.parametrize("endpoint", [None, "", "ftp://x/", "javascript:alert(1)", "http://other.example/", 7])
def test_a_provider_without_a_usable_sign_out_signs_in_all_the_same(case: OidcCase, endpoint: object) -> None:
    case.provider.metadata["end_session_endpoint"] = endpoint
    client = by_provider(case)
    send(client, "/ui/sign-out")
    answer = client.get("/ui/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/sign-in")
    assert "You are signed out." in text_of(client.get("/ui/sign-in"))


def test_a_provider_that_is_down_does_not_keep_anybody_signed_in(case: OidcCase) -> None:
    client = by_provider(case)
    case.pages.clock.advance(hours=2)
    case.provider.status[".well-known/openid-configuration"] = 500
    send(client, "/ui/sign-out")
    assert client.get("/ui/sign-out").headers["location"] == "/ui/sign-in"
    assert client.get("/ui/account").headers["location"] == "/ui/sign-in"
