"""Decide what an email is to us: duplicate, parked, kept, follow-up or new ticket. Pure: the facts are given."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from daemon.mail import follow_up
from daemon.mail.analyze import Analysis, Identity
from daemon.mail.envelope import Inbound
from daemon.mail.follow_up import Candidates, FollowUp
from daemon.mail.forwarding import NewTicketRequest
from daemon.mail.token import Purpose
from daemon.tickets.authorization import DirectAnswer, Evidence, Forwarder, Power, Refusal, Ruling, authorize, forwarder
from daemon.vocabulary import Disposition, EarlierDelivery, MessageRole, SenderKind

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
    `is_second_try` marks the try after a conflict. `unchecked` says that its sender is to be checked before
    it is admitted.
    """

    inbound: Inbound
    packed: bytes
    content_key: str
    analysis: Analysis | None
    failure: str = ""
    silent: bool = False
    replaces: int | None = None
    due_at: datetime | None = None
    is_second_try: bool = False
    unchecked: bool = False

    @property
    def now(self) -> datetime:
        """Return when the email came."""
        return self.inbound.envelope.received_at

    @property
    def is_anonymous(self) -> bool:
        """Say whether it has neither Message-ID nor Date, like that of a form: a copy of it may be a new request."""
        message = self.analysis.message if self.analysis else None
        return message is not None and not message.message_id and message.date is None


@dataclass(frozen=True, slots=True)
class EmailFacts:
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
class Forwarding:
    """A customer's email that a member brings in: what they ask for, and who they are."""

    request: NewTicketRequest
    by: Forwarder

    @property
    def acknowledge(self) -> bool:
        """Say whether the author may get an automatic answer: only a member who is certain can say so."""
        return self.request.acknowledge and self.by.is_certain


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an email is to us, and why.

    `ticket_id` is the ticket that it joins, None for a new one or for none. `ruling` says who may act by it, None where
    it is a customer's, and `role` what it is on its ticket. `note` is a sentence for the team on who wrote, or "".
    `proves_reading` says whether the sender holds a token that went to the address they write from. `forwarding` says
    that the ticket is for the author of an email that a member forwards.
    """

    disposition: Disposition
    reasons: tuple[str, ...]
    follow_up: FollowUp | None = None
    ticket_id: int | None = None
    ruling: Ruling | None = None
    role: MessageRole = MessageRole.CUSTOMER
    note: str = ""
    proves_reading: bool = False
    participation: Participation | None = None
    forwarding: Forwarding | None = None

    @property
    def by_team(self) -> bool:
        """Say whether a team proved to have written it."""
        return isinstance(self.ruling, (Power, DirectAnswer))


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


def decide(email: PreparedEmail, facts: EmailFacts, identity: Identity) -> Verdict:
    """Return what an email is to us."""
    analysis = email.analysis
    if facts.original is not None:
        return Verdict(Disposition.DUPLICATE, (f"the same mail came before as {facts.original}",))
    if analysis is not None and email.unchecked:
        return Verdict(Disposition.CHECKING, ("the sender is checked before anything is decided",))
    if analysis is None or facts.candidates is None:
        return Verdict(Disposition.PARKED, (email.failure,))
    if analysis.by_team_list and isinstance(
        ruling := authorize(_evidence(analysis, facts.candidates, identity)), Refusal
    ):
        return _from_team(analysis, ruling)
    if analysis.screening.kind is not SenderKind.PERSON:
        found = follow_up.decide(analysis.keys, facts.candidates, analysis.author, analysis.message.subject)
        return _from_machine(analysis, found, facts.bounced_ticket)
    return _from_human(email, analysis, facts.candidates, identity)


def _from_human(email: PreparedEmail, analysis: Analysis, candidates: Candidates, identity: Identity) -> Verdict:
    """Return the verdict on what a person wrote: a member with power or without, or a customer."""
    evidence = _evidence(analysis, candidates, identity)
    ruling = authorize(evidence)
    # Whether a team's token lets anybody in was decided.
    customers = tuple(found for found in analysis.keys.tokens if found.token.purpose is Purpose.CUSTOMER)
    keys = replace(analysis.keys, tokens=customers)
    reopened_since = email.now - identity.conversation.reopen_for
    found = follow_up.decide(keys, candidates, analysis.author, analysis.message.subject, reopened_since)
    if ruling is None and analysis.request is not None and not email.silent and (by := forwarder(evidence)):
        return _from_forwarder(analysis, Forwarding(analysis.request, by), found)
    # A customer may quote or answer an email that went to the team.
    is_customers = found is not None and found.joins and isinstance(ruling, Refusal) and not ruling.member
    if (ruling is None or is_customers) and analysis.is_reaction:
        reasons = (*analysis.screening.reasons, "a reaction with an emoji, without words")
        return _kept(Disposition.AUTO_REPLY, reasons, found)
    if ruling is None or is_customers:
        return _from_person(analysis, found, _stranger(analysis, found, candidates))
    return _from_team(analysis, ruling)


def _evidence(analysis: Analysis, candidates: Candidates, identity: Identity) -> Evidence:
    message = analysis.message
    return Evidence(
        from_author=analysis.from_author,
        by_person=analysis.by_person,
        keys=analysis.keys,
        candidates=candidates,
        recipients=frozenset(address.email.lower() for address in (*message.to, *message.cc) if address.email),
        own=identity.own_addresses,
        teams=identity.teams,
        demanded=identity.conversation.authentication,
        checked=(analysis.authentication or ("",))[0],
        lead=identity.lead,
        by_list=analysis.by_team_list,
    )


def _from_team(analysis: Analysis, ruling: Ruling) -> Verdict:
    """Return the verdict on an email that a team's token or a member's address makes more, or less, than a customer's.

    A refused one stays on the ticket, and changes nothing there.
    """
    reasons = (*analysis.screening.reasons, ruling.reason)
    match ruling:
        case Power(former=former):
            note = f"{ruling.team.name}, which had this ticket before, wrote this." if former else ""
            state, role = Disposition.ANSWER, MessageRole.NOTE
        case DirectAnswer():
            note = f"{ruling.member} wrote this to the customer directly. It is recorded, and was not sent again."
            state, role = Disposition.ANSWER, MessageRole.ANSWER
        case Refusal():
            note = f"This email was kept and not obeyed: {ruling.reason}."
            state, role = Disposition.FOLLOW_UP, MessageRole.OUTSIDE
    return Verdict(state, reasons, ticket_id=ruling.ticket_id, ruling=ruling, role=role, note=note)


def _from_forwarder(analysis: Analysis, forwarding: Forwarding, found: FollowUp | None) -> Verdict:
    """Return the verdict on an email with #new; one that does not prove its author is like anybody else's."""
    request, by = forwarding.request, forwarding.by
    reasons = analysis.screening.reasons
    if by.reason:
        note = f"It asks for a ticket of somebody else by #new, which was not done: {by.reason}."
        return Verdict(Disposition.TICKET, (*reasons, f"#new not obeyed: {by.reason}"), found, note=note)
    if request.original is None or request.author is None:
        note = f"{by.member} forwarded this with #new, and got it back: {request.problem}"
        return Verdict(
            Disposition.TICKET, (*reasons, f"#new: {request.problem}"), found, note=note, forwarding=forwarding
        )
    when = f" of {request.original.date:%Y-%m-%d %H:%M %Z}" if request.original.date else ""
    doubt = "" if by.is_certain else " Nothing proves that they wrote it: anybody can write this address into From."
    note = f"{by.member} forwarded this email{when} from {request.author.email}.{doubt}"
    why = f"forwarded by {by.member} with #new"
    return Verdict(Disposition.TICKET, (*reasons, why), found, note=note, forwarding=forwarding)


