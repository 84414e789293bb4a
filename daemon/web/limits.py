"""Bounds of what HTTP may use: requests at a time and in a second, bytes of bodies, requests of a token in a minute."""

import asyncio
import ipaddress
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import Final

from starlette.types import Scope

from daemon.web.problems import ProblemError, unavailable

REMEMBERED: Final = 10_000
# All request bodies together that are held at a time.
BODIES_BYTES: Final = 32 * 1024 * 1024

# Requests of one address without a token, or with one that asks too often. Slower than that they do not slow email.
PER_SECOND: Final = 50.0
BURST: Final = 250.0
LONGEST_WAIT: Final = 5.0
# Requests of all addresses together that never proved who they are: more than people who sign in, or programs that try
# a token, need; and so few that the event loop has time for email, however many addresses take part in a flood.
ALL_PER_SECOND: Final = 100.0
ALL_BURST: Final = 500.0
# Supervisors restart a process whose probe takes a second.
LONGEST_PROBE_WAIT: Final = 0.5
# The key in the scope of a request that came over a connection beyond http.connections.
CROWDED: Final = "triaged.crowded"


def too_many_clients() -> ProblemError:
    """Return the error for a client beyond http.connections, whose connection ends with it."""
    error = unavailable("too many clients at a time; see http.connections")
    error.headers["Connection"] = "close"
    return error


class TokenBuckets:
    """How many requests each token has left; they come back evenly over a minute. Counted in this process only."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._buckets: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def wait(self, token_id: int) -> int:
        """Take one request of a token; return 0, or in how many seconds the next one is left."""
        now = monotonic()
        left, at = self._buckets.pop(token_id, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / 60)
        allowed = left >= 1
        self._buckets[token_id] = (left - 1 if allowed else left, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return 0 if allowed else ceil((1 - left) * 60 / self._most)


class Pace:
    """Lets the requests of a client that proved nothing wait, once they are a flood: email is read on the same loop.

    Waiting costs us nothing, and a client that waits for an answer sends no other request; a refusal would bring the
    next one at once. Clients are their addresses: of IPv6, the network that one customer gets.
    """

    def __init__(self, per_second: float = PER_SECOND, burst: float = BURST) -> None:
        self._step, self._free = 1 / per_second, burst / per_second
        # The time at which all requests of a client so far are worked off, one after the other.
        self._until: OrderedDict[str, float] = OrderedDict()

    async def wait(self, scope: Scope) -> None:
        """Let a request wait for its turn. One over a Unix socket has no address, and comes from this host."""
        client = _network(scope)
        seconds = self.seconds(client) if client else 0.0
        if seconds:
            await asyncio.sleep(seconds)

    def seconds(self, client: str) -> float:
        """Count a request of a client; return for how long it waits."""
        now = monotonic()
        until = _next_turn(self._until.pop(client, now), now, self._step, self._free + LONGEST_WAIT)
        self._until[client] = until
        if len(self._until) > REMEMBERED:
            self._until.popitem(last=False)
        return max(0.0, until - now - self._free)


class CommonPace:
    """Lets requests of all clients together wait for their turn, in the order in which they came."""

    def __init__(self, per_second: float, burst: float, longest: float) -> None:
        self._step, self._free, self._longest = 1 / per_second, burst / per_second, longest
        self._until = 0.0

    def seconds(self, now: float) -> float:
        """Count a request; return for how long it waits."""
        self._until = _next_turn(self._until, now, self._step, self._free + self._longest)
        return max(0.0, self._until - now - self._free)


def _next_turn(until: float, now: float, step: float, most: float) -> float:
    """Return when all requests are worked off, with one more, at most `most` seconds from now."""
    return min(max(until, now) + step, now + most)


class Turnstile:
    """The pace of each client, and behind it that of all clients that never proved who they are.

    Behind it, so that a client that floods alone takes no turn of the others.
    """

    def __init__(self, longest: float = LONGEST_WAIT) -> None:
        self._each, self._all = Pace(), CommonPace(ALL_PER_SECOND, ALL_BURST, longest)

    async def wait(self, scope: Scope, *, known: bool = False) -> None:
        """Let a request wait; one over a Unix socket comes from this host."""
        await self._each.wait(scope)
        if known or not _network(scope):
            return
        seconds = self._all.seconds(monotonic())
        if seconds:
            await asyncio.sleep(seconds)


def _network(scope: Scope) -> str:
    """Return the address of a client or its network, "" where it has none."""
    try:
        address = ipaddress.ip_address((scope.get("client") or ("",))[0])
    except ValueError:
        return ""
    return str(address if address.version == 4 else ipaddress.ip_network((address, 64), strict=False))  # noqa: PLR2004 - IPv4


class Budget:
    """An amount of which several requests each hold a part."""

    def __init__(self, most: int, refusal: str) -> None:
        self._most, self._refusal = most, refusal
        self.held = 0

    def take(self, amount: int = 1) -> None:
        """Take an amount; raises ProblemError (503) where it is not left."""
        if self.held + amount > self._most:
            raise unavailable(self._refusal)
        self.held += amount

    def give_back(self, amount: int = 1) -> None:
        """Give an amount back."""
        self.held -= amount

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold one unit."""
        self.take()
        try:
            yield
        finally:
            self.give_back()
