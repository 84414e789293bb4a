"""Decide who gets an email about what, and why or why not, from facts that the actor loaded. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from daemon.mail.senders import is_unanswerable
from daemon.vocabulary import MailKind, SendCounts
from workers.notify.sanitize import sendable

State = Literal["planned", "suppressed"]


class Cause(StrEnum):
    """The event that people are notified of."""

    OPENED = "opened"
    REASSIGNED = "reassigned"
    FOLLOW_UP = "follow-up"


@dataclass(frozen=True, slots=True)
class AckLimits:
    """Limits on the number of acknowledgements; the settings `limits.acknowledgements_*`."""

    per_stranger_day: int
    per_address_hour: int
    per_address_day: int
    per_domain_hour: int
    per_hour: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that the plan depends on. All addresses are in lower case.

    `requester` is an address, None if there is no valid one. `writer` is the address of the team that proved to have
    written a follow-up, None for everybody else. `acknowledge` is the result of the screening. `verified` is true if
    this email was authenticated, or the person has shown before to read email at the address. `team` is (name, email).
    `suppressed` are addresses that bounced permanently.
    """

    cause: str
    silent: bool
    requester: str | None
    acknowledge: bool
    verified: bool
    team: tuple[str, str] | None
    writer: str | None
    own_addresses: frozenset[str]
    suppressed: frozenset[str]
    sent: SendCounts
    limits: AckLimits


@dataclass(frozen=True, slots=True)
class Planned:
    """One email to one recipient, or the reason why it is not sent."""

    kind: MailKind
    recipient: str
    state: State
    reason: str


Check = Callable[[Facts, str], str]


def plan(facts: Facts) -> tuple[Planned, ...]:
    """Return the emails to send, and those suppressed with the reason; a silent ticket causes none."""
    if facts.silent:
        return ()
    if facts.cause == Cause.OPENED:
        return (*_customer(facts), *_team(facts, MailKind.NOTIFICATION, "new ticket for {team}"))
    if facts.cause == Cause.REASSIGNED:
        return _team(facts, MailKind.NOTIFICATION, "ticket reassigned to {team}")
    if facts.cause == Cause.FOLLOW_UP:
        return _team(facts, MailKind.FOLLOW_UP, "new email on a ticket of {team}")
    raise ValueError(f"no plan for the cause {facts.cause!r}")


def invalid_address(_facts: Facts, recipient: str) -> str:
    """Refuse text that is not exactly one address."""
    return "" if sendable(recipient) else "no valid address"


def own_address(facts: Facts, recipient: str) -> str:
    """Refuse our own addresses, also with a plus tag, because the email would come back."""
    return "one of our own addresses" if {recipient, _untagged(recipient)} & facts.own_addresses else ""


def machine(facts: Facts, _recipient: str) -> str:
    """Refuse a sender that the screening found to be a machine or unsafe to answer."""
    return "" if facts.acknowledge else "screening says not to acknowledge this email"


def unanswerable(_facts: Facts, recipient: str) -> str:
    """Refuse daemons, postmasters and no-reply addresses."""
    return "nobody reads email at this address" if is_unanswerable(recipient) else ""


def bounced(facts: Facts, recipient: str) -> str:
    """Refuse an address that bounced permanently."""
    return "email to this address bounced permanently" if recipient in facts.suppressed else ""


def own_message(facts: Facts, recipient: str) -> str:
    """Refuse to send a team its own message."""
    return "the team wrote this email itself" if facts.cause == Cause.FOLLOW_UP and recipient == facts.writer else ""


def stranger_limit(facts: Facts, _recipient: str) -> str:
    """Limit the email that forged senders can make us send to a victim."""
    if facts.verified:
        return ""
    return _reached(facts.sent.address_day, facts.limits.per_stranger_day, "to this unverified address today")


def hourly_limit(facts: Facts, _recipient: str) -> str:
    """Limit a fast exchange with an undetected machine."""
    return _reached(facts.sent.address_hour, facts.limits.per_address_hour, "to this address within an hour")


def daily_limit(facts: Facts, _recipient: str) -> str:
    """Limit a slow exchange with an undetected machine."""
    return _reached(facts.sent.address_day, facts.limits.per_address_day, "to this address today")


def domain_limit(facts: Facts, _recipient: str) -> str:
    """Limit the email to one domain, regardless of the number of invented addresses there.

    Verified people do not count: strangers at a large provider must not block their acknowledgements.
    """
    if facts.verified:
        return ""
    return _reached(facts.sent.domain_hour, facts.limits.per_domain_hour, "to this domain within an hour")


def total_limit(facts: Facts, _recipient: str) -> str:
    """Limit all acknowledgements, for the case of a flood."""
    return _reached(facts.sent.hour, facts.limits.per_hour, "in total within an hour")


CUSTOMER_CHECKS: Final[tuple[Check, ...]] = (
    # Senders that are never answered.
    invalid_address,
    own_address,
    machine,
    unanswerable,
    bounced,
    # Limits from the narrowest to the widest, so that the reason names the most specific one.
    stranger_limit,
    hourly_limit,
    daily_limit,
    domain_limit,
    total_limit,
)

# The admin chose the address of a team, so it may be called postmaster, and no limit applies to it.
TEAM_CHECKS: Final[tuple[Check, ...]] = (invalid_address, own_address, bounced, own_message)


def _customer(facts: Facts) -> tuple[Planned, ...]:
    recipient = facts.requester or ""
    objection = _objection(CUSTOMER_CHECKS, facts, recipient)
    return (_planned(MailKind.ACKNOWLEDGEMENT, recipient, objection, "acknowledgement of a new ticket"),)


def _team(facts: Facts, kind: MailKind, reason: str) -> tuple[Planned, ...]:
    if facts.team is None:
        return ()
    name, recipient = facts.team
    recipient = recipient.lower()
    return (_planned(kind, recipient, _objection(TEAM_CHECKS, facts, recipient), reason.format(team=name)),)


def _planned(kind: MailKind, recipient: str, objection: str, reason: str) -> Planned:
    return Planned(kind, recipient, "suppressed" if objection else "planned", objection or reason)


def _objection(checks: tuple[Check, ...], facts: Facts, recipient: str) -> str:
    return next((objection for check in checks if (objection := check(facts, recipient))), "")


def _reached(sent: int, limit: int, where: str) -> str:
    return f"limit reached: {sent} acknowledgements {where}, {limit} allowed" if sent >= limit else ""


def _untagged(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
