"""Recognise the tokens of programs: which may call, how often, and what each may do."""

from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Any, Final, cast

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers

from daemon.store import api_tokens
from daemon.store.api_tokens import TokenRecord
from daemon.system.logs import RateLimitedLog
from daemon.tickets.access import TOKEN_PREFIX, Scope, digest_of
from daemon.tickets.actor import Actor
from daemon.web.limits import TokenBuckets
from daemon.web.parameters import refuse_body
from daemon.web.problems import Problem, ProblemError
from daemon.web.services import WebServices

limited = RateLimitedLog(structlog.get_logger(__name__))

# A revoked token works for this long at most; with each request asked for anew, a busy client would cost a query each.
REMEMBERED_SECONDS: Final = 1.0
REMEMBERED_TOKENS: Final = 1000
USE_NOTED_SECONDS: Final = 60.0
LONGEST_TOKEN: Final = 200
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="triaged"'}

# For the documents only: the request was authenticated before it came to its operation.
BEARER: Final = HTTPBearer(
    bearerFormat="triaged_...", description="A token of `triaged tokens create`", auto_error=False
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The program that calls: its token."""

    token: TokenRecord

    @property
    def actor(self) -> str:
        """Return the name that its actions are recorded with: the source, and the name of the token."""
        return f"http:{self.token.name}"

    @property
    def acting(self) -> Actor:
        """Return who acts on a ticket."""
        return Actor(self.actor, None, "http")


class Authenticator:
    """Finds the caller of a request by its token."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._known: OrderedDict[str, tuple[float, TokenRecord]] = OrderedDict()
        self._noted: dict[int, float] = {}
        self._buckets = TokenBuckets(services.settings.http.token_requests_per_minute)

    async def caller(self, headers: Headers) -> Caller:
        """Return the caller; raises ProblemError for one without a token in force, or with too many requests."""
        text = _token_in(headers)
        record = await self._find(digest_of(text)) if text else None
        if record is None:
            limited.warning("http request refused", key="token", reason="no valid token" if text else "no token")
            raise ProblemError(
                Problem.UNAUTHORIZED,
                "send a token as `Authorization: Bearer triaged_...`; `triaged tokens create` makes one",
                headers=CHALLENGE,
            )
        wait = self._buckets.wait(record.id)
        if wait:
            raise ProblemError(
                Problem.RATE,
                f"try again in {wait} s; see http.token_requests_per_minute",
                headers={"Retry-After": str(wait)},
            )
        self._note_use(record)
        return Caller(record)

    async def _find(self, digest: str) -> TokenRecord | None:
        at, record = self._known.get(digest, (-REMEMBERED_SECONDS, None))
        if record is not None and monotonic() - at < REMEMBERED_SECONDS:
            return record
        found = await self._services.run(lambda: self._read(digest))
        self._known.pop(digest, None)
        if found is not None:
            self._known[digest] = (monotonic(), found)
            if len(self._known) > REMEMBERED_TOKENS:
                self._known.popitem(last=False)
        return found

    def _read(self, digest: str) -> TokenRecord | None:
        with self._services.store.read() as session:
            return api_tokens.find(session, digest)

    def _note_use(self, record: TokenRecord) -> None:
        """Note the use of a token, at most once a minute: a row is written for it."""
        if monotonic() - self._noted.get(record.id, -USE_NOTED_SECONDS) < USE_NOTED_SECONDS:
            return
        self._noted[record.id] = monotonic()
        now = self._services.clock.now()
        self._services.store.submit(lambda session: api_tokens.touch(session, record.id, now))


def _token_in(headers: Headers) -> str:
    """Return the token of a request, or "": only the header counts, never the URL, which ends up in logs."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    text = text.strip()
    right = scheme.lower() == "bearer" and len(text) <= LONGEST_TOKEN and text.isascii()
    return text if right and text.startswith(TOKEN_PREFIX) else ""


def caller_of(request: Request) -> Caller:
    """Return the caller that was recognised before the request came to its operation."""
    return cast(Caller, request.scope["triaged.caller"])


@dataclass(frozen=True, slots=True)
class Requires:
    """The dependency of an operation on a scope; gives the caller."""

    scope: Scope

    async def __call__(self, request: Request, _documented: Annotated[object, Depends(BEARER)]) -> Caller:
        """Return the caller; raises ProblemError if its token lacks the scope, or for a body that nobody reads."""
        caller = caller_of(request)
        if self.scope not in caller.token.scopes:
            raise ProblemError(Problem.FORBIDDEN, f"the token {caller.token.name} lacks the scope {self.scope}")
        # Only now: who may not do it learns nothing else about it.
        await refuse_body(request)
        return caller


def requires(scope: Scope) -> Any:  # noqa: ANN401 - FastAPI's own type for a dependency
    """Return the dependency of an operation on a scope."""
    return Depends(Requires(scope))
