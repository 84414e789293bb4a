"""Recognise email through our own group, and find its author where the group put its own address into From."""

import re
from collections.abc import Collection

from daemon.mail.address import read_addresses
from daemon.mail.message import Address, Message
from daemon.text import domain_of

_MAX_VALUE = 500
_MAIL_TO = re.compile(r"mailto:([^>?\s]{1,320})", re.IGNORECASE)
# "'Ann Example' via Support", as Google Groups, Mailman and Microsoft 365 write it, in the language of the group.
_VIA = re.compile(
    r"(.*?)(?:[\s(]+(?:via|über|par|por|tramite|door|przez|prin|genom|gjennom|kautta|através de|a través de"
    r"|per mitjà de|prostřednictvím|через|чрез|μέσω|qua|melalui)\s+\S"
    r"|.{0,200}(?:経由|を介して|통해|arac\u0131l\u0131\u011f\u0131yla|\u00fczerinden|keresztül)"
    r"|\s*(?:通过|透過|经由)\s*\S)",
    re.IGNORECASE | re.DOTALL,
)
_LISTED = ("mailing-list", "x-beenthere", "x-spam-checked-in-group", "x-mailing-list")
_ADDRESS = re.compile(r"[^\s<>,;:'\"()]{1,64}@[^\s<>,;:'\"()]{1,255}")
# groups.io and others keep the author in their own local part: ann=customer.example@groups.io.
_KEPT = re.compile(r"([^=@\s]{1,64})=([^=@\s]{1,255}\.[a-z]{2,24})@", re.IGNORECASE)
# Envelope senders that a relay or mailing service made up; they name no other author.
_ENVELOPE = re.compile(r"srs[01][=+-]|prvs=|btv1=|bounces?[=+-]", re.IGNORECASE)
# Where groups keep the address that they replaced: Google Groups, Sympa, Mailman.
_ORIGINALS = ("x-original-from", "x-original-sender", "x-google-original-from", "x-mailman-original-from")


def is_our_group(message: Message, ours: Collection[str]) -> bool:
    """Return whether the list is one of our addresses: support@ is often a group that adds list headers."""
    posts = _MAIL_TO.findall(message.header("list-post")[:_MAX_VALUE].lower())
    label = list_identifier(message)
    if any(post in ours for post in posts) or any(label == address.replace("@", ".") for address in ours):
        return True
    named = (found for name in _LISTED for found in _ADDRESS.findall(message.header(name)[:_MAX_VALUE].lower())[:1])
    return any(address in ours for address in named)


def list_identifier(message: Message) -> str:
    """Return the identifier of the list that sent an email, in lower case, "" without one (RFC 2919 section 3)."""
    return message.header("list-id").rpartition("<")[2][:_MAX_VALUE].strip("> \t").lower()


def posting_addresses(message: Message) -> frozenset[str]:
    """Return the addresses that an email's list says one writes to, in lower case."""
    return frozenset(_MAIL_TO.findall(message.header("list-post")[:_MAX_VALUE].lower()))


def hidden_author(message: Message, ours: Collection[str]) -> Address | None:
    """Return the author of an email in which our own group rewrote From (for DMARC), or None.

    The group keeps the author in Reply-To, in Cc (Mailman, where answers go to the group), or in a header of its own.
    All that name somebody must name the same address, and there must be two of them, or the name in From must have
    "via", the author's address, or the author's name at its beginning. Anybody can write these headers: the author is
    as unverified as any From.
    """
    if not _rewrote_from(message, ours):
        return None
    via = _VIA.match(message.from_[0].name[:_MAX_VALUE])
    replies = [address for address in message.reply_to if not _is_ours(address, ours)]
    kept = [address for name in _ORIGINALS for address in read_addresses(message.header(name)[:_MAX_VALUE])]
    kept = [address for address in kept if not _ENVELOPE.match(address.email or "")]
    named = [*replies, *kept] or _named_elsewhere(message, via[1] if via else "")
    emails = {(address.email or "").lower() for address in named}
    if len(emails) != 1 or "" in emails or _is_ours(named[0], ours):
        return None
    author = next((address for address in named if address.name), named[0])
    is_certain = len(named) > 1 or via is not None or _names(message.from_[0].name.lower(), author)
    return author if is_certain else None


def _names(name: str, author: Address) -> bool:
    """Return whether a group, in whatever language, left the author's address or name in the name that it wrote."""
    known = author.name.strip(" '\"").lower()
    return (author.email or "").lower() in name or (bool(known) and name.strip(" '\"").startswith(known))


def _named_elsewhere(message: Message, name: str) -> list[Address]:
    """Return the author that only From, Cc or the envelope sender names, by the name that the group left."""
    author = message.from_[0]
    if kept := _KEPT.match(author.email or ""):
        return list(read_addresses(f"{kept[1]}@{kept[2]}"))
    if written := _ADDRESS.search(author.name[:_MAX_VALUE]):
        return list(read_addresses(written[0]))
    wanted = name.strip(" '\"(").lower()
    copied = [address for address in message.cc if wanted and address.name.strip(" '\"").lower() == wanted]
    return copied or (list(read_addresses(message.header("x-mailfrom")[:_MAX_VALUE])) if wanted else [])


def _rewrote_from(message: Message, ours: Collection[str]) -> bool:
    """Return whether From is an address of the group: one of ours, or at the domain of a list that keeps the author."""
    if not is_our_group(message, ours) or len(message.from_) != 1:
        return False
    email = (message.from_[0].email or "").lower()
    return _is_ours(message.from_[0], ours) or bool(_KEPT.match(email) and _is_at_list(message, domain_of(email)))


def _is_at_list(message: Message, domain: str) -> bool:
    posts = posting_addresses(message)
    return any(f".{domain_of(post)}".endswith(f".{domain}") for post in posts)


def _is_ours(address: Address, ours: Collection[str]) -> bool:
    return (address.email or "").lower() in ours
