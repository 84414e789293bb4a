"""Sign-in to the pages: links, sessions, roles, and what they refuse."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from daemon.store.models import DeliveryRow, Event, Job, SignInRequest, WebSession
from daemon.store.store import Store
from daemon.tickets import sign_in
from daemon.tickets.sign_in import LINKS_PER_HOUR, Role
from daemon.web.pages.install import routes
from daemon.web.pages.page import Route
from tests.support.fakes import eventually
from tests.support.http import Web, web
from tests.support.pages import ADMIN, MEMBER, SETTINGS, VIEWER, browser, csrf_of, send, signed_in, text_of

PAGES = [route for route in routes() if route.role is not None]


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[Web]:
    with web(sqlite_store, **SETTINGS) as found:
        yield found


def rows(case: Web, table: type[object]) -> list[object]:
    # Writes are done in order: after this one the link is stored, or will never be.
    case.store.write(lambda _: None)
    with case.store.read() as session:
        return list(session.execute(select(table)).scalars())


def link_for(case: Web, client: TestClient, email: str) -> str:
    """Ask for a link and return its path as the email has it."""
    assert "on its way" in client.post("/ui/sign-in", data={"email": email}).text
    link = rows(case, SignInRequest)[-1]
    assert isinstance(link, SignInRequest)
    return f"/ui/sign-in/{sign_in.token_of(link.id, link.nonce, case.services.keyring.value[0])}"


def web_of_others(case: Web) -> AbstractContextManager[Web]:
    """Give the pages on the same store, with settings that name nobody but the admin."""
    return web(case.store, "others", service={"admin": ADMIN})


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


class TestLink:
    def test_signs_in_the_browser_that_asked_once(self, case: Web) -> None:
        client = browser(case)
        path = link_for(case, client, MEMBER)
        assert MEMBER in client.get(path).text
        done = client.post(path)
        assert (done.status_code, done.headers["location"]) == (303, "/ui")
        assert MEMBER in client.get("/ui/account").text
        assert client.post(path, data={"csrf": csrf_of(client)}).status_code == 410

    def test_does_not_sign_in_another_browser(self, case: Web) -> None:
        path = link_for(case, browser(case), MEMBER)
        other = browser(case)
        assert other.get(path).status_code == 410
        assert other.post(path).status_code == 410
        assert rows(case, WebSession) == []

    def test_ends_after_its_minutes(self, case: Web) -> None:
        client = browser(case)
        path = link_for(case, client, MEMBER)
        case.clock.advance(minutes=sign_in.LINK_MINUTES)
        assert client.post(path).status_code == 410

    def test_of_somebody_who_left_the_team_signs_nobody_in(self, case: Web) -> None:
        client = browser(case)
        path = link_for(case, client, MEMBER)
        with web_of_others(case) as later:
            gone = browser(later)
            gone.cookies = client.cookies
            assert gone.post(path).status_code == 410

    @pytest.mark.parametrize("token", ["1", "1.00", "x.00", "999999999999.00", "1." + "0" * 64, "a" * 500])
    def test_that_is_made_up_signs_nobody_in(self, case: Web, token: str) -> None:
        client = browser(case)
        link_for(case, client, MEMBER)
        assert client.post(f"/ui/sign-in/{token}").status_code in (404, 410, 422)
        assert rows(case, WebSession) == []

    def test_is_sent_through_the_ledger_of_deliveries_and_not_stored(self, case: Web) -> None:
        path = link_for(case, browser(case), MEMBER)
        [delivery], [job] = rows(case, DeliveryRow), rows(case, Job)
        assert isinstance(delivery, DeliveryRow)
        assert isinstance(job, Job)
        assert (delivery.kind, delivery.recipient, delivery.state) == ("sign-in", MEMBER, "planned")
        assert (job.kind, str(job.subject)) == ("deliver", f"delivery:{delivery.id}")
        eventually(lambda: [offer.job_id for offer in case.woken.offers] == [job.id])
        stored = " ".join(
            str(vars(row)) for table in (SignInRequest, DeliveryRow, Job, Event) for row in rows(case, table)
        )
        assert path.partition(".")[2] not in stored

    def test_of_the_terminal_signs_in_as_an_admin_in_any_browser(self, case: Web) -> None:
        key, now = case.services.keyring.value[0], case.clock.now()
        link = case.store.write(lambda session: sign_in.operator_link(session, "http://localhost", key, now))
        client = browser(case)
        assert client.post(link.removeprefix("http://localhost")).status_code == 303
        assert f"role is {Role.ADMIN}" in text_of(client.get("/ui/account"))

    @pytest.mark.parametrize("admin", [None, ADMIN], ids=["no admin", "an admin"])
    def test_of_the_terminal_is_named_where_no_email_can_bring_one(self, admin: str | None, case: Web) -> None:
        with web(case.store, "first", service={"admin": admin} if admin else {}) as first:
            client = browser(first)
            assert ("printed in its terminal" in text_of(client.get("/ui/sign-in"))) == (admin is None)
            assert ("prints a new one" in text_of(client.get("/ui/sign-in/1.00"))) == (admin is None)


class TestRequest:
    @pytest.mark.parametrize("email", ["stranger@example.net", "", "operator"])
    def test_says_the_same_to_strangers_and_sends_nothing(self, case: Web, email: str) -> None:
        known = browser(case).post("/ui/sign-in", data={"email": MEMBER})
        unknown = browser(case).post("/ui/sign-in", data={"email": email or "nobody@example.net"})
        shown = text_of(unknown).replace(email or "nobody@example.net", MEMBER)
        if "@" in email or not email:
            assert shown == text_of(known)
            assert unknown.headers.keys() == known.headers.keys()
        assert len(rows(case, DeliveryRow)) == 1

    def test_is_bounded_for_an_address(self, case: Web) -> None:
        for _ in range(LINKS_PER_HOUR + 2):
            assert "on its way" in browser(case).post("/ui/sign-in", data={"email": MEMBER}).text
        assert len(rows(case, DeliveryRow)) == LINKS_PER_HOUR

    @pytest.mark.usefixtures("stopped_refill")
    def test_is_bounded_for_a_client(self, case: Web) -> None:
        answers = [browser(case).post("/ui/sign-in", data={"email": f"x{n}@example.net"}) for n in range(12)]
        assert answers[-1].status_code == 429

    def test_gives_a_wrong_address_back_with_the_mistake(self, case: Web) -> None:
        answer = browser(case).post("/ui/sign-in", data={"email": "no address"})
        assert answer.status_code == 422
        assert 'value="no address"' in answer.text
        assert "not an email address" in answer.text


class TestSession:
    def test_is_new_after_a_sign_in(self, case: Web) -> None:
        client = browser(case)
        client.cookies.set("triaged_session", "planted", domain="localhost.local", path="/ui")
        client.post(link_for(case, client, MEMBER))
        [row] = rows(case, WebSession)
        assert isinstance(row, WebSession)
        assert row.digest != sign_in.digest_of("planted")
        planted = browser(case)
        planted.cookies.set("triaged_session", "planted", domain="localhost.local", path="/ui")
        assert planted.get("/ui/account").status_code == 303

    def test_cookie_is_for_no_script_and_no_other_site(self, case: Web) -> None:
        client = browser(case)
        cookie = client.post(link_for(case, client, MEMBER)).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/ui" in cookie

    def test_cookie_is_secure_where_the_connection_is(self, case: Web) -> None:
        client = TestClient(case.app, "https://localhost", follow_redirects=False)
        cookie = client.post("/ui/sign-in", data={"email": MEMBER}).headers["set-cookie"]
        assert "Secure" in cookie

    def test_ends_with_its_days(self, case: Web) -> None:
        client = signed_in(case, MEMBER)
        case.clock.advance(days=14)
        assert client.get("/ui/account").headers["location"] == "/ui/sign-in"

    def test_ends_with_the_sign_out(self, case: Web) -> None:
        client = signed_in(case, MEMBER)
        secret = client.cookies["triaged_session"]
        assert send(client, "/ui/sign-out").status_code == 303
        client.cookies.set("triaged_session", secret, domain="localhost.local", path="/ui")
        assert client.get("/ui/account").status_code == 303

    def test_ends_in_every_browser(self, case: Web) -> None:
        first = signed_in(case, MEMBER)
        second, other = browser(case), signed_in(case, VIEWER)
        second.post(link_for(case, second, MEMBER))
        assert send(first, "/ui/sign-out/everywhere").status_code == 303
        assert second.get("/ui/account").status_code == 303
        assert other.get("/ui/account").status_code == 200

    def test_of_somebody_who_left_the_team_is_worth_nothing(self, case: Web) -> None:
        client = signed_in(case, MEMBER)
        with web_of_others(case) as later:
            gone = browser(later)
            gone.cookies = client.cookies
            assert gone.get("/ui/account").status_code == 303


class TestNext:
    def test_leads_to_the_page_that_was_asked_for(self, case: Web) -> None:
        client = browser(case)
        client.get("/ui/account?from=email")
        assert client.post(link_for(case, client, MEMBER)).headers["location"] == "/ui/account?from=email"

    @pytest.mark.parametrize(
        "wanted", ["//evil.example", "https://evil.example", "/ui//evil.example", "/\\evil", "\r\nX: y"]
    )
    def test_leads_to_no_other_site(self, case: Web, wanted: str) -> None:
        client = browser(case)
        path = link_for(case, client, MEMBER)
        client.cookies.set("triaged_next", wanted.encode().hex(), domain="localhost.local", path="/ui")
        assert client.post(path).headers["location"] == "/ui"


@pytest.mark.parametrize("route", PAGES, ids=[f"{route.method} {route.path}" for route in PAGES])
class TestEveryPage:
    def test_needs_a_sign_in(self, case: Web, route: Route) -> None:
        answer = browser(case).request(route.method, filled(route.path), data={} if route.method == "POST" else None)
        assert (answer.status_code, answer.headers["location"]) == (303, "/ui/sign-in")

    def test_needs_its_role(self, case: Web, route: Route) -> None:
        for email, role in ((VIEWER, Role.VIEWER), (MEMBER, Role.MEMBER)):
            if role.includes(route.role or Role.VIEWER):
                continue
            client = signed_in(case, email)
            data = {"csrf": csrf_of(client)} if route.method == "POST" else None
            assert client.request(route.method, filled(route.path), data=data).status_code == 403

    def test_needs_the_proof_that_the_form_is_ours(self, case: Web, route: Route) -> None:
        if route.method == "GET":
            return
        client = signed_in(case, ADMIN)
        for form in ({}, {"csrf": "0" * 64}, {"csrf": csrf_of(signed_in(case, MEMBER))}):
            assert client.post(filled(route.path), data=form).status_code == 403
        foreign = {"Sec-Fetch-Site": "cross-site"}
        right = {"csrf": csrf_of(client)}
        assert client.post(filled(route.path), data=right, headers=foreign).status_code == 403
        other = {"Origin": "https://evil.example"}
        assert client.post(filled(route.path), data=right, headers=other).status_code == 403
        assert client.post(filled(route.path), json=right).status_code == 415

    def test_refuses_a_foreign_host(self, case: Web, route: Route) -> None:
        client = signed_in(case, ADMIN)
        answer = client.request(route.method, filled(route.path), headers={"Host": "evil.example"})
        assert answer.status_code == 400


class TestHeaderOfAProxy:
    @pytest.fixture
    def proxied(self, sqlite_store: Store) -> Iterator[Web]:
        http = {"login_header": "X-Forwarded-Email", "trusted_proxies": ["192.0.2.0/24"]}
        with web(sqlite_store, **SETTINGS | {"http": http}) as found:
            yield found

    def test_signs_in_from_a_trusted_proxy_only(self, proxied: Web) -> None:
        headers = {"X-Forwarded-Email": MEMBER}
        inside = TestClient(proxied.app, "http://localhost", client=("192.0.2.7", 1), follow_redirects=False)
        outside = TestClient(proxied.app, "http://localhost", client=("198.51.100.7", 1), follow_redirects=False)
        assert inside.get("/ui/account", headers=headers).status_code == 200
        assert inside.get("/ui/account", headers={"X-Forwarded-Email": "x@example.net"}).status_code == 303
        claims = {"X-Forwarded-For": "192.0.2.7"}
        assert outside.get("/ui/account", headers=headers | claims).status_code == 303

    def test_needs_the_proof_of_a_form_too(self, proxied: Web) -> None:
        headers = {"X-Forwarded-Email": MEMBER}
        inside = TestClient(proxied.app, "http://localhost", client=("192.0.2.7", 1), headers=headers)
        assert inside.post("/ui/sign-out", data={}).status_code == 403


def test_pages_run_no_script_of_others(case: Web) -> None:
    policy = signed_in(case, ADMIN).get("/ui/account").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
