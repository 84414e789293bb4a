"""Name the mailbox and the registrable domain that an address belongs to, so that limits count them as one."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from daemon.facts import Mailbox


@dataclass(frozen=True, slots=True)
class _Provider:
    """What a mail provider does with the addresses of one mailbox.

    `domain` stands for all of its domains, `ignored` are characters without meaning in a local part.
    """

    domain: str
    ignored: str = ""


_GMAIL: Final = _Provider("gmail.com", ignored=".")
_ICLOUD: Final = _Provider("icloud.com")
_PROTON: Final = _Provider("proton.me", ignored="._-")
_PROVIDERS: Final = {
    # https://support.google.com/mail/answer/7436150: dots do not matter, both domains are one.
    "gmail.com": _GMAIL,
    "googlemail.com": _GMAIL,
    # An address at one of these domains belongs to nobody else at the others.
    "icloud.com": _ICLOUD,
    "me.com": _ICLOUD,
    "mac.com": _ICLOUD,
    # https://proton.me/support/addresses-and-aliases: dots, hyphens and underscores do not matter.
    "proton.me": _PROTON,
    "protonmail.com": _PROTON,
    "pm.me": _PROTON,
}


@lru_cache(maxsize=4096)
def mailbox_of(address: str) -> Mailbox:
    """Return the mailbox that an address, in the form of `address.canonical`, most probably delivers to.

    The result is for counting and never an address to send to. A tag after "+" is ignored at every domain: few people
    have a "+" in their name, and a provider that we do not know may deliver all of them to one mailbox.
    """
    local, _, host = address.lower().rpartition("@")
    provider = _PROVIDERS.get(host, _Provider(host))
    # A local part that begins with "+" has no name before its tag.
    name = local[:1] + local[1:].partition("+")[0]
    known = name.translate({ord(character): None for character in provider.ignored}) or name
    return Mailbox(f"{known}@{provider.domain}", registrable_domain(provider.domain))


def registrable_domain(host: str) -> str:
    """Return the domain that somebody registered, by the public suffix list; a host without one is returned as is."""
    if host.startswith("["):
        return host
    return _suffixes().privatesuffix(host) or host


@cache
def _suffixes() -> PublicSuffixList:
    """Return the list, which takes a tenth of a second to read."""
    return PublicSuffixList()
