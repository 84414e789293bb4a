"""Evaluate DMARC (RFC 7489): whether SPF or DKIM proves the domain in From, and what that domain asks for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.authentication.lookup import DnsUnavailableError, Finding, Lookup, Result
from daemon.authentication.tags import read_tags
from daemon.mail.mailbox import registrable_domain

POLICIES: Final = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain publishes. The share pct= is ignored: nothing is refused, so nothing is sampled."""

    policy: str
    strict_dkim: bool
    strict_spf: bool


def evaluate(dns: Lookup, author: str, spf: Finding, signatures: Sequence[Finding]) -> Finding:
    """Return the result for the domain of From, with how it was proved or with the policy of the domain."""
    try:
        policy = find_policy(dns, author)
    except DnsUnavailableError:
        return Finding("dmarc", Result.TEMPERROR, author, "DNS did not answer")
    if policy is None:
        return Finding("dmarc", Result.NONE, author, "no record")
    dkim = [one for one in signatures if is_aligned(one.domain, author, strict=policy.strict_dkim)]
    aligned = [*dkim, *([spf] if is_aligned(spf.domain, author, strict=policy.strict_spf) else [])]
    proofs = [one.method for one in aligned if one.result is Result.PASS]
    if proofs:
        return Finding("dmarc", Result.PASS, author, " and ".join(dict.fromkeys(proofs)))
    if any(one.result is Result.TEMPERROR for one in aligned):
        return Finding("dmarc", Result.TEMPERROR, author, "DNS did not answer")
    return Finding("dmarc", Result.FAIL, author, f"policy {policy.policy}")


def find_policy(dns: Lookup, author: str) -> Policy | None:
    """Return the policy of a domain, else that of its organizational domain; raises DnsUnavailableError."""
    organization = registrable_domain(author)
    record = _record(dns.txt(f"_dmarc.{author}"))
    if record is None and organization != author:
        record = _record(dns.txt(f"_dmarc.{organization}"))
        if record is not None and "sp" in record:
            record = {**record, "p": record["sp"]}
    if record is None:
        return None
    wanted = record.get("p", "").lower()
    # Section 6.6.3: a record without a valid policy counts as "none" where it asks for reports, else as no record.
    if wanted not in POLICIES:
        if "rua" not in record:
            return None
        wanted = "none"
    return Policy(wanted, record.get("adkim", "r").lower() == "s", record.get("aspf", "r").lower() == "s")


def is_aligned(domain: str, author: str, *, strict: bool) -> bool:
    """Say whether a proved domain is that of the author, or in relaxed mode of the same organization."""
    if not domain:
        return False
    return domain == author or (not strict and registrable_domain(domain) == registrable_domain(author))


def _record(texts: Iterable[str]) -> dict[str, str] | None:
    found = [tags for text in texts if (tags := read_tags(text)) and next(iter(tags.items())) == ("v", "DMARC1")]
    return dict(found[0]) if len(found) == 1 else None
