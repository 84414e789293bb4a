"""Accept authentication results (RFC 8601) from our own mail servers only."""

import ipaddress
import re

from daemon.mail.message import Message
from daemon.text import domain_of

DMARC = re.compile(r"^\s*dmarc\s*=\s*(\w+)", re.IGNORECASE)
FROM = re.compile(r"\s*from\b", re.IGNORECASE)
BY = re.compile(r"\bby\s+([^\s;]+)", re.IGNORECASE)
HEADER_FROM = re.compile(r"\bheader\.from\s*=\s*([^\s;]+)", re.IGNORECASE)
HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-@")
LONGEST = 16_000


def authenticated(message: Message, trusted: frozenset[str]) -> bool:
    """Return whether a trusted server found that the From domain is genuine (DMARC pass, aligned).

    Only the first Authentication-Results counts, and only above the first Received of another host: our server puts
    its own on top, and what is below may come from the sender. `trusted` are the authserv-ids, in lower case, of the
    servers that this email must have come through; without one nothing is accepted.
    """
    if not trusted or len(message.from_) != 1 or not message.from_[0].email:
        return False
    value = _first_result(message, trusted)
    authserv = _without_comments(value).partition(";")[0].split()
    if not authserv or authserv[0].lower() not in trusted:
        return False
    return states_pass(value, domain_of(message.from_[0].email).lower())


def states_pass(value: str, domain: str) -> bool:
    """Return whether results, which follow the name of a server, say that DMARC passed for a domain of From."""
    results = _without_comments(value).partition(";")[2]
    verdicts = [result for result in results.split(";") if DMARC.match(result)]
    return bool(verdicts) and all(_passes(verdict, domain) for verdict in verdicts)


def _first_result(message: Message, trusted: frozenset[str]) -> str:
    """Return the first Authentication-Results, or "" if a Received that our servers did not write comes before it."""
    for name, value in message.trace:
        if name == "authentication-results":
            return value
        if not _is_ours(_without_comments(value), trusted):
            return ""
    return ""


def _is_ours(received: str, trusted: frozenset[str]) -> bool:
    """Return whether one of our servers wrote a Received: every host that it names as receiver must be ours.

    A sender can choose the name after "from", and try to write a "by" into it.
    """
    hosts = [host.lower().rstrip(".") for host in BY.findall(received)]
    if not FROM.match(received) and len(hosts) == 1 and _is_ip(hosts[0]):
        # Gmail writes such a field on top when it passes an email on inside; it received nothing from another host.
        return True
    return bool(hosts) and all(any(f".{host}".endswith(f".{name}") for name in trusted) for host in hosts)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _without_comments(value: str) -> str:
    """Return a value without comments, and with "_" for the syntax characters inside quoted strings.

    Both may repeat text that the sender chose (a local part, a reason). An unterminated one makes the value "".
    """
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in value if len(value) <= LONGEST else "(":
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"' and not depth:
            quoted = not quoted
        elif quoted:
            kept.append(char if char in HARMLESS else "_")
        elif char in "()":
            depth += 1 if char == "(" else -1
            kept.append(" ")
        elif not depth:
            kept.append(char)
        if depth < 0:
            return ""
    return "" if depth or quoted or escaped else "".join(kept)


def _passes(verdict: str, domain: str) -> bool:
    result = DMARC.match(verdict)
    stated = {domain_of(value).lower() for value in HEADER_FROM.findall(verdict)}
    return result is not None and result[1].lower() == "pass" and stated == {domain}