def _stranger(analysis: Analysis, found: FollowUp | None, candidates: Candidates) -> str:
    """Return a sentence for the team on an author who joins by the token of somebody else, or ""."""
    held = found.token if found and found.joins else None
    ticket = candidates.by_id.get(found.ticket_id) if found else None
    if held is None or held.is_senders or ticket is None or analysis.sender_email in ticket.participants:
        return ""
    who = analysis.sender_email or "Somebody without a readable address"
    if analysis.of_team:
        return f"{who}, who is in a team, answered with the customer's token; so this counts as a customer's email."
    return f"{who} is new on this ticket and answered with the customer's token."


def _from_person(analysis: Analysis, found: FollowUp | None, note: str) -> Verdict:
    reasons = analysis.screening.reasons
    if found and found.joins:
        return Verdict(
            Disposition.FOLLOW_UP,
            (*reasons, found.evidence),
            found,
            found.ticket_id,
            note=note,
            proves_reading=found.token is not None and found.token.is_senders,
            participation=_participation(analysis, found),
        )
    if found:
        return Verdict(Disposition.TICKET, (*reasons, f"possibly related: {found.evidence}"), found)
    return Verdict(Disposition.TICKET, reasons)


def _participation(analysis: Analysis, found: FollowUp) -> Participation | None:
    """Return whether a customer's token makes the sender a participant.

    Their own does; somebody else's only if they also know an email of the ticket, and only until the token expires.
    Who joins without a token takes part already.
    """
    held = found.token
    if held is None or analysis.of_team:
        return None
    if held.is_senders:
        return Participation()
    last_day = datetime.combine(held.token.expires, time.max, UTC)
    return Participation(last_day) if found.knows_email else None


def _from_machine(analysis: Analysis, found: FollowUp | None, bounced_ticket: int | None) -> Verdict:
    state, reasons = KEPT[analysis.screening.kind], analysis.screening.reasons
    if bounced_ticket is not None:
        return Verdict(state, reasons, found, bounced_ticket)
    return _kept(state, reasons, found)


def _kept(state: Disposition, reasons: tuple[str, ...], found: FollowUp | None) -> Verdict:
    """Keep it on its ticket where it has one; it is never answered and never reopens a ticket."""
    if found and found.joins:
        return Verdict(state, (*reasons, found.evidence), found, found.ticket_id)
    return Verdict(state, reasons, found)
