"""Decide who gets an answer: its customers, whom the agent adds, and whether the team has it already. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from daemon.mail.mailbox import mailbox_of
from daemon.text import domain_of

# A mistake or a forged Cc must not make us write to a whole mailing list.
MAX_READERS: Final = 50


@dataclass(frozen=True, slots=True)
class OurAddresses:
    """Addresses that are never customers, in lower case: our own, and the teams' with members and "@domain"."""

    own: frozenset[str]
    roster: frozenset[str]

    def is_own(self, address: str) -> bool:
        """Say whether email to this address comes to us, whatever its tag."""
        return mailbox_of(address).address in {mailbox_of(own).address for own in self.own}

    def is_team(self, address: str) -> bool:
        """Say whether a team or a member has this address."""
        return address in self.roster or f"@{domain_of(address)}" in self.roster


@dataclass(frozen=True, slots=True)
class Addressed:
    """To whom an agent addressed an answer, in lower case.

    `only` are those of #to, which replace all others. `is_forward` says that they forwarded an email rather than
    replied to it.
    """

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    is_forward: bool = False


@dataclass(frozen=True, slots=True)
class Parties:
    """The people of a ticket, in lower case.

    `known` are the requester and all participants. `of_last_email` are the author of the customer's last email and
    those to whom they copied it. `team` is the address of the present team, `merged` are the requesters of tickets that
    were merged into this one.
    """

    requester: str | None
    known: frozenset[str]
    of_last_email: tuple[str, ...]
    team: str
    merged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Readers:
    """Who gets an answer from us, who becomes a participant by it, and whether the team has it already.

    `direct` says that the agent wrote to the customers without us: nobody gets it again. `elsewhere` says that they
    wrote to somebody else, and to us only as a copy: it may not be for the customers. `strangers` are customers of
    merged tickets, who know nothing of each other. `forwarded` says that it is a forward which also names others than
    customers: they may be the ones whom it is for.
    """

    recipients: tuple[str, ...]
    added: tuple[str, ...]
    team_copied: bool
    direct: bool = False
    elsewhere: bool = False
    strangers: tuple[str, ...] = ()
    forwarded: bool = False


def choose(addressed: Addressed, parties: Parties, ours: OurAddresses) -> Readers:
    """Return who gets an answer.

    The requester does, those of merged tickets, the author of the last email and those whom they copied, and everybody
    in To and Cc who is not one of ours. Other participants get nothing: they wrote once, and nobody asked to keep them
    informed.
    """
    written_to = (*addressed.to, *addressed.cc)
    team_copied = bool(parties.team) and parties.team in written_to
    named = _customers(addressed.only or written_to, ours)
    added = tuple(address for address in named if address not in parties.known)
    if addressed.only:
        return Readers(named, added, team_copied)
    if _is_direct(addressed, parties, ours):
        return Readers((), added, team_copied, direct=True)
    asked = tuple(one for one in (parties.requester, *parties.merged) if one and not _is_ours(one, parties, ours))
    recipients = tuple(dict.fromkeys((*asked, *_customers(parties.of_last_email, ours), *named)))
    elsewhere = bool(addressed.to) and not _through_us(addressed, ours)
    strangers = tuple(one for one in asked if one != parties.requester)
    customers = {*parties.known, *asked}
    forwarded = addressed.is_forward and any(one not in customers and not ours.is_own(one) for one in written_to)
    return Readers(recipients, added, team_copied, elsewhere=elsewhere, strangers=strangers, forwarded=forwarded)


def _is_ours(requester: str, parties: Parties, ours: OurAddresses) -> bool:
    """Say whether a requester is a mailbox of ours or of the team; a member who asked something is a customer."""
    return ours.is_own(requester) or requester == parties.team


def _is_direct(addressed: Addressed, parties: Parties, ours: OurAddresses) -> bool:
    """Say whether an email went to customers of the ticket, and to us only for information."""
    customers = parties.known if parties.requester is None else parties.known | {parties.requester}
    is_to_them = any(address in customers for address in _customers(addressed.to, ours))
    return is_to_them and not _through_us(addressed, ours)


def _through_us(addressed: Addressed, ours: OurAddresses) -> bool:
    """Say whether an email is addressed to us. Every reply to one of our emails is."""
    return any(ours.is_own(address) for address in addressed.to)


def _customers(addresses: Iterable[str], ours: OurAddresses) -> tuple[str, ...]:
    return tuple(a for a in dict.fromkeys(addresses) if a and not ours.is_own(a) and not ours.is_team(a))
