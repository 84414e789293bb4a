"""Ask name servers, with bounds on time, on the number of questions, and on the answers that are kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.reversename

from daemon.authentication.lookup import DnsUnavailableError

Answer = tuple[str, ...]
Key = tuple[str, str]

# The longest wait for one answer, and the number of questions that one email may ask.
QUESTION_SECONDS: Final = 3.0
MAX_QUESTIONS: Final = 60
MAX_RECORDS: Final = 60
MAX_CHARACTERS: Final = 16_000
# EDNS at this size is not fragmented (DNS flag day 2020); larger answers come by TCP.
UDP_BYTES: Final = 1232
CACHED: Final = 4000
SHORTEST_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 3600.0
# How long a name that gives no answer is not asked again.
FAILED_SECONDS: Final = 15.0


class NoNameServerError(Exception):
    """The settings name no name server, and neither does this host."""


class Resolver:
    """Asks name servers on behalf of many emails, which share its cache. Safe for threads."""

    def __init__(self, nameservers: Sequence[tuple[str, int]] = ()) -> None:
        """Use these name servers, else those of this host; raises NoNameServerError."""
        try:
            self._resolver = dns.resolver.Resolver(configure=not nameservers)
        except dns.resolver.NoResolverConfiguration as error:
            raise NoNameServerError(str(error)) from None
        if nameservers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in nameservers]
        self._resolver.timeout = QUESTION_SECONDS / 2
        self._resolver.use_edns(0, 0, UDP_BYTES)
        self._lock = threading.Lock()
        self._cache: OrderedDict[Key, tuple[float, Answer | None]] = OrderedDict()

    def until(self, deadline: float) -> "Questions":
        """Return the questions of one email, all to be answered before a moment of the monotonic clock."""
        return Questions(self, deadline)

    def ask(self, name: str, kind: str, seconds: float) -> Answer:
        """Return the records of a name as text; raises DnsUnavailableError."""
        key = (name.lower(), kind)
        with self._lock:
            until, known = self._cache.get(key, (0.0, ()))
        if until > monotonic():
            return _usable(known)
        try:
            found, keep = self._ask(name, kind, seconds)
        except dns.resolver.LifetimeTimeout:
            # A short rest of the time of one email says little about the name.
            if seconds >= QUESTION_SECONDS:
                self._keep(key, None, FAILED_SECONDS)
            raise DnsUnavailableError from None
        except (dns.exception.DNSException, OSError, ValueError):
            found, keep = None, FAILED_SECONDS
        self._keep(key, found, keep)
        return _usable(found)

    def _ask(self, name: str, kind: str, seconds: float) -> tuple[Answer | None, float]:
        try:
            question = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            # Such a name cannot exist.
            return (), LONGEST_SECONDS
        try:
            answer = self._resolver.resolve(question, kind, lifetime=seconds, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return (), SHORTEST_SECONDS
        records = list(answer.rrset or ())
        texts = tuple(_READERS[kind](record) for record in _ordered(records, kind))
        bounded = len(texts) <= MAX_RECORDS and sum(map(len, texts)) <= MAX_CHARACTERS
        left = float(answer.rrset.ttl) if answer.rrset else 0.0
        return texts if bounded else None, min(max(left, SHORTEST_SECONDS), LONGEST_SECONDS)

    def _keep(self, key: Key, answer: Answer | None, seconds: float) -> None:
        with self._lock:
            self._cache[key] = (monotonic() + seconds, answer)
            self._cache.move_to_end(key)
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)


class Questions:
    """What the checks of one email ask (a Lookup): bounded in number and by one deadline."""

    def __init__(self, resolver: Resolver, deadline: float) -> None:
        self._resolver, self._deadline, self._left = resolver, deadline, MAX_QUESTIONS

    def txt(self, name: str) -> Answer:
        """Return TXT records."""
        return self._ask(name, "TXT")

    def addresses(self, name: str, version: int) -> Answer:
        """Return addresses of an IP version."""
        return self._ask(name, "A" if version == 4 else "AAAA")  # noqa: PLR2004 - IPv4

    def mx(self, name: str) -> Answer:
        """Return the hosts of MX records, by preference."""
        return self._ask(name, "MX")

    def ptr(self, address: str) -> Answer:
        """Return the names of an address."""
        return self._ask(dns.reversename.from_address(address).to_text(), "PTR")

    def _ask(self, name: str, kind: str) -> Answer:
        seconds = min(self._deadline - monotonic(), QUESTION_SECONDS)
        self._left -= 1
        if seconds <= 0 or self._left < 0:
            raise DnsUnavailableError
        return self._resolver.ask(name, kind, seconds)


def _usable(answer: Answer | None) -> Answer:
    if answer is None:
        raise DnsUnavailableError
    return answer


def _ordered(records: list[object], kind: str) -> list[object]:
    return sorted(records, key=lambda record: getattr(record, "preference", 0)) if kind == "MX" else records


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


_READERS: Final[dict[str, Callable[..., str]]] = {
    "TXT": lambda record: b"".join(record.strings).decode("latin-1"),
    "A": lambda record: str(record.address),
    "AAAA": lambda record: str(record.address),
    "MX": lambda record: _host(record.exchange),
    "PTR": lambda record: _host(record.target),
}
