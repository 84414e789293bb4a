"""Believe the authentication results of our own border only (RFC 8601)."""

import re

from daemon.mail.message import Message
from daemon.text import domain_of

DMARC = re.compile(r"^\s*dmarc\s*=\s*(\w+)", re.IGNORECASE)
HEADER_FROM = re.compile(r"\bheader\.from\s*=\s*([^\s;]+)", re.IGNORECASE)
HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-@")
LONGEST = 16_000


def authenticated(message: Message, trusted: frozenset[str]) -> bool:
    """Say whether a trusted border found that the From domain is genuine (DMARC pass, aligned).

    Only the first Authentication-Results counts: our border puts its own on top, and whatever stands below may be
    the sender's. `trusted` are the authserv-ids of that border; without one nothing is believed.
    """
    if not trusted or len(message.from_) != 1 or not message.from_[0].email:
        return False
    authserv, _, results = _bare(message.header("authentication-results")).partition(";")
    if not authserv.strip() or authserv.split()[0].lower() not in trusted:
        return False
    domain = domain_of(message.from_[0].email).lower()
    verdicts = [result for result in results.split(";") if DMARC.match(result)]
    return bool(verdicts) and all(_passes(verdict, domain) for verdict in verdicts)


def _bare(value: str) -> str:
    """Return a value without its comments, and quoted strings without what could be taken for syntax.

    Both may repeat what the sender chose (a local part, a reason). A value in which one of them does not end is "".
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
    said = DMARC.match(verdict)
    stated = {domain_of(value).lower() for value in HEADER_FROM.findall(verdict)}
    return said is not None and said[1].lower() == "pass" and stated == {domain}
