"""Fetch access tokens for mailboxes: client credentials, or a refresh token where one is given."""

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
# A token is asked for anew this long before it ends, so that it does not end on the way.
SLACK: Final = timedelta(minutes=2)
LIFETIME: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=1)
REFUSALS: Final = frozenset({400, 401, 403})


class TokenRefusedError(Exception):
    """The token server does not accept our credentials: asking again changes nothing."""


class TokenUnavailableError(Exception):
    """The token server gave no token this time."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Credentials go to the configured address and nowhere else."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the signature is the library's
        """Follow nothing: the redirect then counts as an error."""
        del args, kwargs


class Tokens:
    """The access token of one mailbox, fetched when it is needed and kept in memory until it ends."""

    def __init__(self, oauth2: OAuth2, clock: Clock) -> None:
        self._oauth2 = oauth2
        self._clock = clock
        self._refresh_token = oauth2.refresh_token.get_secret_value()
        self._token = ""
        self._ends: datetime | None = None

    def get(self) -> str:
        """Return a token that is good for now. Raises TokenRefusedError or TokenUnavailableError."""
        if self._ends is None or self._clock.now() >= self._ends:
            self._fetch()
        return self._token

    def forget(self) -> None:
        """Have the next token fetched anew: the server took this one for no good."""
        self._ends = None

    def _fetch(self) -> None:
        answer = _post(self._oauth2.token_url, self._form())
        token = answer.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise TokenUnavailableError("the token server's answer holds no access token")
        # Some servers replace the refresh token at each use (RFC 6749 section 6).
        renewed = answer.get("refresh_token")
        if self._refresh_token and isinstance(renewed, str) and renewed:
            self._refresh_token = renewed
        self._token, self._ends = token, self._clock.now() + _lifetime(answer.get("expires_in")) - SLACK

    def _form(self) -> dict[str, str]:
        form = {"client_id": self._oauth2.client_id, "client_secret": self._oauth2.client_secret.get_secret_value()}
        form["scope"] = self._oauth2.scope
        form["grant_type"] = "refresh_token" if self._refresh_token else "client_credentials"
        form["refresh_token"] = self._refresh_token
        return {name: value for name, value in form.items() if value}


def tokens_of(mailbox: Imap, clock: Clock) -> Tokens | None:
    """Return where the tokens of a mailbox come from, or None where it has a password."""
    return Tokens(mailbox.oauth2, clock) if mailbox.oauth2 is not None else None


def _lifetime(seconds: object) -> timedelta:
    try:
        return min(max(timedelta(seconds=int(str(seconds))), SLACK), LONGEST)
    except (ValueError, OverflowError):
        return LIFETIME


def _post(url: str, form: dict[str, str]) -> dict[str, Any]:
    """Return the JSON object that the token endpoint answers (RFC 6749 section 5)."""
    request = urllib.request.Request(url, urlencode(form).encode(), {"Accept": "application/json"})  # noqa: S310 - the settings allow https, and http on this machine
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as response:
            answer = json.loads(response.read(MAX_ANSWER))
    except urllib.error.HTTPError as error:
        with error:
            kind = TokenRefusedError if error.code in REFUSALS else TokenUnavailableError
            raise kind(f"the token server answered {error.code} {_code(error)}".rstrip()) from None
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise TokenUnavailableError(f"the token server cannot be asked: {type(error).__name__}") from None
    if not isinstance(answer, dict):
        raise TokenUnavailableError("the token server answered no JSON object")
    return answer


def _code(error: urllib.error.HTTPError) -> str:
    """Return the error code of an answer (RFC 6749 section 5.2). The rest of it may hold what we sent."""
    try:
        code = json.loads(error.read(MAX_ANSWER)).get("error")
    except (OSError, HTTPException, ValueError, AttributeError, RecursionError):
        return ""
    return code[:64] if isinstance(code, str) and code.isidentifier() else ""
