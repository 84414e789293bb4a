"""Remember which clients proved who they are: a flood of others does not delay them."""

from collections import OrderedDict
from hashlib import sha256
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

from config.schema import Http
from daemon.web.pages.page import SESSION
from daemon.web.peer import is_trusted_peer

# After this long without a request, a client proves it again; it may wait for that.
KNOWN_SECONDS: Final = 3600.0
MOST_KNOWN: Final = 10_000


class KnownClients:
    """The credentials that were right not long ago: hashes of tokens and sessions, and names that a proxy vouched for.

    Nobody gets access by this: each request is checked as before.
    """

    def __init__(self, http: Http) -> None:
        self._header, self._proxies = http.login_header, http.trusted_proxies
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def note(self, scope: Scope, now: float) -> None:
        """Note that the credential of a request was right."""
        digest = self._digest(scope)
        self._until.pop(digest, None)
        self._until[digest] = now + KNOWN_SECONDS
        if len(self._until) > MOST_KNOWN:
            self._until.popitem(last=False)

    def has(self, scope: Scope, now: float) -> bool:
        """Return whether the credential of a request was right a while ago."""
        return self._until.get(self._digest(scope), now) > now

    def _digest(self, scope: Scope) -> bytes:
        headers = Headers(scope=scope)
        credential = f"token {headers.get('authorization', '')}"
        if "authorization" not in headers:
            name = headers.get(self._header, "") if self._header else ""
            vouched = name and is_trusted_peer(scope, self._proxies)
            secret = cookie_parser(headers.get("cookie", "")).get(SESSION, "")
            credential = f"name {name}" if vouched else f"session {secret}"
        return sha256(credential.encode()).digest()
