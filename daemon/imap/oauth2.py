"""Fetch OAuth 2 access tokens for mailboxes, by client credentials or by a refresh token."""

import json
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlencode

from config.schema import Imap, OAuth2
from daemon.system.clock import Clock

TIMEOUT_SECONDS: Final = 20.0
MAX_ANSWER: Final = 64 * 1024
# A token is renewed this long before it expires, so that it does not expire in use.
SLACK: Final = timedelta(minutes=2)
LIFETIME: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=1)
REFUSALS: Final = frozenset({400, 401, 403})


class TokenRefusedError(Exception):
    """The token server does not accept our credentials: another request changes nothing."""


class TokenUnavailableError(Exception):
    """The token server returned no token this time."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: credentials go to the configured address only."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the signature is urllib's
        """Return None, so that the redirect counts as an error."""
        del args, kwargs


class Tokens:
    """The access token of one mailbox, fetched on demand and kept in memory until it expires."""

    def __init__(self, oauth2: OAuth2, clock: Clock) -> None:
        self._oauth2 = oauth2
        self._clock = clock
        self._refresh_token = oauth2.refresh_token.get_secret_value()
        self._token = ""
        self._expires_at: datetime | None = None

    def get(self) -> str:
        """Return a valid token. Raises TokenRefusedError or TokenUnavailableError."""
        if self._expires_at is None or self._clock.now() >= self._expires_at:
            self._fetch()
        return self._token

    def forget(self) -> None:
        """Discard the token, because the mail server refused it: `get` then fetches a new one."""
        self._expires_at = None

    def _fetch(self) -> None:
        answer = _post(self._oauth2.token_url, self._form())
        token = answer.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise TokenUnavailableError("the token server's answer has no access token")
        # Some servers replace the refresh token with every use (RFC 6749 section 6).
        renewed = answer.get("refresh_token")
        if self._refresh_token and isinstance(renewed, str) and renewed:
            self._refresh_token = renewed
        self._token, self._expires_at = token, self._clock.now() + _lifetime(answer.get("expires_in")) - SLACK

    def _form(self) -> dict[str, str]:
        form = {"client_id": self._oauth2.client_id, "client_secret": self._oauth2.client_secret.get_secret_value()}
        form["scope"] = self._oauth2.scope
        form["grant_type"] = "refresh_token" if self._refresh_token else "client_credentials"
        form["refresh_token"] = self._refresh_token
        return {name: value for name, value in form.items() if value}


def tokens_of(mailbox: Imap, clock: Clock) -> Tokens | None:
    """Return the source of a mailbox's tokens, or None if it uses a password."""
    return Tokens(mailbox.oauth2, clock) if mailbox.oauth2 is not None else None


def _lifetime(seconds: object) -> timedelta:
    try:
        return min(max(timedelta(seconds=int(str(seconds))), SLACK), LONGEST)
    except (ValueError, OverflowError):
        return LIFETIME


def _post(url: str, form: dict[str, str]) -> dict[str, Any]:
    """Post a form to the token endpoint and return its JSON object (RFC 6749 section 5)."""
    request = urllib.request.Request(url, urlencode(form).encode(), {"Accept": "application/json"})  # noqa: S310 - the settings allow https, and http on this machine
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as response:
            answer = json.loads(response.read(MAX_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            kind = TokenRefusedError if error.code in REFUSALS else TokenUnavailableError
            raise kind(f"the token server answered {error.code} {_code(error)}".rstrip()) from None
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise TokenUnavailableError(f"the token server cannot be reached: {type(error).__name__}") from None
    if not isinstance(answer, dict):
        raise TokenUnavailableError("the token server answered no JSON object")
    return answer


def _code(error: urllib.error.HTTPError) -> str:
    """Return the error code of an answer (RFC 6749 section 5.2). The rest may repeat our credentials."""
    try:
        code = json.loads(error.read(MAX_ANSWER)).get("error")
    except (OSError, HTTPException, ValueError, AttributeError, RecursionError):
        return ""
    return code[:64] if isinstance(code, str) and code.isidentifier() else ""
