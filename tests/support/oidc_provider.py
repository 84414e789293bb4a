"""A small OpenID Connect provider on loopback, which signs in whom a test names, and can be told to misbehave."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.support.fakes import FakeClock

CLIENT, SECRET = "triaged", "a secret: of 100%"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key of the provider."""

    kid: str
    algorithm: str
    private: Private

    def public(self) -> dict[str, Any]:
        if isinstance(self.private, rsa.RSAPrivateKey):
            shown = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        elif isinstance(self.private, ec.EllipticCurvePrivateKey):
            shown = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        else:
            shown = OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**shown, "kid": self.kid, "use": "sig"}

    def pem(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, form)


def rsa_key(kid: str = "first") -> Key:
    return Key(kid, "RS256", RSA_KEY)


def ec_key(kid: str = "second") -> Key:
    return Key(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))


def ed_key(kid: str = "third") -> Key:
    return Key(kid, "EdDSA", ed25519.Ed25519PrivateKey.generate())


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for."""

    email: str
    query: dict[str, str]


class OidcProvider:
    """The provider. `claims` and `metadata` replace what it says, `token` makes ID tokens, `answers` are bodies."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.keys, self.signing = [rsa_key()], rsa_key()
        # Who signs in where a real browser comes.
        self.person = ""
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.token: Callable[[dict[str, Any]], str] = self.signed
        self.answers: dict[str, bytes] = {}
        self.status: dict[str, int] = {}
        self.hanging: set[str] = set()
        self.released = threading.Event()
        self.requests: list[str] = []
        # The queries of those who were led to the sign-out, which metadata has to name.
        self.ended: list[dict[str, str]] = []
        self.posted: list[tuple[dict[str, str], str]] = []
        self._grants: dict[str, Grant] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._http.server_address[1]}/staff"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return what http.oidc must be."""
        return {"issuer": self.issuer, "client_id": CLIENT, "client_secret": SECRET, **more}

    def approve(self, url: str, email: str, **changed: str) -> str:
        """Sign somebody in at the URL that a browser was led to, and return the path that it is sent back to."""
        assert url.startswith(f"{self.issuer}/authorize?"), url
        query = {**dict(parse_qsl(urlsplit(url).query)), **changed}
        assert (query["response_type"], query["client_id"], query["code_challenge_method"]) == ("code", CLIENT, "S256")
        code = f"code-{len(self._grants)}"
        self._grants[code] = Grant(email, query)
        back = urlsplit(query["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': query['state']})}"

    def signed(self, claims: dict[str, Any]) -> str:
        """Return a token as it should be."""
        key = self.signing
        return jwt.encode(claims, key.private, key.algorithm, headers={"kid": key.kid})

    def close(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    def body(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, bytes]:
        """Return the answer to a request."""
        name = path.removeprefix(urlsplit(self.issuer).path).strip("/")
        self.requests.append(name)
        if name in self.hanging:
            self.released.wait(60)
        status, made = self._made(name, form, authorization)
        return self.status.get(name, status), self.answers.get(name, json.dumps(made).encode())

    def _made(self, name: str, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        if name == ".well-known/openid-configuration":
            ends = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            urls = {end: f"{self.issuer}/{path}" for end, path in ends.items()}
            return 200, {"issuer": self.issuer, **urls, **self.metadata}
        if name == "keys":
            return 200, {"keys": [key.public() for key in self.keys]}
        if name == "token":
            return self._exchanged(form, authorization)
        return 404, {}

    def _exchanged(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        self.posted.append((form, authorization))
        if not _is_client(form, authorization):
            return 401, {"error": "invalid_client"}
        grant = self._grants.get(form["code"])
        if grant is None or grant.query.get("used"):
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        same = challenge.decode() == grant.query["code_challenge"]
        if not same or form["redirect_uri"] != grant.query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        grant.query["used"] = "yes"
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "248289", "iat": now, "exp": now + 300}
        claims |= {"nonce": grant.query["nonce"], "email": grant.email, "email_verified": True, **self.claims}
        known = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": self.token(known)}


def _is_client(form: dict[str, str], authorization: str) -> bool:
    if authorization:
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT, SECRET)
    return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)


def _handler(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "/authorize?" in self.path:
                self._lead_back()
            elif "/end?" in self.path:
                self._end()
            else:
                self._answer({})

        def _lead_back(self) -> None:
            url = provider.issuer.removesuffix("/staff") + self.path
            back = urlsplit(dict(parse_qsl(urlsplit(url).query))["redirect_uri"])
            self.send_response(303)
            self.send_header("Location", f"{back.scheme}://{back.netloc}{provider.approve(url, provider.person)}")
            self.end_headers()

        def _end(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            provider.ended.append(query)
            self.send_response(303)
            self.send_header("Location", query["post_logout_redirect_uri"])
            self.end_headers()

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer({name: values[0] for name, values in parse_qs(text).items()})

        def _answer(self, form: dict[str, str]) -> None:
            status, body = provider.body(self.path, form, self.headers.get("authorization", ""))
            try:
                self.send_response(status)
                self.send_header("Location", f"{provider.issuer}/elsewhere")
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                # The client did not wait for it.
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def oidc_provider(clock: FakeClock) -> Iterator[OidcProvider]:
    """Give a provider."""
    found = OidcProvider(clock)
    try:
        yield found
    finally:
        found.close()
