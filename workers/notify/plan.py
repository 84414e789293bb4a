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
    ANSWER_SENT = "answer sent"
    ANSWER_KEPT = "answer kept"
    ANSWER_FAILED = "answer failed"


@dataclass(frozen=True, slots=True)
class SendLimits:
    """Limits on the number of emails; the settings `limits.acknowledgements_*` and `limits.notifications_*`."""

    per_stranger_day: int
    per_address_hour: int
    per_address_day: int
    per_domain_hour: int
    per_hour: int
    notifications_per_team_hour: int
    returned_per_hour: int


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """An answer to plan emails about. All addresses are in lower case.

    `recipients` are the customers that get it. `author` may be a name without an address; `return_to` is set where the
    email must go to another address than the author's. `team_copied` says that the team got it from its author.
    `returned` counts the emails that returned something to the author about this ticket within an hour. `left_out` says
    that words or files of the author were left out, which they do not know yet.
    """

    recipients: tuple[str, ...]
    author: str
    return_to: str | None
    team_copied: bool
    returned: int
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The facts that the plan depends on. All addresses are in lower case.

    `requester` is an address, None if there is no valid one. `writer` is the address of the team that proved to have
    written a follow-up, None for everybody else. `acknowledge` is the result of the screening. `verified` is true if
    this email was authenticated, or the person has shown before to read email at the address. `team` is (name, email).
    `suppressed` are addresses that bounced permanently. `sent` counts acknowledgements, `sent_to_team` notifications
    within an hour; `has_digest` is true if a digest to the team is still open. A deferred acknowledgement is not sent
    if the ticket was `answered`, and not deferred again on its `last_try`. `answer` is what the emails are about, if
    they are about an answer.
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
    answer: PlanAnswer | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One email to one recipient, or the reason why it is not sent."""

    kind: MailKind
    recipient: str
    state: State
    reason: str


Check = Callable[[PlanFacts, str], str]

# What the team of a ticket gets about an event, and why.
TEAM_EMAILS: Final = {
    Cause.OPENED: (MailKind.NOTIFICATION, "new ticket for {team}"),
    Cause.REASSIGNED: (MailKind.NOTIFICATION, "ticket reassigned to {team}"),
    Cause.FOLLOW_UP: (MailKind.FOLLOW_UP, "new email on a ticket of {team}"),
    Cause.EVENT: (MailKind.FOLLOW_UP, "something happened to a ticket of {team}"),
}


def plan(facts: PlanFacts) -> tuple[Planned, ...]:
    """Return the emails to send, and those suppressed with the reason; a silent ticket causes none by itself."""
    if facts.answer is not None:
        return _about_answer(facts, facts.answer)
    if facts.silent:
        return ()
    customer = _customer(facts) if facts.cause in {Cause.OPENED, Cause.DEFERRED} else ()
    if facts.cause == Cause.DEFERRED:
        return customer
    kind, reason = TEAM_EMAILS[Cause(facts.cause)]
    return (*customer, *_team(facts, kind, reason))


def invalid_address(_facts: PlanFacts, recipient: str) -> str:
    """Refuse text that is not exactly one address."""
    return "" if sendable(recipient) else "no valid address"


def own_address(facts: PlanFacts, recipient: str) -> str:
    """Refuse every address of our own mailboxes, because the email would come back."""
    own = {mailbox_of(address).address for address in facts.own_addresses}
    return "one of our own addresses" if mailbox_of(recipient).address in own else ""


def machine(facts: PlanFacts, _recipient: str) -> str:
    """Refuse a sender that the screening found to be a machine or unsafe to answer."""
    return "" if facts.acknowledge else "screening says not to acknowledge this email"


def unanswerable(_facts: PlanFacts, recipient: str) -> str:
    """Refuse daemons, postmasters and no-reply addresses."""
    return "nobody reads email at this address" if is_unanswerable(recipient) else ""


def bounced(facts: PlanFacts, recipient: str) -> str:
    """Refuse an address that bounced permanently."""
    return "email to this address bounced permanently" if recipient in facts.suppressed else ""


def own_message(facts: PlanFacts, recipient: str) -> str:
    """Refuse to send a team its own message."""
    wrote = facts.cause in {Cause.FOLLOW_UP, Cause.ANSWER_SENT} and recipient == facts.writer
    return "the team wrote this email itself" if wrote else ""


def returned_limit(facts: PlanFacts, _recipient: str) -> str:
    """Limit an exchange with a machine that answers what we return to a member."""
    returned, most = facts.answer.returned if facts.answer else 0, facts.limits.returned_per_hour
    if returned < most:
        return ""
    return f"{LIMIT_REACHED}: {returned} emails returned to this address within an hour, {most} allowed"


def stranger_limit(facts: PlanFacts, _recipient: str) -> str:
    """Limit the email that forged senders can make us send to a victim."""
    if facts.verified:
        return ""
    return _reached(facts.sent.address_day, facts.limits.per_stranger_day, "to this unverified address today")


def hourly_limit(facts: PlanFacts, _recipient: str) -> str:
    """Limit a fast exchange with an undetected machine."""
    return _reached(facts.sent.address_hour, facts.limits.per_address_hour, "to this address within an hour")


def daily_limit(facts: PlanFacts, _recipient: str) -> str:
    """Limit a slow exchange with an undetected machine."""
    return _reached(facts.sent.address_day, facts.limits.per_address_day, "to this address today")


def domain_limit(facts: PlanFacts, _recipient: str) -> str:
    """Limit the email to one domain, regardless of the number of invented addresses there.

    Verified people do not count: strangers at a large provider must not block their acknowledgements.
    """
    if facts.verified or _is_provider(facts):
        return ""
    return _reached(facts.sent.domain_hour, facts.limits.per_domain_hour, "to this domain within an hour")


def provider_limit(facts: PlanFacts, _recipient: str) -> str:
    """Limit the email to a domain where many people ordinarily write from, by their ordinary number."""
    if facts.verified or not _is_provider(facts):
        return ""
    allowed = max(facts.limits.per_domain_hour, facts.sent.ordinary_day // HOURS_OF_A_DAY)
    return _reached(facts.sent.domain_hour, _share(facts, allowed), "to this large domain within an hour")


def total_limit(facts: PlanFacts, _recipient: str) -> str:
    """Limit all acknowledgements to unverified people, for the case of a flood; 0 turns off all acknowledgements."""
    if facts.verified and facts.limits.per_hour:
        return ""
    return _reached(facts.sent.hour, _share(facts, facts.limits.per_hour), "in total within an hour")


def answered(facts: PlanFacts, _recipient: str) -> str:
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

# A person decided to write to these: they are not limited like acknowledgements, nor is a no-reply address refused.
ANSWER_CHECKS: Final[tuple[Check, ...]] = (invalid_address, own_address, bounced)
RETURN_CHECKS: Final[tuple[Check, ...]] = (*ANSWER_CHECKS, returned_limit)


def _about_answer(facts: PlanFacts, answer: PlanAnswer) -> tuple[Planned, ...]:
    """Plan the emails about an answer, also on a silent ticket: a person wrote it."""
    team_address = facts.team[1].lower() if facts.team else ""
    author = answer.author if sendable(answer.author) else ""
    if facts.cause == Cause.ANSWER_SENT:
        customers = tuple(
            _checked(ANSWER_CHECKS, facts, MailKind.ANSWER, recipient, "answer of the team")
            for recipient in answer.recipients
        )
        team = () if answer.team_copied else _team(facts, MailKind.ANSWERED, "{team} answered")
        if answer.left_out and author:
            told = _checked(RETURN_CHECKS, facts, MailKind.ANSWERED, author, "part of the answer was left out")
            team = (*(one for one in team if one.recipient != author), told)
        return (*customers, *team)
    if facts.cause == Cause.ANSWER_KEPT:
        back = answer.return_to or author or team_address
        return (_checked(RETURN_CHECKS, facts, MailKind.RETURNED, back, "returned to its author"),)
    # Whoever can do something about an answer that did not arrive: its author, and the team.
    readers = dict.fromkeys(address for address in (author, team_address) if address)
    why = "an answer did not reach a customer"
    return tuple(_checked(RETURN_CHECKS, facts, MailKind.RETURNED, reader, why) for reader in readers)


def _checked(checks: tuple[Check, ...], facts: PlanFacts, kind: MailKind, recipient: str, reason: str) -> Planned:
    _, objection = _objection(checks, facts, recipient)
    return _planned(kind, recipient, objection, reason)


def _customer(facts: PlanFacts) -> tuple[Planned, ...]:
    recipient = facts.requester or ""
    check, objection = _objection(CUSTOMER_CHECKS, facts, recipient)
    planned = _planned(MailKind.ACKNOWLEDGEMENT, recipient, objection, "acknowledgement of a new ticket")
    if check in DEFERRING_CHECKS and facts.limits.per_hour and not facts.last_try:
        planned = replace(planned, state="deferred")
    return (planned,)


def _team(facts: PlanFacts, kind: MailKind, reason: str) -> tuple[Planned, ...]:
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


def _objection(checks: tuple[Check, ...], facts: PlanFacts, recipient: str) -> tuple[Check | None, str]:
    """Return the first check that objects, with its objection."""
    return next(((check, objection) for check in checks if (objection := check(facts, recipient))), (None, ""))


def _reached(sent: int, limit: int, where: str) -> str:
    if not limit:
        return f"turned off by a limit of 0 acknowledgements {where}"
    return f"{LIMIT_REACHED}: {sent} acknowledgements {where}, {limit} allowed" if sent >= limit else ""


def _is_provider(facts: PlanFacts) -> bool:
    """Say whether as many people of a domain write on an ordinary day as its limit allows in an hour."""
    return facts.sent.ordinary_day >= facts.limits.per_domain_hour > 0


def _share(facts: PlanFacts, limit: int) -> int:
    """Return the part of a limit that an email may use: what waits since a flood leaves half to who writes now."""
    return (limit + 1) // 2 if facts.cause == Cause.DEFERRED else limit
