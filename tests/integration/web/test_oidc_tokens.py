"""ID tokens that prove nobody, and the keys that sign them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.warnings import InsecureKeyLengthWarning

from daemon.store.store import Store
from tests.support.log_lines import log_lines
from tests.support.oidc_pages import OidcCase, known_by, refused
from tests.support.oidc_provider import CLIENT, SECRET, Key, ec_key, ed_key, rsa_key
from tests.support.pages import ADMIN, MEMBER, text_of

DISCOVERY = ".well-known/openid-configuration"


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[OidcCase]:
    with known_by(sqlite_store) as found:
        yield found


class TestToken:
    @pytest.mark.parametrize(
        ("claims", "said"),
        [
            ({"nonce": "x"}, "of another sign-in"),
            ({"nonce": None}, "of another sign-in"),
            ({"aud": "other"}, "for another application"),
            ({"aud": None}, "for another application"),
            ({"aud": ["other", "third"]}, "for another application"),
            ({"aud": [CLIENT, "other"]}, "issued to another application"),
            ({"aud": [CLIENT, "other"], "azp": "other"}, "issued to another application"),
            ({"azp": "other"}, "issued to another application"),
            ({"iss": "http://127.0.0.1/other"}, "of another issuer"),
            ({"iss": None}, "of another issuer"),
            ({"sub": None}, "names nobody"),
            ({"exp": None}, "no time exp"),
            ({"exp": True}, "no time exp"),
            ({"iat": None}, "no time iat"),
            ({"exp": "9999999999"}, "no time exp"),
        ],
    )
    def test_a_wrong_claim_is_refused(self, case: OidcCase, claims: dict[str, Any], said: str) -> None:
        case.provider.claims = claims
        refused(case, case.sign_in(), 400, said)

    @pytest.mark.parametrize(("name", "seconds", "said"), [("exp", -61, "expired"), ("iat", 61, "clocks")])
    def test_a_time_is_checked_with_a_minute_of_leeway(
        self, case: OidcCase, name: str, seconds: int, said: str
    ) -> None:
        now = int(case.pages.clock.now().timestamp())
        case.provider.claims = {name: now + seconds}
        refused(case, case.sign_in(), 400, said)
        case.provider.claims = {name: now + (seconds + 2 if seconds < 0 else seconds - 1)}
        assert case.sign_in().status_code == 303

    def test_several_audiences_with_us_as_the_party_are_accepted(self, case: OidcCase) -> None:
        case.provider.claims = {"aud": [CLIENT, "other"], "azp": CLIENT}
        assert case.sign_in().status_code == 303

    def test_an_unsigned_token_is_refused(self, case: OidcCase) -> None:
        case.provider.token = lambda claims: jwt.encode(claims, "", "none")
        refused(case, case.sign_in(), 400, "not signed by RS256")

    def test_a_token_without_its_signature_is_refused(self, case: OidcCase) -> None:
        signed = case.provider.signed
        case.provider.token = lambda claims: signed(claims).rpartition(".")[0] + "."
        refused(case, case.sign_in(), 400, "signature")

    def test_the_public_key_is_no_hmac_secret(self, case: OidcCase) -> None:
        case.provider.token = lambda claims: hs256(claims, case.provider.signing.pem())
        refused(case, case.sign_in(), 400, "not signed by RS256")

    def test_a_changed_token_is_refused(self, case: OidcCase) -> None:
        def changed(claims: dict[str, Any]) -> str:
            head, _, signature = case.provider.signed(claims).split(".")
            return f"{head}.{encoded({**claims, 'email': ADMIN})}.{signature}"

        case.provider.token = changed
        refused(case, case.sign_in(), 400, "signature of the token is wrong")

    def test_another_key_under_a_known_name_is_refused(self, case: OidcCase) -> None:
        case.provider.keys, case.provider.signing = [ec_key("same")], ec_key("same")
        refused(case, case.sign_in(), 400, "signature of the token is wrong")

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 5, "é", "x" * 100_000, "[]"])
    def test_what_is_no_token_is_refused(self, case: OidcCase, token: str) -> None:
        case.provider.token = lambda _: token
        refused(case, case.sign_in(), 400, "the token")

    @pytest.mark.parametrize("make", [rsa_key, ec_key, ed_key])
    def test_each_algorithm_of_the_list_is_accepted(self, case: OidcCase, make: Any) -> None:
        key = make()
        case.provider.keys, case.provider.signing = [key], key
        assert case.sign_in().status_code == 303

    def test_a_short_key_is_refused(self, case: OidcCase) -> None:
        private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - it must be refused
        short = Key("short", "RS256", private)
        case.provider.keys, case.provider.signing = [short], short
        with pytest.warns(InsecureKeyLengthWarning):
            refused(case, case.sign_in(), 400, "signature")

    @pytest.mark.parametrize("changed", [{"use": "enc"}, {"alg": "PS256"}, {"kty": "oct"}])
    def test_a_key_for_something_else_is_not_used(self, case: OidcCase, changed: dict[str, str]) -> None:
        case.provider.answers["keys"] = json.dumps({"keys": [{**rsa_key().public(), **changed}]}).encode()
        refused(case, case.sign_in(), 400, "unknown key")

    def test_a_token_needs_no_name_of_its_key_where_only_one_fits(self, case: OidcCase) -> None:
        case.provider.token = lambda claims: jwt.encode(claims, rsa_key().private, "RS256")
        case.provider.keys = [rsa_key(), ec_key()]
        assert case.sign_in().status_code == 303
        case.provider.keys = [rsa_key("one"), rsa_key("two")]
        case.pages.clock.advance(hours=1)
        assert "unknown key" in text_of(case.sign_in())

    def test_a_log_line_says_why_and_holds_no_secret(self, case: OidcCase, capsys: pytest.CaptureFixture[str]) -> None:
        case.provider.claims = {"nonce": "x"}
        case.sign_in()
        # The client of the test logs the addresses that it asks for.
        logs = [line for line in log_lines(capsys) if not line["event"].startswith("HTTP Request")]
        [line] = [line for line in logs if line["event"] == "sign-in by provider failed"]
        assert line["reason"] == "the token is of another sign-in"
        assert all(word not in str(logs) for word in (SECRET, MEMBER, "code-0", "eyJ"))


class TestKeys:
    def test_a_new_key_is_read_and_forged_names_read_no_more(self, case: OidcCase) -> None:
        assert case.sign_in().status_code == 303
        case.provider.keys = [rsa_key(), new := ec_key("new")]
        case.provider.signing = new
        assert case.sign_in().status_code == 303
        assert case.provider.requests.count("keys") == 2
        case.provider.signing = ec_key("forged")
        for _ in range(3):
            assert "unknown key" in text_of(case.sign_in())
        assert case.provider.requests.count("keys") == 2
        case.pages.clock.advance(minutes=1)
        assert "unknown key" in text_of(case.sign_in())
        assert case.provider.requests.count("keys") == 3

    def test_discovery_and_keys_are_kept_for_an_hour(self, case: OidcCase) -> None:
        for _ in range(2):
            assert case.sign_in().status_code == 303
        assert (case.provider.requests.count(DISCOVERY), case.provider.requests.count("keys")) == (1, 1)
        case.pages.clock.advance(hours=1)
        assert case.sign_in().status_code == 303
        assert (case.provider.requests.count(DISCOVERY), case.provider.requests.count("keys")) == (2, 2)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def hs256(claims: dict[str, Any], secret: bytes) -> str:
    """Return a token that is signed by HMAC; the library refuses to make one with a public key."""
    text = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{encoded(claims)}"
    digest = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
