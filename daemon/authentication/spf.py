"""Evaluate SPF (RFC 7208): whether a client may send email for a domain, with the limits of section 4.6.4."""

import ipaddress
from dataclasses import dataclass, replace
from typing import Final

from daemon.authentication.lookup import DnsUnavailableError, Finding, Lookup, Result
from daemon.authentication.spf_record import (
    IpAddress,
    MacroValues,
    Mechanism,
    RecordError,
    SpfRecord,
    expand,
    is_spf,
    parse,
)
from daemon.authentication.tags import domain_name

MAX_LOOKUPS: Final = 10
MAX_VOID: Final = 2
MAX_NAMES: Final = 10


def check_host(dns: Lookup, peer: str, mail_from: str | None) -> Finding:
    """Return the result for an envelope sender and the address of the client.

    The null sender has no domain: the name that a client says in EHLO is not kept, and proves no author.
    """
    domain = domain_name((mail_from or "").rpartition("@")[2])
    ip = _address(peer)
    if not domain or "." not in domain or ip is None:
        return Finding("spf", Result.NONE, domain, "null sender" if not mail_from else "no domain or address")
    sender = mail_from or ""
    local = sender.rpartition("@")[0] or "postmaster"
    values = MacroValues(f"{local}@{domain}", domain, ip, "unknown")
    try:
        result = _Evaluation(dns, ip).evaluate(values)
    except RecordError as error:
        return Finding("spf", Result.PERMERROR, domain, str(error))
    except DnsUnavailableError:
        return Finding("spf", Result.TEMPERROR, domain, "DNS did not answer")
    return Finding("spf", result, domain)


def _address(peer: str) -> IpAddress | None:
    try:
        ip = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


@dataclass(slots=True)
class _Evaluation:
    """One evaluation, with the number of look-ups that all records of it have used."""

    dns: Lookup
    ip: IpAddress
    lookups: int = 0
    voids: int = 0

    def evaluate(self, values: MacroValues) -> Result:
        """Return the result of the record of a domain; raises RecordError and DnsUnavailableError."""
        record = self._record(values.domain)
        if record is None:
            return Result.NONE
        for mechanism in record.mechanisms:
            if self._matches(mechanism, values):
                return mechanism.result
        if not record.redirect or any(m.kind == "all" for m in record.mechanisms):
            return Result.NEUTRAL
        self._count()
        target = domain_name(expand(record.redirect, values))
        result = self.evaluate(replace(values, domain=target)) if target else Result.NONE
        if result is Result.NONE:
            raise RecordError("redirect= leads to no SPF record")
        return result

    def _record(self, domain: str) -> SpfRecord | None:
        found = [text for text in self.dns.txt(domain) if is_spf(text)]
        if len(found) > 1:
            raise RecordError("there are several SPF records")
        return parse(found[0]) if found else None

    def _matches(self, mechanism: Mechanism, values: MacroValues) -> bool:
        if mechanism.kind == "all":
            return True
        if mechanism.network is not None:
            return self.ip in mechanism.network
        self._count()
        target = domain_name(expand(mechanism.target, values)) if mechanism.target else values.domain
        if mechanism.kind == "include":
            return self._included(target, values)
        return bool(target) and self._is_known_at(target, mechanism)

    def _is_known_at(self, target: str, mechanism: Mechanism) -> bool:
        if mechanism.kind == "exists":
            return bool(self._noting(self.dns.addresses(target, 4)))
        if mechanism.kind == "ptr":
            return self._names_client(target)
        return self._has_client(mechanism, target)

    def _included(self, target: str, values: MacroValues) -> bool:
        result = self.evaluate(replace(values, domain=target)) if target else Result.NONE
        if result is Result.NONE:
            raise RecordError("include: leads to no SPF record")
        return result is Result.PASS

    def _has_client(self, mechanism: Mechanism, target: str) -> bool:
        hosts = [target]
        if mechanism.kind == "mx":
            hosts = list(self._noting(self.dns.mx(target)))
            if len(hosts) > MAX_NAMES:
                raise RecordError("mx has too many hosts")
        prefix = mechanism.prefix4 if self.ip.version == 4 else mechanism.prefix6  # noqa: PLR2004 - IPv4
        network = ipaddress.ip_network(f"{self.ip}/{prefix}", strict=False)
        for host in hosts:
            found = self.dns.addresses(host, self.ip.version)
            if mechanism.kind == "a":
                self._noting(found)
            if any(ipaddress.ip_address(address) in network for address in found):
                return True
        return False

    def _names_client(self, target: str) -> bool:
        try:
            names = self._noting(self.dns.ptr(str(self.ip)))[:MAX_NAMES]
            return any(
                str(self.ip) in self.dns.addresses(name, self.ip.version)
                for name in names
                if f".{name}".endswith(f".{target}")
            )
        except DnsUnavailableError:
            # Section 5.5: an error means no match.
            return False

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise RecordError("too many DNS look-ups")

    def _noting(self, found: tuple[str, ...]) -> tuple[str, ...]:
        self.voids += not found
        if self.voids > MAX_VOID:
            raise RecordError("too many look-ups without an answer")
        return found
