"""A provider that does not answer, or not as it should, takes nothing but its own sign-in away."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from daemon.store.store import Store
from daemon.web.oidc import fetch
from tests.support.fakes import eventually
from tests.support.oidc_pages import OidcCase, known_by, refused
from tests.support.oidc_provider import SECRET
from tests.support.pages import MEMBER, browser, text_of

DISCOVERY = ".well-known/openid-configuration"


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[OidcCase]:
    with known_by(sqlite_store) as found:
        yield found


class TestFaults:
    @pytest.mark.parametrize("name", [DISCOVERY, "keys", "token"])
    def test_a_huge_answer_is_not_read(self, case: OidcCase, name: str) -> None:
        case.provider.answers[name] = b" " * (fetch.ANSWER_BYTES + 1)
        self._fails(case, "more than")

    @pytest.mark.parametrize("name", [DISCOVERY, "keys", "token"])
    def test_a_slow_provider_is_not_waited_for(
        self, case: OidcCase, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetch, "SILENCE_SECONDS", 0.2)
        case.provider.hanging.add(name)
        self._fails(case, "cannot be reached")

    def test_those_who_wait_for_it_leave_threads_to_the_others(
        self, case: OidcCase, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetch, "SILENCE_SECONDS", 60)
        case.provider.hanging.add(DISCOVERY)
        with ThreadPoolExecutor(2) as threads:
            waiting = [threads.submit(browser(case.pages).get, "/ui/oidc/start") for _ in range(2)]
            eventually(lambda: case.provider.requests.count(DISCOVERY) == 2)
            third = browser(case.pages).get("/ui/oidc/start")
            page = browser(case.pages).get("/ui/sign-in")
            case.provider.released.set()
            answers = [one.result() for one in waiting]
        assert (third.status_code, "others wait" in text_of(third), page.status_code) == (502, True, 200)
        assert [answer.status_code for answer in answers] == [303, 303]

    def test_an_answer_that_drips_ends_at_its_bound(self, case: OidcCase, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fetch, "ANSWER_SECONDS", -1)
        self._fails(case, "too slowly")

    @pytest.mark.parametrize("name", [DISCOVERY, "keys", "token"])
    @pytest.mark.parametrize("answer", [b"", b"[]", b"no JSON", b"[" * 100_000, b'{"keys": 1}'])
    def test_an_answer_that_is_none_of_ours_is_refused(self, case: OidcCase, name: str, answer: bytes) -> None:
        case.provider.answers[name] = answer
        self._fails(case, "the provider")

    @pytest.mark.parametrize("name", [DISCOVERY, "keys", "token"])
    def test_a_redirect_is_not_followed(self, case: OidcCase, name: str) -> None:
        case.provider.status[name] = 302
        self._fails(case, "302")
        assert "elsewhere" not in case.provider.requests

    def test_the_link_by_email_works_without_the_provider(self, case: OidcCase) -> None:
        case.provider.close()
        self._fails(case, "cannot be reached")
        client = browser(case.pages)
        assert "Company login" in client.get("/ui/sign-in").text
        assert "on its way" in client.post("/ui/sign-in", data={"email": MEMBER}).text

    def test_a_rejected_client_is_said(self, sqlite_store: Store) -> None:
        with known_by(sqlite_store, client_secret="wrong") as case:
            self._fails(case, "invalid_client")

    @pytest.mark.parametrize(
        ("metadata", "said"),
        [
            ({"issuer": "http://127.0.0.1/other"}, "names itself"),
            ({"token_endpoint": "http://provider.example/token"}, "token_endpoint"),
            ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
            ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
            ({"authorization_endpoint": "https://["}, "authorization_endpoint"),
        ],
    )
    def test_a_wrong_discovery_document_is_refused(self, case: OidcCase, metadata: dict[str, str], said: str) -> None:
        case.provider.metadata = metadata
        self._fails(case, said)

    def test_an_answer_must_name_the_issuer_where_the_provider_says_so(self, case: OidcCase) -> None:
        case.provider.metadata = {"authorization_response_iss_parameter_supported": True}
        client = browser(case.pages)
        path = case.provider.approve(case.start(client), MEMBER)
        refused(case, client.get(path), 400, "another issuer")
        path = case.provider.approve(case.start(client), MEMBER)
        assert client.get(f"{path}&iss={case.provider.issuer}").status_code == 303

    def test_the_secret_is_posted_where_the_provider_wants_it_so(self, case: OidcCase) -> None:
        case.provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        assert case.sign_in().status_code == 303
        [(form, authorization)] = case.provider.posted
        assert (form["client_secret"], authorization) == (SECRET, "")

    def _fails(self, case: OidcCase, said: str) -> None:
        client = browser(case.pages)
        begun = client.get("/ui/oidc/start")
        if begun.status_code == 303:
            begun = client.get(case.provider.approve(begun.headers["location"], MEMBER))
        refused(case, begun, 502, said)
