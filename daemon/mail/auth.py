"""Believe the authentication results of our own border only (RFC 8601)."""

import re

from daemon.mail.message import Message

COMMENT = re.compile(r"\([^()]*\)")
RESULT = re.compile(r"^\s*dmarc\s*=\s*pass\b", re.IGNORECASE)
HEADER_FROM = re.compile(r"\bheader\.from\s*=\s*([^\s;]+)", re.IGNORECASE)
LOOKED_AT = 10


def authenticated(message: Message, trusted: frozenset[str]) -> bool:
    """Say whether a trusted border found that the From domain is genuine (DMARC pass, aligned).

    Only the first Authentication-Results counts: our border puts its own on top, and whatever stands below may be
    the sender's. `trusted` are the authserv-ids of that border; without one nothing is believed.
    """
    if not trusted or len(message.from_) != 1 or not message.from_[0].email:
        return False
    values = message.headers.get("authentication-results", ())[:LOOKED_AT]
    if not values:
        return False
    authserv, _, results = COMMENT.sub(" ", values[0][:4000]).partition(";")
    if authserv.split()[:1] == [] or authserv.split()[0].lower() not in trusted:
        return False
    domain = message.from_[0].email.rpartition("@")[2].lower()
    return any(_passes(result, domain) for result in results.split(";"))


def _passes(result: str, domain: str) -> bool:
    if not RESULT.match(result):
        return False
    stated = HEADER_FROM.search(result)
    return stated is not None and stated[1].strip('"').rpartition("@")[2].lower() == domain
