"""Recognise email through our own group, and find its author where the group put its own address into From."""

import re
from collections.abc import Collection

from daemon.mail.address import read_addresses
from daemon.mail.message import Address, Message

_MAX_VALUE = 500
_MAIL_TO = re.compile(r"mailto:([^>?\s]{1,320})", re.IGNORECASE)
# "'Ann Example' via Support", as Google Groups, Mailman and Microsoft 365 write it; in German "über".
_VIA = re.compile(r"\b(?:via|über|par|por|tramite|door)\s+\S", re.IGNORECASE)
# Where groups keep the address that they replaced: Google Groups, Sympa, Mailman.
_ORIGINALS = ("x-original-from", "x-original-sender", "x-google-original-from", "x-mailman-original-from")


def is_our_group(message: Message, ours: Collection[str]) -> bool:
    """Return whether the list is one of our addresses: support@ is often a group that adds list headers."""
    posts = _MAIL_TO.findall(message.header("list-post")[:_MAX_VALUE].lower())
    label = message.header("list-id")[:_MAX_VALUE].lower().rpartition("<")[2].strip("> \t")
    return any(post in ours for post in posts) or any(label == address.replace("@", ".") for address in ours)


def hidden_author(message: Message, ours: Collection[str]) -> Address | None:
    """Return the author of an email in which our own group rewrote From (for DMARC), or None.

    The group keeps the author in Reply-To and in a header of its own. All that name somebody must name the same
    address, and there must be two of them, or "via" in the name that the group wrote. Anybody can write these headers:
    the author is as unverified as any From.
    """
    if not _rewrote_from(message, ours):
        return None
    replies = [address for address in message.reply_to if not _is_ours(address, ours)]
    kept = [address for name in _ORIGINALS for address in read_addresses(message.header(name)[:_MAX_VALUE])]
    named = [*replies, *kept]
    emails = {(address.email or "").lower() for address in named}
    if len(emails) != 1 or "" in emails or _is_ours(named[0], ours):
        return None
    is_certain = len(named) > 1 or bool(_VIA.search(message.from_[0].name[:_MAX_VALUE]))
    return next((address for address in named if address.name), named[0]) if is_certain else None


def _rewrote_from(message: Message, ours: Collection[str]) -> bool:
    return is_our_group(message, ours) and len(message.from_) == 1 and _is_ours(message.from_[0], ours)


def _is_ours(address: Address, ours: Collection[str]) -> bool:
    return (address.email or "").lower() in ours
