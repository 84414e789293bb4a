"""Find which of our addresses an email was written to: emails about its ticket come from that one."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from daemon.mail.address import canonical, read_addresses
from daemon.mail.message import Message

DELIVERY_HEADERS: Final = ("delivered-to", "x-original-to", "envelope-to")
# An email with thousands of recipients must not cost more than one with a few.
MAX_READ: Final = 200
MAX_HEADERS: Final = 5
MAX_VALUE: Final = 2000
MAX_TAGS: Final = 4


def named(message: Message, rcpt_tos: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses that an email names as its recipients, the best evidence first; bounded.

    To and Cc come first, in their order: an email to two of our addresses comes twice, and both copies must lead to the
    same one. Then come the recipients of the envelope, which a Bcc and a forwarding server leave only there, and what
    the last server noted.
    """
    return tuple(_named(message, rcpt_tos))


def first_own(addresses: Iterable[str], ours: Collection[str]) -> str:
    """Return the one of `ours`, in lower case, that the first of these addresses belongs to, "" for none."""
    return next((own for address in addresses if (own := own_address(address, ours))), "")


def own_address(address: str, ours: Collection[str]) -> str:
    """Return the one of `ours` that an address belongs to: itself, or what is left of it without its tags; else ""."""
    local, _, domain = _comparable(address).rpartition("@")
    for _ in range(MAX_TAGS + 1):
        if (plain := f"{local}@{domain}") in ours:
            return plain
        local, plus, _ = local.rpartition("+")
        if not plus:
            break
    return ""


def _named(message: Message, rcpt_tos: Sequence[str]) -> Iterator[str]:
    yield from (address.email for address in (*message.to, *message.cc)[:MAX_READ] if address.email)
    yield from rcpt_tos[:MAX_READ]
    for name in DELIVERY_HEADERS:
        for value in message.headers.get(name, ())[:MAX_HEADERS]:
            yield from (address.email for address in read_addresses(value[:MAX_VALUE]) if address.email)


def _comparable(address: str) -> str:
    return (canonical(address) or address).lower()
