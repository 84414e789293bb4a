"""Decide who gets an email about what, and why or why not, from facts that the actor loaded. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from daemon.facts import SendCounts
from daemon.mail.mailbox import mailbox_of
from daemon.mail.senders import is_unanswerable
from daemon.vocabulary import LIMIT_REACHED, MailKind
from workers.notify.sanitize import sendable

# Deferred: to be planned again when the hour is over. Gathered: not sent, but listed in the digest of the team.
State = Literal["planned", "suppressed", "deferred", "gathered"]

# The part of an ordinary day's acknowledgements that a domain may get in one hour: twice that of a busy office hour.
HOURS_OF_A_DAY: Final = 4


class Cause(StrEnum):
    """The event that people are notified of."""

    OPENED = "opened"
    REASSIGNED = "reassigned"
    FOLLOW_UP = "follow-up"
    DEFERRED = "deferred"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class SendLimits:
    """Limits on the number of emails; the settings `limits.acknowledgements_*` and `limits.notifications_*`."""

    per_stranger_day: int
    per_address_hour: int
    per_address_day: int
    per_domain_hour: int
    per_hour: int
    notifications_per_team_hour: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that the plan depends on. All addresses are in lower case.

    `requester` is an address, None if there is no valid one. `writer` is the address of the team that proved to have
    written a follow-up, None for everybody else. `acknowledge` is the result of the screening. `verified` is true if
    this email was authenticated, or the person has shown before to read email at the address. `team` is (name, email).
    `suppressed` are addresses that bounced permanently. `sent` counts acknowledgements, `sent_to_team` notifications
    within an hour; `has_digest` is true if a digest to the team is still open. A deferred acknowledgement is not sent
    if the ticket was `answered`, and not deferred again on its `last_try`.
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
    sent_to_team: int
    has_digest: bool
    answered: bool
    last_try: bool
    limits: SendLimits


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
    if facts.cause == Cause.EVENT:
        return _team(facts, MailKind.FOLLOW_UP, "something happened to a ticket of {team}")
    if facts.cause == Cause.DEFERRED:
        return _customer(facts)
    raise ValueError(f"no plan for the cause {facts.cause!r}")


def invalid_address(_facts: Facts, recipient: str) -> str:
    """Refuse text that is not exactly one address."""
    return "" if sendable(recipient) else "no valid address"


def own_address(facts: Facts, recipient: str) -> str:
    """Refuse every address of our own mailboxes, because the email would come back."""
    own = {mailbox_of(address).address for address in facts.own_addresses}
    return "one of our own addresses" if mailbox_of(recipient).address in own else ""


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
    if facts.verified or _is_provider(facts):
        return ""
    return _reached(facts.sent.domain_hour, facts.limits.per_domain_hour, "to this domain within an hour")


def provider_limit(facts: Facts, _recipient: str) -> str:
    """Limit the email to a domain where many people ordinarily write from, by their ordinary number."""
    if facts.verified or not _is_provider(facts):
        return ""
    allowed = max(facts.limits.per_domain_hour, facts.sent.ordinary_day // HOURS_OF_A_DAY)
    return _reached(facts.sent.domain_hour, _share(facts, allowed), "to this large domain within an hour")


def total_limit(facts: Facts, _recipient: str) -> str:
    """Limit all acknowledgements to unverified people, for the case of a flood; 0 turns off all acknowledgements."""
    if facts.verified and facts.limits.per_hour:
        return ""
    return _reached(facts.sent.hour, _share(facts, facts.limits.per_hour), "in total within an hour")


def answered(facts: Facts, _recipient: str) -> str:
    """Refuse a late acknowledgement of a ticket that somebody dealt with meanwhile."""
    return "the ticket was answered or closed before its acknowledgement was sent" if facts.answered else ""


CUSTOMER_CHECKS: Final[tuple[Check, ...]] = (
    # Senders that are never answered.
    invalid_address,
    own_address,
    machine,
    unanswerable,
    bounced,
    answered,
    # Limits from the narrowest to the widest, so that the reason names the most specific one.
    stranger_limit,
    hourly_limit,
    daily_limit,
    domain_limit,
    provider_limit,
    total_limit,
)
# A flood of strangers reaches these limits, and honest people then wait. The others protect one mailbox or domain: a
# flood of it must not make us write to it for a day.
DEFERRING_CHECKS: Final[tuple[Check, ...]] = (provider_limit, total_limit)

# The admin chose the address of a team, so it may be called postmaster. Past its limit it gets a digest.
TEAM_CHECKS: Final[tuple[Check, ...]] = (invalid_address, own_address, bounced, own_message)


def _customer(facts: Facts) -> tuple[Planned, ...]:
    recipient = facts.requester or ""
    check, objection = _objection(CUSTOMER_CHECKS, facts, recipient)
    planned = _planned(MailKind.ACKNOWLEDGEMENT, recipient, objection, "acknowledgement of a new ticket")
    if check in DEFERRING_CHECKS and facts.limits.per_hour and not facts.last_try:
        planned = replace(planned, state="deferred")
    return (planned,)


def _team(facts: Facts, kind: MailKind, reason: str) -> tuple[Planned, ...]:
    if facts.team is None:
        return ()
    name, recipient = facts.team
    recipient = recipient.lower()
    _, objection = _objection(TEAM_CHECKS, facts, recipient)
    planned = _planned(kind, recipient, objection, reason.format(team=name))
    if objection or facts.sent_to_team < facts.limits.notifications_per_team_hour:
        return (planned,)
    why = f"{LIMIT_REACHED}: {facts.sent_to_team} notifications to {name} within an hour; listed in a digest"
    gathered = replace(planned, state="gathered", reason=why)
    if facts.has_digest:
        return (gathered,)
    return (Planned(MailKind.DIGEST, recipient, "planned", f"digest for {name}"), gathered)


def _planned(kind: MailKind, recipient: str, objection: str, reason: str) -> Planned:
    return Planned(kind, recipient, "suppressed" if objection else "planned", objection or reason)


def _objection(checks: tuple[Check, ...], facts: Facts, recipient: str) -> tuple[Check | None, str]:
    """Return the first check that objects, with its objection."""
    return next(((check, objection) for check in checks if (objection := check(facts, recipient))), (None, ""))


def _reached(sent: int, limit: int, where: str) -> str:
    if not limit:
        return f"turned off by a limit of 0 acknowledgements {where}"
    return f"{LIMIT_REACHED}: {sent} acknowledgements {where}, {limit} allowed" if sent >= limit else ""


def _is_provider(facts: Facts) -> bool:
    """Say whether as many people of a domain write on an ordinary day as its limit allows in an hour."""
    return facts.sent.ordinary_day >= facts.limits.per_domain_hour > 0


def _share(facts: Facts, limit: int) -> int:
    """Return the part of a limit that an email may use: what waits since a flood leaves half to who writes now."""
    return (limit + 1) // 2 if facts.cause == Cause.DEFERRED else limit
