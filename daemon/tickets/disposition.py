"""Decide what an email is to us: duplicate, parked, kept, follow-up or new ticket. Pure: the facts are given."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from daemon.mail import follow_up
from daemon.mail.analyze import Analysis
from daemon.mail.envelope import Inbound
from daemon.mail.follow_up import Candidates, FollowUp, FoundToken
from daemon.mail.token import Purpose
from daemon.vocabulary import Disposition, EarlierDelivery, SenderKind

# A sender's mail server gives up after this time (RFC 5321 section 4.5.4.1): what comes later is a new email.
RETRY_TIME: Final = timedelta(days=5)
KEPT: Final = {
    SenderKind.AUTO_REPLY: Disposition.AUTO_REPLY,
    SenderKind.BOUNCE: Disposition.BOUNCE,
    SenderKind.LIST: Disposition.LIST,
    SenderKind.OWN: Disposition.OWN,
}


@dataclass(frozen=True, slots=True)
class PreparedEmail:
    """An email that was analyzed and waits to be stored.

    `packed` is the raw email, compressed. `analysis` is None where our own code failed; `failure` says how.
    `replaces` is the ledger row of an email that is admitted again, and `due_at` when its job is due then.
    `again` marks a second try after a conflict.
    """

    inbound: Inbound
    packed: bytes
    content_key: str
    analysis: Analysis | None
    failure: str = ""
    silent: bool = False
    replaces: int | None = None
    due_at: datetime | None = None
    again: bool = False

    @property
    def now(self) -> datetime:
        """Return when the email came."""
        return self.inbound.envelope.received_at

    @property
    def is_anonymous(self) -> bool:
        """Say whether it has neither Message-ID nor Date, like that of a form: it may be sent again in earnest."""
        message = self.analysis.message if self.analysis else None
        return message is not None and not message.message_id and message.date is None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store knows about an email.

    `original` is the ledger row that brought the same email before. `content_key` is the key to store.
    `candidates` are the tickets that it may belong to, `bounced_ticket` the ticket whose email bounced.
    """

    content_key: str
    original: int | None = None
    candidates: Candidates | None = None
    bounced_ticket: int | None = None


@dataclass(frozen=True, slots=True)
class Participation:
    """The sender takes part in the ticket from now on, until a time or without an end."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an email is to us, and why.

    `ticket_id` is the ticket that it joins, None for a new one or for none. `by_team` says whether it counts as the
    team's, `proves_reading` whether the sender holds a token that went to the address they write from.
    """

    disposition: Disposition
    reasons: tuple[str, ...]
    follow_up: FollowUp | None = None
    ticket_id: int | None = None
    by_team: bool = False
    proves_reading: bool = False
    participation: Participation | None = None


def find_original(
    email: PreparedEmail, first: EarlierDelivery | None, newest: EarlierDelivery | None
) -> tuple[int | None, str]:
    """Return the ledger row of the same email, None where it counts as new, and the content key to store.

    `first` is the delivery with the same content key. An anonymous email that comes again after the retry time of mail
    servers counts as new, under a key of its own; `newest` is then the newest delivery with that key or such a key.
    """
    if first is None:
        return None, email.content_key
    if not email.is_anonymous or newest is None:
        return first.id, email.content_key
    if email.now - newest.received_at > RETRY_TIME:
        return None, f"{email.content_key}{int(email.now.timestamp()):x}"
    return newest.id, email.content_key


def decide(email: PreparedEmail, facts: Facts) -> Verdict:
    """Return what an email is to us."""
    analysis = email.analysis
    if facts.original is not None:
        return Verdict(Disposition.DUPLICATE, (f"the same mail came before as {facts.original}",))
    if analysis is None or facts.candidates is None:
        return Verdict(Disposition.PARKED, (email.failure,))
    found = follow_up.decide(
        analysis.keys,
        facts.candidates,
        analysis.author,
        analysis.message.subject,
    )
    if analysis.screening.kind is SenderKind.PERSON:
        return _from_person(analysis, found)
    return _from_machine(analysis, found, facts.bounced_ticket)


def _from_person(analysis: Analysis, found: FollowUp | None) -> Verdict:
    reasons = analysis.screening.reasons
    if found and found.joins:
        return Verdict(
            Disposition.FOLLOW_UP,
            (*reasons, found.evidence),
            found,
            found.ticket_id,
            by_team=analysis.of_team and _is_own(found.token, Purpose.TEAM),
            proves_reading=_is_own(found.token, Purpose.CUSTOMER),
            participation=_participation(analysis, found),
        )
    if found:
        return Verdict(Disposition.TICKET, (*reasons, f"possibly related: {found.evidence}"), found)
    return Verdict(Disposition.TICKET, reasons)


def _is_own(held: FoundToken | None, purpose: Purpose) -> bool:
    """Say whether the sender holds a token of a purpose that went to the address they write from."""
    return held is not None and held.is_senders and held.token.purpose is purpose


def _participation(analysis: Analysis, found: FollowUp) -> Participation | None:
    """Return whether a customer's token makes the sender a participant.

    Their own does; somebody else's only if they also know an email of the ticket, and only until the token expires.
    Who joins without a token takes part already.
    """
    held = found.token
    if held is None or held.token.purpose is not Purpose.CUSTOMER or analysis.of_team:
        return None
    if held.is_senders:
        return Participation()
    last_day = datetime.combine(held.token.expires, time.max, UTC)
    return Participation(last_day) if found.knows_email else None


def _from_machine(analysis: Analysis, found: FollowUp | None, bounced_ticket: int | None) -> Verdict:
    """Keep it on its ticket where it has one; it is never answered and never reopens a ticket."""
    state, reasons = KEPT[analysis.screening.kind], analysis.screening.reasons
    if bounced_ticket is None and found and found.joins:
        return Verdict(state, (*reasons, found.evidence), found, found.ticket_id)
    return Verdict(state, reasons, found, bounced_ticket)
