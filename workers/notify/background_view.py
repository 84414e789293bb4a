"""Who the customer is and what was written before, in a few lines. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.mail.commands import without_commands
from daemon.mail.reply.split import new_text
from daemon.snapshots import EarlierMessage, EarlierTicket, TicketSnapshot
from daemon.vocabulary import MessageRole
from workers.notify.excerpt import Passage, cut
from workers.notify.phrases import Phrase, phrase, term
from workers.notify.sanitize import lines
from workers.notify.wording import status_name

RECENT: Final = timedelta(days=30)
MANY: Final = 20
TICKETS_SHOWN: Final = 2
LINES: Final = 8
CHARACTERS: Final = 600
_FEW: Final = {
    1: phrase("1st ticket in 30 days"),
    2: phrase("2nd ticket in 30 days"),
    3: phrase("3rd ticket in 30 days"),
}
_ROLES: Final = {
    MessageRole.CUSTOMER: term("message", "customer"),
    MessageRole.ANSWER: term("message", "our answer"),
    MessageRole.NOTE: term("message", "internal note"),
    MessageRole.OUTSIDE: term("message", "outside message"),
}


@dataclass(frozen=True, slots=True)
class EarlierView:
    """A message that came before: whose it is, what it is, on which day, and how it begins."""

    who: str
    role: Phrase
    when: str
    passage: Passage


def customer_lines(ticket: TicketSnapshot, earlier: Sequence[EarlierTicket]) -> tuple[Phrase, ...]:
    """Return who the customer is in at most three lines; `earlier` begins with the newest."""
    if ticket.requester is None:
        return ()
    if not earlier:
        return (phrase("First ticket from this address"),)
    recent = sum(one.created_at >= ticket.created_at - RECENT for one in earlier)
    return (_count(recent + 1), *(_last(one) for one in earlier[:TICKETS_SHOWN]))


def earlier_messages(messages: Sequence[EarlierMessage]) -> tuple[EarlierView, ...]:
    """Return the messages before the one at hand, the newest first, each cut to a few lines of its new text."""
    said = ((one, new_text(_said(one))) for one in messages)
    return tuple(
        EarlierView(one.author, _role(one.role), day(one.at), cut(lines(text), LINES, CHARACTERS))
        for one, text in said
        # An email of commands alone says nothing.
        if text.strip() or one.role != MessageRole.NOTE
    )


def _said(message: EarlierMessage) -> str:
    """Return the text of a message without the commands that a member gave above it."""
    is_members = message.role in {MessageRole.ANSWER, MessageRole.NOTE} and message.by_email
    return without_commands(message.text) if is_members else message.text


def day(at: datetime) -> str:
    """Return a day, in a form that no country reads in another order."""
    return f"{at:%Y-%m-%d}"


def _count(number: int) -> Phrase:
    if number > MANY:
        return phrase("More than %(count)s tickets in 30 days", count=MANY)
    return _FEW.get(number) or phrase("%(number)sth ticket in 30 days", number=number)


def _last(ticket: EarlierTicket) -> Phrase:
    return phrase(
        "%(date)s: %(subject)s, %(status)s",
        date=day(ticket.created_at),
        subject=ticket.subject or ticket.reference,
        status=status_name(ticket.status),
    )


def _role(role: str) -> Phrase:
    return next((name for known, name in _ROLES.items() if known == role), _ROLES[MessageRole.CUSTOMER])
