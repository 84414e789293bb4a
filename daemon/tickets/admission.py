"""Admit mails: decide what each is to us and write all that they bring, in the one transaction at hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from daemon.mail import follow_up
from daemon.mail.analyze import Analysis, Identity
from daemon.mail.envelope import Inbound
from daemon.mail.follow_up import FollowUp
from daemon.mail.token import Purpose
from daemon.store import jobs, ledger, tickets
from daemon.store.jobs import JobKind, NewJob, Offer
from daemon.store.ledger import Entry
from daemon.store.tickets import NewMessage, NewTicket
from daemon.tickets import bounces
from daemon.vocabulary import Disposition, SenderKind, Subject, SubjectKind

STATE_OF: Final = {
    SenderKind.AUTO_REPLY: Disposition.AUTO_REPLY,
    SenderKind.BOUNCE: Disposition.BOUNCE,
    SenderKind.LIST: Disposition.LIST,
    SenderKind.OWN: Disposition.OWN,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A delivery on its way into the store.

    `packed` is the raw mail, compressed. `analysis` is None where our own code failed; `failure` says how.
    `replaces` is the ledger row of a parked mail that is replayed. `again` marks a second try after a conflict.
    """

    inbound: Inbound
    packed: bytes
    content_key: str
    analysis: Analysis | None
    failure: str = ""
    silent: bool = False
    replaces: int | None = None
    again: bool = False

    @property
    def now(self) -> datetime:
        """Return when the mail came."""
        return self.inbound.envelope.received_at


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery: its ledger id and state, and the reference of its ticket, if any."""

    inbound_id: int
    disposition: Disposition
    reference: str | None = None
    ticket_id: int | None = None
    offers: tuple[Offer, ...] = ()


@dataclass(slots=True)
class _Admission:
    """One mail while it is admitted: what was decided, and the ids that its rows get."""

    reading: Reading
    key: str
    state: Disposition
    reasons: list[str]
    analysis: Analysis | None = None
    found: FollowUp | None = None
    original: int | None = None
    ticket_id: int | None = None
    reference: str | None = None
    sender_id: int | None = None
    inbound_id: int = 0
    message_id: int | None = None
    offers: list[Offer] = field(default_factory=list)

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.inbound_id, self.state, self.reference, self.ticket_id, tuple(self.offers))


def admit(session: Session, readings: Sequence[Reading], policy: Identity) -> list[Receipt]:
    """Admit mails and return what became of each, in order.

    Every statement writes the rows of all of them: a mail in company costs a third of a mail alone.
    """
    if _entangled(readings):
        return [receipt for reading in readings for receipt in admit(session, [reading], policy)]
    originals = ledger.originals(session, [r.content_key for r in readings if r.replaces is None])
    admissions = [_decide(session, reading, originals) for reading in readings]
    _find_people(session, admissions)
    _open_tickets(session, admissions, policy)
    _write_ledger(session, admissions)
    _add_messages(session, admissions)
    for admission in admissions:
        _settle(session, admission, policy)
    _promise_jobs(session, admissions)
    return [admission.receipt for admission in admissions]


def _entangled(readings: Sequence[Reading]) -> bool:
    """Say whether one of the mails is about another: then they are admitted one after the other."""
    if len(readings) == 1:
        return False
    analysis = [r.analysis for r in readings if r.analysis]
    ours = {h.message.message_id for h in analysis if h.message.message_id}
    parents = {parent for h in analysis for parent in h.keys.message_ids}
    return len({r.content_key for r in readings}) < len(readings) or bool(ours & parents)


def _decide(session: Session, reading: Reading, originals: dict[str, ledger.Original]) -> _Admission:
    """Decide what a mail is to us: duplicate, parked, kept, follow-up or new ticket."""
    analysis = reading.analysis
    message = analysis.message if analysis else None
    original, key = ledger.original_of(session, reading.content_key, originals, message, reading.now)
    if original is not None:
        reasons = [f"the same mail came before as {original}"]
        return _Admission(reading, key, Disposition.DUPLICATE, reasons, analysis, original=original)
    if analysis is None:
        return _Admission(reading, key, Disposition.PARKED, [reading.failure])
    reasons = list(analysis.screening.reasons)
    found = follow_up.decide(
        analysis.keys,
        tickets.find_candidates(session, analysis.keys),
        analysis.sender_email,
        analysis.message.subject,
        verified=analysis.verified,
    )
    if analysis.screening.kind is not SenderKind.PERSON:
        return _kept(session, reading, key, analysis, found)
    if found and found.joins:
        reasons.append(found.evidence)
        return _Admission(reading, key, Disposition.FOLLOW_UP, reasons, analysis, found, ticket_id=found.ticket_id)
    if found:
        reasons.append(f"possibly related: {found.evidence}")
    return _Admission(reading, key, Disposition.TICKET, reasons, analysis, found)


def _kept(session: Session, reading: Reading, key: str, analysis: Analysis, found: FollowUp | None) -> _Admission:
    """Keep what no person wrote: on its ticket where it has one; never answered, never reopening."""
    reasons = list(analysis.screening.reasons)
    ticket_id = bounces.ticket_of(session, analysis.dsn) if analysis.dsn else None
    if ticket_id is None and found and found.joins:
        ticket_id = found.ticket_id
        reasons.append(found.evidence)
    return _Admission(reading, key, STATE_OF[analysis.screening.kind], reasons, analysis, found, ticket_id=ticket_id)


def _find_people(session: Session, admissions: Iterable[_Admission]) -> None:
    writers = [a for a in admissions if _has_message(a) and a.analysis and a.analysis.sender_email]
    known = tickets.people(
        session, [(a.analysis.sender, a.reading.now) for a in writers if a.analysis and a.analysis.sender]
    )
    for admission in writers:
        if admission.analysis and admission.analysis.sender_email:
            admission.sender_id = known[admission.analysis.sender_email]


def _open_tickets(session: Session, admissions: Iterable[_Admission], policy: Identity) -> None:
    opening = [a for a in admissions if a.state is Disposition.TICKET]
    opened = tickets.open_tickets(
        session,
        [
            NewTicket(
                subject=a.analysis.message.subject if a.analysis else "",
                requester_id=a.sender_id,
                related_id=a.found.ticket_id if a.found else None,
                silent=a.reading.silent,
                now=a.reading.now,
            )
            for a in opening
        ],
        policy.reference_prefix,
    )
    for admission, (ticket_id, reference) in zip(opening, opened, strict=True):
        admission.ticket_id, admission.reference = ticket_id, reference


def _write_ledger(session: Session, admissions: Iterable[_Admission]) -> None:
    fresh = []
    for admission in admissions:
        if admission.original is not None:
            admission.reference, admission.ticket_id = tickets.of_inbound(session, admission.original)
        replaced = admission.reading.replaces
        if replaced is None:
            fresh.append(admission)
        else:
            admission.inbound_id = replaced
            ledger.settle(session, replaced, admission.state, admission.reasons, admission.ticket_id)
    entries = [
        Entry(
            inbound=a.reading.inbound,
            disposition=a.state,
            reasons=a.reasons,
            content_key=a.key if a.original is None else None,
            message_id=a.analysis.message.message_id if a.analysis else "",
            ticket_id=a.ticket_id,
            duplicate_of=a.original,
            raw=a.reading.packed if a.original is None else None,
        )
        for a in fresh
    ]
    for admission, inbound_id in zip(fresh, ledger.add(session, entries), strict=True):
        admission.inbound_id = inbound_id


def _add_messages(session: Session, admissions: Iterable[_Admission]) -> None:
    having = [a for a in admissions if _has_message(a)]
    added = tickets.add_messages(
        session,
        [
            NewMessage(
                message=a.analysis.message,
                ticket_id=a.ticket_id,
                inbound_id=a.inbound_id,
                screening=a.analysis.screening,
                sender_id=a.sender_id,
                verified=a.analysis.verified,
                now=a.reading.now,
            )
            for a in having
            if a.analysis and a.ticket_id is not None
        ],
    )
    for admission, message_id in zip(having, added, strict=True):
        admission.message_id = message_id


def _has_message(admission: _Admission) -> bool:
    """Say whether a mail is shown on its ticket: what people write, and what their machines answer."""
    if admission.state is Disposition.AUTO_REPLY:
        return admission.ticket_id is not None
    return admission.state in (Disposition.TICKET, Disposition.FOLLOW_UP)


def _settle(session: Session, admission: _Admission, policy: Identity) -> None:
    """Write what only this mail brings: a copy noted, a ticket reopened, a delivery that bounced."""
    analysis, now = admission.analysis, admission.reading.now
    if admission.original is not None:
        ledger.note_copy(session, admission.original, admission.inbound_id, admission.reading.inbound.envelope)
    elif analysis is not None and analysis.dsn is not None:
        bounces.note(session, analysis.dsn, admission.inbound_id, now)
    elif admission.state is Disposition.FOLLOW_UP and analysis and admission.ticket_id is not None:
        by_team = analysis.sender_email in policy.team_addresses
        tickets.join(session, admission.ticket_id, None if by_team else admission.sender_id, now, reopen=not by_team)
        admission.reference = tickets.reference_of(session, admission.ticket_id)
        if admission.sender_id is not None and _proves_reading(admission):
            tickets.verify_person(session, admission.sender_id, now)


def _proves_reading(admission: _Admission) -> bool:
    """Say whether the sender holds a token that went to the address they write from."""
    email = admission.analysis.sender_email if admission.analysis else None
    token = admission.found.token if admission.found else None
    return bool(email and token and token.purpose is Purpose.CUSTOMER and token.is_for(email))


def _promise_jobs(session: Session, admissions: Iterable[_Admission]) -> None:
    due = []
    for a in admissions:
        if a.state is Disposition.TICKET:
            due.append((a, NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, a.ticket_id or 0), a.reading.now)))
        elif a.state is Disposition.FOLLOW_UP and not a.reading.silent:
            due.append((a, NewJob(JobKind.NOTIFY, Subject(SubjectKind.MESSAGE, a.message_id or 0), a.reading.now)))
    for (admission, _), offer in zip(due, jobs.add(session, [promise for _, promise in due]), strict=True):
        admission.offers.append(offer)
