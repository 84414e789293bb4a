"""Keep whom a customer copied on an email, so that the team sees them and may add them to its answer."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from daemon.mail import own_address, roster
from daemon.mail.analyze import Identity
from daemon.mail.message import Message
from daemon.store import events
from daemon.vocabulary import OTHERS_COPIED

MAX_KEPT: Final = 20
# An email with thousands of recipients must not cost more than one with a few.
MAX_READ: Final = 200


def note(
    session: Session,
    message: Message,
    author: str | None,
    identity: Identity,
    ticket_id: int,
    inbound_id: int,
    now: datetime,
    *,
    forwarded: bool = False,
) -> None:
    """Add an event with the people in To and Cc who are neither the author nor ours; `more` is how many are left out.

    `forwarded` says that a member forwarded the email: its Cc then makes nobody a recipient of answers.

    Nobody takes part in a ticket by it, and none of them gets an email.
    """
    if found := others(message, author, identity):
        events.add(
            session,
            OTHERS_COPIED,
            now,
            ticket_id=ticket_id,
            inbound_id=inbound_id,
            copied=found[:MAX_KEPT],
            more=len(found[MAX_KEPT:]),
            forwarded=forwarded,
        )


def others(message: Message, author: str | None, identity: Identity) -> tuple[str, ...]:
    """Return the people in To and Cc who are neither the author nor ours, in lower case and in their order."""
    named = dict.fromkeys(one.email.lower() for one in (*message.to, *message.cc)[:MAX_READ] if one.email)
    return tuple(one for one in named if one != (author or "").lower() and not _is_ours(one, identity))


def _is_ours(address: str, identity: Identity) -> bool:
    is_own = own_address.own_address(address, identity.own_addresses)
    return bool(is_own) or bool(roster.teams_of(roster.comparable(address), identity.teams))
