"""Slow down the guessing of passwords: remember the refused logins of each address, in bounded memory."""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

import structlog

from daemon.system.logs import RateLimitedLog
from daemon.text import plain_address

# Tools that block addresses count these lines, so the first ones of each address are all written.
limited = RateLimitedLog(structlog.get_logger(__name__), burst=20)

# The delay doubles with each refused login of an address, and must be shorter than clients wait for a reply.
FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 30.0
REMEMBERED_SECONDS: Final = 3600.0
MAX_ADDRESSES: Final = 10_000
BUCKET_SECONDS: Final = 60.0
IPV4: Final = 4


@dataclass(slots=True)
class _Address:
    """The refused logins of one address, the last one of them, and when the next password may be checked."""

    refused: int = 0
    last_at: float = 0.0
    free_at: float = 0.0

    @property
    def delay(self) -> float:
        return min(FIRST_SECONDS * 2 ** min(self.refused - 1, 10), LONGEST_SECONDS) if self.refused else 0.0


@dataclass(slots=True)
class _Minute:
    began: float
    refused: int = 0


class RefusedLogins:
    """Counts refused logins per address (IPv6: per /64) and in all. Each is forgotten after an hour.

    Passwords of one address are checked one after the other, with a growing delay before each: a client that does not
    wait for a late reply must not get more guesses than one that does.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self._minutes: deque[_Minute] = deque()

    def take_turn(self, peer: str) -> float | None:
        """Queue the check of a password; return after how many seconds it may begin, None if too many wait already."""
        address, now = self._find(peer), self._now()
        if address is None:
            return 0.0
        wait = max(0.0, address.free_at - now)
        if wait > LONGEST_SECONDS:
            return None
        address.free_at = now + wait + address.delay
        return wait

    def accept(self, peer: str) -> None:
        """Forget the refused logins of an address that knows a password."""
        self._addresses.pop(network_of(peer), None)

    def refuse(self, peer: str) -> float:
        """Count and log a refused login; return for how many seconds to delay the reply."""
        now = self._now()
        address = self._find(peer) or _Address()
        network = network_of(peer)
        self._addresses[network] = address
        self._addresses.move_to_end(network)
        if len(self._addresses) > MAX_ADDRESSES:
            self._addresses.popitem(last=False)
        address.refused += 1
        address.last_at = now
        address.free_at = max(address.free_at, now + address.delay)
        if not self._minutes or now - self._minutes[-1].began >= BUCKET_SECONDS:
            self._minutes.append(_Minute(now))
        self._minutes[-1].refused += 1
        self._forget()
        limited.warning("smtp login refused", key=peer, peer=peer, refused=address.refused)
        return address.delay

    @property
    def within_an_hour(self) -> int:
        """Return the number of logins that were refused within about an hour."""
        self._forget()
        return sum(minute.refused for minute in self._minutes)

    @property
    def addresses(self) -> int:
        """Return the number of addresses that are remembered."""
        return len(self._addresses)

    def _find(self, peer: str) -> _Address | None:
        address = self._addresses.get(network_of(peer))
        return address if address and self._now() - address.last_at < REMEMBERED_SECONDS else None

    def _forget(self) -> None:
        before = self._now() - REMEMBERED_SECONDS
        while self._minutes and self._minutes[0].began < before:
            self._minutes.popleft()
        # In the order of the last refused login, so each call looks at one address more than it forgets.
        while self._addresses and next(iter(self._addresses.values())).last_at < before:
            self._addresses.popitem(last=False)


def network_of(peer: str) -> str:
    """Return the unit that limits are counted by: an IPv4 address, an IPv6 /64 network, or any other text itself."""
    try:
        address = ipaddress.ip_address(plain_address(peer.partition("%")[0]))
    except ValueError:
        return peer
    return str(address) if address.version == IPV4 else str(ipaddress.ip_network(f"{address}/64", strict=False))
