"""Verify the chain of an email's intermediaries (ARC, RFC 8617), and believe those that the admin names."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from daemon.authentication.dkim import SignatureError, check, read_signature, signed_domain, tags_of, verify_bytes
from daemon.authentication.lookup import DnsUnavailableError, Finding, Lookup, Result
from daemon.authentication.signed import Field, SignedEmail
from daemon.authentication.tags import domain_name
from daemon.mail.screening.authentication_results import states_pass

RESULTS: Final = "arc-authentication-results"
MESSAGE: Final = "arc-message-signature"
SEAL: Final = "arc-seal"
# RFC 8617 allows 50; each costs a look-up and a signature.
MAX_INTERMEDIARIES: Final = 10
_INSTANCE: Final = re.compile(r"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*(\d{1,2})[ \t\r\n]*;", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """What one intermediary added: the results that it saw, its signature of the email, and its seal of the chain."""

    results: Field
    message: Field
    seal: Field
    seal_tags: Mapping[str, str]

    @property
    def domain(self) -> str:
        """Return the domain that sealed."""
        return domain_name(self.seal_tags.get("d", ""))


def verify(dns: Lookup, email: SignedEmail, now: datetime) -> tuple[Finding, tuple[Link, ...]]:
    """Return the result of the chain, and its links from the first to the last where it is valid."""
    try:
        links = _links(email)
        if not links:
            return Finding("arc", Result.NONE, ""), ()
        _check_chain(dns, email, links, now)
    except SignatureError as error:
        return Finding("arc", error.result, "", str(error)), ()
    except DnsUnavailableError:
        return Finding("arc", Result.TEMPERROR, "", "DNS did not answer"), ()
    return Finding("arc", Result.PASS, links[-1].domain, f"{len(links)} in the chain"), links


def vouches(links: tuple[Link, ...], author: str, trusted: Collection[str]) -> str:
    """Return the intermediary that saw DMARC pass for the domain of From, "" where no trusted one did.

    Only intermediaries are asked after whom every other one is trusted too: another may have changed anything.
    """
    for link in reversed(links):
        if link.domain not in trusted or signed_domain(link.message) not in trusted:
            return ""
        results = link.results.text.replace("\r\n", "").partition(";")[2]
        if states_pass(results, author):
            return link.domain
    return ""


def _links(email: SignedEmail) -> tuple[Link, ...]:
    results, messages, seals = (_by_instance(email.every(name)) for name in (RESULTS, MESSAGE, SEAL))
    count = len(seals)
    if not (results or messages or seals):
        return ()
    if count > MAX_INTERMEDIARIES:
        raise SignatureError(Result.POLICY, "too many intermediaries")
    if not set(range(1, count + 1)) == set(results) == set(messages) == set(seals):
        raise SignatureError(Result.FAIL, "the chain is not complete")
    return tuple(Link(results[i], messages[i], seals[i], tags_of(seals[i])) for i in range(1, count + 1))


def _by_instance(fields: tuple[Field, ...]) -> dict[int, Field]:
    found: dict[int, Field] = {}
    for field in fields:
        match = _INSTANCE.match(field.text) or re.search(r";[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*(\d{1,2})\b", field.text)
        number = int(match[1]) if match else 0
        if number in found or not number:
            raise SignatureError(Result.FAIL, "the numbers of the chain are wrong")
        found[number] = field
    return found


def _check_chain(dns: Lookup, email: SignedEmail, links: tuple[Link, ...], now: datetime) -> None:
    for number, link in enumerate(links, 1):
        if link.seal_tags.get("cv", "").lower() != ("none" if number == 1 else "pass") or "h" in link.seal_tags:
            raise SignatureError(Result.FAIL, f"intermediary {number} found the chain broken")
    newest = read_signature(tags_of(links[-1].message), seals=True)
    if SEAL in newest.covered:
        raise SignatureError(Result.FAIL, "a signature covers a seal")
    check(dns, email, links[-1].message, newest, now)
    for number in range(len(links), 0, -1):
        _check_seal(dns, links[:number])


def _check_seal(dns: Lookup, links: tuple[Link, ...]) -> None:
    sealed = [one.canonical("relaxed") for link in links for one in (link.results, link.message, link.seal)]
    sealed[-1] = links[-1].seal.without_signature().canonical("relaxed")
    signature = replace(read_signature(links[-1].seal_tags, seals=True), header_form="relaxed")
    verify_bytes(dns, signature, b"\r\n".join(sealed))
