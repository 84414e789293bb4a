"""Admit a mail: write everything that it brings, in the one transaction at hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from daemon.mail import follow_up
from daemon.mail.envelope import Inbound
from daemon.mail.follow_up import FollowUp
from daemon.mail.token import Purpose
from daemon.mail.understand import Policy, Understanding
from daemon.store import bounces, jobs, tickets
from daemon.store import inbound as ledger
from daemon.store.jobs import JobKind, Offer
from daemon.ticket import Disposition, Kind

STATE_OF: Final = {
    Kind.AUTO_REPLY: Disposition.AUTO_REPLY,
    Kind.BOUNCE: Disposition.BOUNCE,
    Kind.LIST: Disposition.LIST,
    Kind.OWN: Disposition.OWN,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A delivery on its way into the store.

    `packed` is the raw mail, compressed. `understanding` is None where our own code failed; `failure` says how.
    `replaces` is the ledger row of a parked mail that is replayed.
    """

    inbound: Inbound
    packed: bytes
    content_key: str
    understanding: Understanding | None
    failure: str = ""
    silent: bool = False
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery: its ledger id and state, and the reference of its ticket, if any."""

    inbound_id: int
    disposition: Disposition
    reference: str | None = None
    ticket_id: int | None = None
    offers: tuple[Offer, ...] = ()


def admit(session: Session, reading: Reading, policy: Policy) -> Receipt:
    """Decide what a mail is to us and write it: duplicate, parked, kept, follow-up or new ticket."""
    heard = reading.understanding
    if reading.replaces is None:
        now = reading.inbound.envelope.received_at
        message = heard.message if heard else None
        original, key = ledger.original_of(session, reading.content_key, message, now)
        if original is not None:
            return _duplicate(session, reading, original)
    else:
        key = reading.content_key
    if heard is None:
        return _park(session, reading, key)
    found = follow_up.decide(
        heard.keys,
        tickets.find_candidates(session, heard.keys),
        heard.sender_email,
        heard.message.subject,
        verified=heard.verified,
    )
    admission = _Admission(session, reading, heard, key, found, policy)
    if heard.screening.kind is not Kind.PERSON:
        return admission.keep()
    return admission.join(found) if found and found.joins else admission.open()


def _duplicate(session: Session, reading: Reading, original: int) -> Receipt:
    reference, ticket_id = tickets.of_inbound(session, original)
    heard = reading.understanding
    inbound_id = ledger.add(
        session,
        reading.inbound,
        message_id=heard.message.message_id if heard else "",
        disposition=Disposition.DUPLICATE,
        reasons=[f"the same mail came before as {original}"],
        ticket_id=ticket_id,
        duplicate_of=original,
    )
    ledger.note_copy(session, original, inbound_id, reading.inbound.envelope)
    return Receipt(inbound_id, Disposition.DUPLICATE, reference, ticket_id)


def _park(session: Session, reading: Reading, key: str) -> Receipt:
    if reading.replaces is not None:
        ledger.settle(session, reading.replaces, Disposition.PARKED, [reading.failure], None)
        return Receipt(reading.replaces, Disposition.PARKED)
    inbound_id = ledger.add(
        session,
        reading.inbound,
        content_key=key,
        disposition=Disposition.PARKED,
        reasons=[reading.failure],
        raw=reading.packed,
    )
    return Receipt(inbound_id, Disposition.PARKED)


@dataclass(frozen=True, slots=True)
class _Admission:
    """One mail that we understand, in the transaction that admits it."""

    session: Session
    reading: Reading
    heard: Understanding
    key: str
    found: FollowUp | None
    policy: Policy

    @property
    def now(self) -> datetime:
        return self.reading.inbound.envelope.received_at

    def open(self) -> Receipt:
        """Open a ticket, and promise its triage."""
        related, sender = self.found, self._sender()
        ticket_id, reference = tickets.open_ticket(
            self.session,
            prefix=self.policy.reference_prefix,
            subject=self.heard.message.subject,
            requester_id=sender,
            related_id=related.ticket_id if related else None,
            silent=self.reading.silent,
            now=self.now,
        )
        reasons = [f"possibly related: {related.evidence}"] if related else []
        inbound_id = self._record(Disposition.TICKET, reasons, ticket_id)
        self._add_message(ticket_id, inbound_id, sender)
        offer = jobs.add(self.session, JobKind.TRIAGE, f"ticket:{ticket_id}", self.now)
        return Receipt(inbound_id, Disposition.TICKET, reference, ticket_id, (offer,))

    def join(self, found: FollowUp) -> Receipt:
        """Add a follow-up to its ticket, which opens it again, and promise to tell the team."""
        sender, ticket_id = self._sender(), found.ticket_id
        inbound_id = self._record(Disposition.FOLLOW_UP, [found.evidence], ticket_id)
        message_id = self._add_message(ticket_id, inbound_id, sender)
        by_team = self.heard.sender_email in self.policy.team_addresses
        tickets.join(self.session, ticket_id, None if by_team else sender, self.now, reopen=not by_team)
        if sender is not None and self._proves_reading(found):
            tickets.verify_person(self.session, sender, self.now)
        offers: tuple[Offer, ...] = ()
        if not self.reading.silent:
            offers = (jobs.add(self.session, JobKind.NOTIFY, f"message:{message_id}", self.now),)
        reference = tickets.reference_of(self.session, ticket_id)
        return Receipt(inbound_id, Disposition.FOLLOW_UP, reference, ticket_id, offers)

    def keep(self) -> Receipt:
        """Keep what no person wrote: on its ticket where it has one; never answered, never reopening."""
        ticket_id = self.found.ticket_id if self.found and self.found.joins else None
        dsn, state = self.heard.dsn, STATE_OF[self.heard.screening.kind]
        if dsn is not None:
            ticket_id = bounces.ticket_of(self.session, dsn) or ticket_id
        inbound_id = self._record(state, [self.found.evidence] if self.found and ticket_id else [], ticket_id)
        if dsn is not None:
            bounces.note(self.session, dsn, inbound_id, self.now)
        if ticket_id is not None and state is Disposition.AUTO_REPLY:
            self._add_message(ticket_id, inbound_id, self._sender())
        return Receipt(inbound_id, state, None, ticket_id)

    def _sender(self) -> int | None:
        return tickets.person_id(self.session, self.heard.sender, self.now)

    def _record(self, state: Disposition, reasons: list[str], ticket_id: int | None) -> int:
        reasons = [*self.heard.screening.reasons, *reasons]
        if self.reading.replaces is not None:
            ledger.settle(self.session, self.reading.replaces, state, reasons, ticket_id)
            return self.reading.replaces
        return ledger.add(
            self.session,
            self.reading.inbound,
            content_key=self.key,
            message_id=self.heard.message.message_id,
            disposition=state,
            reasons=reasons,
            ticket_id=ticket_id,
            raw=self.reading.packed,
        )

    def _add_message(self, ticket_id: int, inbound_id: int, sender: int | None) -> int:
        return tickets.add_message(
            self.session,
            self.heard.message,
            ticket_id=ticket_id,
            inbound_id=inbound_id,
            screening=self.heard.screening,
            sender_id=sender,
            verified=self.heard.verified,
            now=self.now,
        )

    def _proves_reading(self, found: FollowUp) -> bool:
        """Say whether the sender holds a token that went to the address they write from."""
        email = self.heard.sender_email
        return bool(email and found.token and found.token.purpose is Purpose.CUSTOMER and found.token.is_for(email))
