"""Check the sender of one email by SPF, DKIM, ARC and DMARC, and say what was found."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.authentication import arc, dkim, dmarc, spf
from daemon.authentication.lookup import Finding, Lookup, Result
from daemon.authentication.signed import MalformedError, SignedEmail, split
from daemon.mail.address import read_addresses
from daemon.mail.envelope import Inbound
from daemon.mail.mailbox import registrable_domain
from daemon.text import domain_of
from daemon.vocabulary import NO_DNS_ANSWER, SenderCheck

MAX_SIGNATURES: Final = 8


def check_sender(dns: Lookup, inbound: Inbound, trusted_intermediaries: Collection[str]) -> SenderCheck:
    """Return the result for an email; it is verified where the domain in From is proved to be genuine.

    `trusted_intermediaries` are domains in lower case, whose ARC seals are believed.
    """
    try:
        email = split(inbound.raw)
    except MalformedError as error:
        return SenderCheck(verified=False, results=(f"dmarc=permerror ({error})",))
    author = author_domain(email)
    if not author:
        return SenderCheck(verified=False, results=("dmarc=permerror (From is not one readable address)",))
    envelope = inbound.envelope
    found = spf.check_host(dns, envelope.peer, envelope.mail_from)
    signatures = _signatures(dns, email, author, envelope.received_at)
    result = dmarc.evaluate(dns, author, found, signatures)
    chain: Sequence[Finding] = ()
    if result.result is not Result.PASS and trusted_intermediaries:
        result, chain = _by_intermediary(dns, email, result, trusted_intermediaries, envelope.received_at)
    results = tuple(map(str, (result, found, *signatures, *chain)))
    if result.result is Result.TEMPERROR:
        results = (NO_DNS_ANSWER, *results)
    return SenderCheck(verified=result.result is Result.PASS, results=results)


def author_domain(email: SignedEmail) -> str:
    """Return the domain of From in lower case, "" unless there is exactly one readable address."""
    fields = email.every("from")
    if len(fields) != 1:
        return ""
    addresses = read_addresses(" ".join(fields[0].value.decode("utf-8", "replace").split()))
    return domain_of(addresses[0].email).lower() if len(addresses) == 1 and addresses[0].email else ""


def _signatures(dns: Lookup, email: SignedEmail, author: str, now: datetime) -> tuple[Finding, ...]:
    """Return the results of a bounded number of signatures, those of the author's organization first."""
    fields = email.every("dkim-signature")
    organization = registrable_domain(author)
    first = sorted(fields, key=lambda field: registrable_domain(dkim.signed_domain(field)) != organization)
    return tuple(dkim.verify(dns, email, field, now) for field in first[:MAX_SIGNATURES])


def _by_intermediary(
    dns: Lookup, email: SignedEmail, result: Finding, trusted: Collection[str], now: datetime
) -> tuple[Finding, Sequence[Finding]]:
    """Return the result, a pass where a trusted intermediary saw one, and the result of the chain."""
    chain, links = arc.verify(dns, email, now)
    if chain.result is Result.NONE:
        return result, ()
    by = arc.vouches(links, result.domain, trusted)
    if by:
        result = replace(result, result=Result.PASS, reason=f"arc by {by}")
    return result, (chain,)
