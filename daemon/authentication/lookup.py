"""The questions that a check asks the DNS, and the results that all checks share."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Result(StrEnum):
    """Result of a check (RFC 8601 section 2.7). POLICY means that we do not accept what would be a pass."""

    PASS = "pass"  # noqa: S105 - a result
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one method for one `domain`, in lower case and "" where there is none, and why."""

    method: str
    result: Result
    domain: str
    reason: str = ""

    def __str__(self) -> str:
        """Return what is stored and shown, such as "dkim=pass (shop.example, selector s1)"."""
        details = ", ".join(filter(None, (self.domain, self.reason)))
        return f"{self.method}={self.result}" + (f" ({details})" if details else "")


class DnsUnavailableError(Exception):
    """The DNS gives no usable answer now: it is slow, down, or the answer is past our limits."""


class Lookup(Protocol):
    """Asks the DNS. A name without such records gives nothing; each method raises DnsUnavailableError."""

    def txt(self, name: str) -> tuple[str, ...]:
        """Return TXT records, each with its strings joined, bytes as Latin-1."""

    def addresses(self, name: str, version: int) -> tuple[str, ...]:
        """Return A records for version 4, AAAA records for version 6."""

    def mx(self, name: str) -> tuple[str, ...]:
        """Return the hosts of MX records, by preference."""

    def ptr(self, address: str) -> tuple[str, ...]:
        """Return the names of an IP address."""
