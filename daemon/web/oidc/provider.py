"""The provider: where it takes people and codes, its keys, and the address that it vouches for.

Everything here waits for the network: it is never called on the event loop.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

from config.schema import Oidc
from daemon.system.clock import Clock
from daemon.text import harmless_line
from daemon.web.oidc import fetch, id_token
from daemon.web.oidc.errors import SignInRefusedError, UnavailableError
from daemon.web.oidc.flow import Flow
from daemon.web.oidc.id_token import Expected, Header, Json

OK: Final = 200
REFUSALS: Final = (400, 401, 403)
# Discovery and keys are read again after this time.
REMEMBERED: Final = timedelta(hours=1)
# A token that names an unknown key has the keys read again, at most this often: anybody can make one up.
REREAD: Final = timedelta(minutes=1)
LONGEST_CODE: Final = 4096
CALLBACK: Final = "/ui/oidc/callback"
SIGNED_OUT: Final = "/ui/sign-in"
LOOPBACK: Final = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the discovery document says; `end_session` is None where people cannot be signed out there.

    `posts_secret`: the secret belongs in the body; else in a header.
    """

    authorization: str
    token: str
    keys: str
    posts_secret: bool
    names_issuer: bool
    end_session: str | None


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider signed in: the verified address, and the ID token that says so."""

    email: str
    token: str


class Provider:
    """The provider of the settings; safe in many threads, of which at most `most` wait for it at a time."""

    def __init__(self, settings: Oidc, clock: Clock, most: int = 1) -> None:
        self._settings, self._clock = settings, clock
        self._room, self._lock = BoundedSemaphore(most), Lock()
        self._metadata: tuple[datetime, Metadata] | None = None
        self._keys: tuple[datetime, Sequence[Json]] | None = None
        self._reread_at: datetime | None = None

    def authorization_url(self, flow: Flow, redirect_uri: str) -> str:
        """Return the URL at which people sign in; raises UnavailableError."""
        with self._one():
            url = self._discovered().authorization
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email",
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        return _with_query(url, query)

    def vouched(self, code: str, issuer: str | None, flow: Flow, redirect_uri: str) -> Vouched:
        """Return who signed in; raises SignInRefusedError or UnavailableError.

        `issuer` is what the browser brought as `iss` (RFC 9207), None where it brought none.
        """
        if not code or len(code) > LONGEST_CODE or not code.isascii() or not code.isprintable():
            raise SignInRefusedError("the provider gave no code")
        with self._one():
            metadata = self._discovered()
            if issuer != self._settings.issuer and (issuer is not None or metadata.names_issuer):
                raise SignInRefusedError("the answer is of another issuer")
            token = self._token(metadata, code, flow, redirect_uri)
            header = id_token.header_of(token)
            claims = id_token.claims_of(token, self._key(header), header)
        expected = Expected(self._settings.issuer, self._settings.client_id, flow.nonce)
        return Vouched(id_token.verified_email(claims, expected, self._clock.now()), token)

    def sign_out_url(self, token: str, back: str) -> str | None:
        """Return the URL at which people sign out (OpenID Connect RP-Initiated Logout 1.0), None where there is none.

        `token` is their ID token, "" where it is not known: the provider then asks them. `back` is where they are led
        afterwards. Raises UnavailableError.
        """
        with self._one():
            url = self._discovered().end_session
        query = {"client_id": self._settings.client_id, "post_logout_redirect_uri": back}
        return _with_query(url, query | ({"id_token_hint": token} if token else {})) if url else None

    def probe(self) -> tuple[int, bool]:
        """Return the number of keys that can sign, and whether people can sign out there; raises UnavailableError."""
        with self._one():
            return len(self._known_keys()), self._discovered().end_session is not None

    @contextmanager
    def _one(self) -> Iterator[None]:
        """Hold one place: a provider that hangs must not take the threads of everybody else."""
        if not self._room.acquire(blocking=False):
            raise UnavailableError("others wait for the provider too")
        try:
            yield
        finally:
            self._room.release()

    def _discovered(self) -> Metadata:
        now, known = self._clock.now(), self._metadata
        if known is not None and now - known[0] < REMEMBERED:
            return known[1]
        found = self._metadata_of(_got(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"))
        self._metadata = (now, found)
        return found

    def _metadata_of(self, document: Json) -> Metadata:
        named = document.get("issuer")
        if named != self._settings.issuer:
            shown = harmless_line(named) if isinstance(named, str) else "nothing"
            raise UnavailableError(f"the provider names itself {shown}, which is not http.oidc.issuer")
        methods = document.get("token_endpoint_auth_methods_supported")
        known = methods if isinstance(methods, list) else ["client_secret_basic"]
        return Metadata(
            self._endpoint(document, "authorization_endpoint"),
            self._endpoint(document, "token_endpoint"),
            self._endpoint(document, "jwks_uri"),
            "client_secret_basic" not in known and "client_secret_post" in known,
            document.get("authorization_response_iss_parameter_supported") is True,
            self._end_session(document),
        )

    def _end_session(self, document: Json) -> str | None:
        """Return the URL of the sign-out; without a usable one, people sign out of triaged only."""
        try:
            return self._endpoint(document, "end_session_endpoint")
        except UnavailableError:
            return None

    def _endpoint(self, document: Json, name: str) -> str:
        """Return a URL of the document: https, except where the provider is on this host."""
        url = document.get(name)
        if isinstance(url, str) and url.isascii() and url.isprintable() and " " not in url and "#" not in url:
            try:
                parts = urlsplit(url)
            except ValueError:
                parts = urlsplit("")
            local = parts.scheme == "http" and parts.hostname in LOOPBACK
            if parts.hostname and (parts.scheme == "https" or (local and self._settings.issuer.startswith("http:"))):
                return url
        raise UnavailableError(f"the discovery document of the provider has no usable {name}")

    def _token(self, metadata: Metadata, code: str, flow: Flow, redirect_uri: str) -> str:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        form["code_verifier"] = flow.verifier
        headers = {}
        client, secret = self._settings.client_id, self._settings.client_secret.get_secret_value()
        if secret and not metadata.posts_secret:
            # RFC 6749 section 2.3.1: both are encoded as in a form first.
            pair = f"{quote_plus(client)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client} | ({"client_secret": secret} if secret else {})
        answer = fetch.post(metadata.token, urlencode(form).encode(), headers)
        if answer.status in REFUSALS:
            raise _refusal(answer.body)
        token = answer.body.get("id_token")
        if answer.status != OK or not isinstance(token, str):
            raise UnavailableError(f"the provider answered {answer.status} without an ID token")
        return token

    def _key(self, header: Header) -> Json:
        found = id_token.key_for(header, self._known_keys())
        if found is None and self._may_reread():
            found = id_token.key_for(header, self._read_keys())
        if found is None:
            raise SignInRefusedError("the token is signed by an unknown key")
        return found

    def _may_reread(self) -> bool:
        now = self._clock.now()
        with self._lock:
            if self._reread_at is not None and now - self._reread_at < REREAD:
                return False
            self._reread_at = now
            return True

    def _known_keys(self) -> Sequence[Json]:
        known = self._keys
        if known is not None and self._clock.now() - known[0] < REMEMBERED:
            return known[1]
        return self._read_keys()

    def _read_keys(self) -> Sequence[Json]:
        listed = _got(self._discovered().keys).get("keys")
        keys = [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
        if not keys:
            raise UnavailableError("the provider has no keys")
        self._keys = (self._clock.now(), keys)
        return keys


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"


def _got(url: str) -> Json:
    answer = fetch.get(url)
    if answer.status != OK or not answer.body:
        raise UnavailableError(f"the provider answered {answer.status} without a JSON object")
    return answer.body


def _refusal(body: Mapping[str, object]) -> SignInRefusedError | UnavailableError:
    """Return what a refusal of the token endpoint means (RFC 6749 section 5.2); its text may repeat what was sent."""
    code = body.get("error")
    if code == "invalid_grant":
        return SignInRefusedError("the code is wrong, used or too old")
    return UnavailableError(f"the provider refuses triaged itself ({error_code(code)})")


def error_code(code: object) -> str:
    """Return an error code of the provider as it may be shown: the specifications have only such words."""
    return code[:64] if isinstance(code, str) and code.isascii() and code.isidentifier() else "no reason"


def redirect_uri(url: str) -> str:
    """Return where the provider sends people back to; `url` is the URL by which they reach us."""
    return f"{url.rstrip('/')}{CALLBACK}"


def sign_out_uri(url: str) -> str:
    """Return where the provider sends people who signed out there."""
    return f"{url.rstrip('/')}{SIGNED_OUT}"
