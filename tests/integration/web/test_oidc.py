"""Sign-in by an OpenID Connect provider: who gets in, from which browser."""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import select

from daemon.store.models import Event
from daemon.store.store import Store
from daemon.tickets.sign_in import digest_of
from tests.support.http import web
from tests.support.oidc_pages import OidcCase, known_by, refused
from tests.support.oidc_provider import SECRET
from tests.support.pages import ADMIN, MEMBER, SETTINGS, VIEWER, browser, text_of


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[OidcCase]:
    with known_by(sqlite_store) as found:
        yield found


class TestWhoMaySignIn:
    @pytest.mark.parametrize("email", [MEMBER, ADMIN, VIEWER, MEMBER.upper(), "payments-team@example.com"])
    def test_is_decided_as_for_links(self, case: OidcCase, email: str) -> None:
        client = browser(case.pages)
        done = case.sign_in(email, client)
        assert (done.status_code, done.headers["location"]) == (303, "/ui")
        assert email.lower() in client.get("/ui/account").text
        with case.pages.store.read() as session:
            [event] = session.execute(select(Event).where(Event.kind == "signed in")).scalars()
        assert event.data == {"actor": email.lower(), "by": "oidc"}

    @pytest.mark.parametrize("email", ["stranger@example.net", "ana@example.com.evil.example", "x@payments"])
    def test_a_stranger_is_refused(self, case: OidcCase, email: str) -> None:
        answer = case.sign_in(email)
        assert answer.status_code in (400, 403)
        refused(case, answer, answer.status_code, "not signed in")

    @pytest.mark.parametrize("email", ["", None, "operator", 7, ["ana@example.com"]])
    def test_nobody_is_not_the_operator(self, case: OidcCase, email: object) -> None:
        case.provider.claims["email"] = email
        refused(case, case.sign_in(), 400, "no email address")

    @pytest.mark.parametrize("verified", [False, None, "true", 1])
    def test_an_address_that_is_not_verified_is_refused(self, case: OidcCase, verified: object) -> None:
        case.provider.claims["email_verified"] = verified
        refused(case, case.sign_in(), 400, "did not verify the email address")

    def test_the_page_that_was_asked_for_comes_next(self, case: OidcCase) -> None:
        client = browser(case.pages)
        client.get("/ui/account?from=email")
        assert case.sign_in(client=client).headers["location"] == "/ui/account?from=email"

    def test_a_planted_session_is_worth_nothing(self, case: OidcCase) -> None:
        client = browser(case.pages)
        client.cookies.set("triaged_session", "planted", domain="localhost.local", path="/ui")
        assert case.sign_in(client=client).status_code == 303
        assert [row.digest == digest_of("planted") for row in case.sessions()] == [False]


class TestBrowser:
    def test_another_browser_is_refused(self, case: OidcCase) -> None:
        client = browser(case.pages)
        path = case.provider.approve(case.start(client), MEMBER)
        other = browser(case.pages)
        refused(case, other.get(path), 400, "did not begin in this browser")
        case.start(other)
        refused(case, other.get(path), 400, "did not begin in this browser")

    @pytest.mark.parametrize("state", ["", "x", "é", "a" * 500])
    def test_a_wrong_state_is_refused(self, case: OidcCase, state: str) -> None:
        client = browser(case.pages)
        path = case.provider.approve(case.start(client), MEMBER, state=state)
        refused(case, client.get(path), 400, "did not begin in this browser")
        assert "token" not in case.provider.requests

    @pytest.mark.parametrize("cookie", ["", "x", "1.x", "9999999999.x", "9999999999." + "x" * 500])
    def test_a_made_up_cookie_is_refused(self, case: OidcCase, cookie: str) -> None:
        client = browser(case.pages)
        path = case.provider.approve(case.start(client), MEMBER)
        client.cookies.clear()
        client.cookies.set("triaged_oidc", cookie, domain="localhost.local", path="/ui")
        refused(case, client.get(path), 400, "did not begin in this browser")

    def test_a_sign_in_ends_after_its_minutes(self, case: OidcCase) -> None:
        client = browser(case.pages)
        path = case.provider.approve(case.start(client), MEMBER)
        case.pages.clock.advance(minutes=10)
        refused(case, client.get(path), 400, "last ten minutes")

    def test_a_code_works_once(self, case: OidcCase) -> None:
        client = browser(case.pages)
        path = case.provider.approve(case.start(client), MEMBER)
        kept = client.cookies["triaged_oidc"]
        assert client.get(path).status_code == 303
        assert "triaged_oidc" not in client.cookies
        assert "did not begin" in text_of(client.get(path))
        client.cookies.set("triaged_oidc", kept, domain="localhost.local", path="/ui")
        again = client.get(path)
        assert (again.status_code, "used or too old" in text_of(again)) == (400, True)
        assert len(case.sessions()) == 1

    def test_a_failure_uses_the_cookie_up(self, case: OidcCase) -> None:
        client = browser(case.pages)
        assert case.sign_in("stranger@example.net", client).status_code == 403
        assert "triaged_oidc" not in client.cookies

    def test_the_cookie_is_for_no_script_and_no_other_site(self, case: OidcCase) -> None:
        cookie = browser(case.pages).get("/ui/oidc/start").headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/ui", "Max-Age=600"))

    def test_what_is_sent_to_the_provider_shows_no_verifier(self, case: OidcCase) -> None:
        client = browser(case.pages)
        url = case.start(client)
        assert client.get(case.provider.approve(url, MEMBER)).status_code == 303
        [(form, authorization)] = case.provider.posted
        assert form["code_verifier"] not in url
        assert client.cookies.get("triaged_oidc", "") not in form.values()
        assert authorization.startswith("Basic ")
        assert SECRET not in str(form)

    def test_another_verifier_is_refused_by_the_provider(self, case: OidcCase) -> None:
        client = browser(case.pages)
        path = case.provider.approve(case.start(client), MEMBER, code_challenge="x" * 43)
        refused(case, client.get(path), 400, "code is wrong")

    def test_a_refusal_of_the_provider_is_shown(self, case: OidcCase) -> None:
        client = browser(case.pages)
        state = dict(httpx2.URL(case.start(client)).params)["state"]
        answer = client.get(f"/ui/oidc/callback?error=access_denied&state={state}")
        refused(case, answer, 400, "access_denied")

    @pytest.mark.usefixtures("stopped_refill")
    def test_too_many_tries_are_refused(self, case: OidcCase) -> None:
        client = browser(case.pages)
        assert [client.get("/ui/oidc/callback").status_code for _ in range(25)][-1] == 429


class TestButton:
    def test_has_the_label_of_the_settings(self, sqlite_store: Store) -> None:
        with known_by(sqlite_store, label="Staff <login>") as case:
            page = browser(case.pages).get("/ui/sign-in").text
        assert 'href="/ui/oidc/start">Staff &lt;login&gt;</a>' in page

    def test_is_not_there_without_a_provider(self, sqlite_store: Store) -> None:
        with web(sqlite_store, **SETTINGS) as pages:
            assert "oidc" not in browser(pages).get("/ui/sign-in").text
            assert browser(pages).get("/ui/oidc/start").status_code == 404

    def test_leads_home_who_is_signed_in(self, case: OidcCase) -> None:
        client = browser(case.pages)
        case.sign_in(client=client)
        assert client.get("/ui/oidc/start").headers["location"] == "/ui"
