"""Decide who hears what: pure, from facts that the actor loaded, each answer with its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from daemon.mail.senders import is_unanswerable
from daemon.vocabulary import MailKind, SendCounts
from workers.notify.sanitize import sendable

State = Literal["planned", "suppressed"]


class Cause(StrEnum):
    """What led to telling somebody."""

    OPENED = "opened"
    REASSIGNED = "reassigned"
    FOLLOW_UP = "follow-up"


@dataclass(frozen=True, slots=True)
class AckLimits:
    """How many acknowledgements may go out; the settings `limits.acknowledgements_*`."""

    per_stranger_day: int
    per_address_hour: int
    per_address_day: int
    per_domain_hour: int
    per_hour: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the plan depends on.

    `requester` and `author` (who wrote a follow-up) are addresses, None where none can be read. `acknowledge` is the
    word of the screening. `verified` says that this mail was authenticated, or that the person proved before to read
    mail at the address. `team` is (name, email). `suppressed` are addresses that bounced for good. All addresses are
    in lower case.
    """

    cause: str
    silent: bool
    requester: str | None
    acknowledge: bool
    verified: bool
    team: tuple[str, str] | None
    author: str | None
    own_addresses: frozenset[str]
    suppressed: frozenset[str]
    sent: SendCounts
    limits: AckLimits


@dataclass(frozen=True, slots=True)
class Planned:
    """One mail to one recipient, or the reason why it does not go out."""

    kind: MailKind
    recipient: str
    state: State
    reason: str


Check = Callable[[Facts, str], str]


def plan(facts: Facts) -> tuple[Planned, ...]:
    """Return who hears of it, and who does not and why; a silent ticket is heard of by nobody."""
    if facts.silent:
        return ()
    if facts.cause == Cause.OPENED:
        return (*_customer(facts), *_team(facts, MailKind.NOTIFICATION, "new ticket for {team}"))
    if facts.cause == Cause.REASSIGNED:
        return _team(facts, MailKind.NOTIFICATION, "ticket reassigned to {team}")
    if facts.cause == Cause.FOLLOW_UP:
        return _team(facts, MailKind.FOLLOW_UP, "new email on a ticket of {team}")
    raise ValueError(f"no plan for the cause {facts.cause!r}")


def unreadable(_facts: Facts, recipient: str) -> str:
    """Refuse what is not exactly one address."""
    return "" if sendable(recipient) else "no valid address"


def own(facts: Facts, recipient: str) -> str:
    """Refuse our own addresses, also with a plus tag: the email would come back."""
    return "one of our own addresses" if {recipient, _untagged(recipient)} & facts.own_addresses else ""


def machine(facts: Facts, _recipient: str) -> str:
    """Refuse whom the screening took for a machine or found unsafe to answer."""
    return "" if facts.acknowledge else "screening says not to acknowledge this email"


def unanswerable(_facts: Facts, recipient: str) -> str:
    """Refuse daemons, postmasters and no-reply addresses."""
    return "nobody reads email at this address" if is_unanswerable(recipient) else ""


def bounced(facts: Facts, recipient: str) -> str:
    """Refuse an address that bounced for good."""
    return "email to this address bounced permanently" if recipient in facts.suppressed else ""


def own_words(facts: Facts, recipient: str) -> str:
    """Refuse to tell a team what it wrote itself."""
    return "the team wrote this email itself" if facts.cause == Cause.FOLLOW_UP and recipient == facts.author else ""


def stranger_limit(facts: Facts, _recipient: str) -> str:
    """Bound what forged senders can make us send to a victim."""
    if facts.verified:
        return ""
    return _reached(facts.sent.address_day, facts.limits.per_stranger_day, "to this unverified address today")


def hourly_limit(facts: Facts, _recipient: str) -> str:
    """Bound a quick exchange with a machine that nobody recognised."""
    return _reached(facts.sent.address_hour, facts.limits.per_address_hour, "to this address within an hour")


def daily_limit(facts: Facts, _recipient: str) -> str:
    """Bound a slow exchange with a machine that nobody recognised."""
    return _reached(facts.sent.address_day, facts.limits.per_address_day, "to this address today")


def domain_limit(facts: Facts, _recipient: str) -> str:
    """Bound what one domain gets, however many addresses are made up there.

    People who proved to read their mail are not made up: strangers at a large provider must not silence them.
    """
    if facts.verified:
        return ""
    return _reached(facts.sent.domain_hour, facts.limits.per_domain_hour, "to this domain within an hour")


def breaker(facts: Facts, _recipient: str) -> str:
    """Stop acknowledging altogether in a flood."""
    return _reached(facts.sent.hour, facts.limits.per_hour, "in total within an hour")


CUSTOMER_CHECKS: Final[tuple[Check, ...]] = (
    # What can never be answered, whatever was sent before.
    unreadable,
    own,
    machine,
    unanswerable,
    bounced,
    # Limits from the narrowest to the widest, so that the reason names the nearest cause.
    stranger_limit,
    hourly_limit,
    daily_limit,
    domain_limit,
    breaker,
)

# The admin chose the team's address: a team may well be called postmaster, and gets every one of its tickets.
TEAM_CHECKS: Final[tuple[Check, ...]] = (unreadable, own, bounced, own_words)


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
