"""Admit emails: fetch the facts, decide what each email is to us, and write all rows, in one transaction.

    facts    the same email before? tickets behind its tokens, Message-IDs and references? a bounce of ours?
    decide   disposition.decide: pure
    write    people, tickets, ledger rows, messages, then what only one email brings, then jobs

Each statement writes the rows of all emails in the batch: an email in a batch of 16 costs a third of one alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.mail.analyze import Identity
from daemon.mail.language import declared
from daemon.mail.message import Address, Message
from daemon.store import jobs, ledger, tickets
from daemon.store.jobs import JobKind, NewJob, Offer
from daemon.store.ledger import NewLedgerRow
from daemon.store.tickets import NewMessage, NewTicket
from daemon.tickets import bounces, copied_people, email_facts, rulings, status
from daemon.tickets.authorization import Ruling
from daemon.tickets.disposition import EmailFacts, Forwarding, PreparedEmail, Verdict, decide
from daemon.tickets.rulings import RuledEmail, RulingJob
from daemon.vocabulary import (
    ConversationPolicy,
    Disposition,
    MessageRole,
    Screening,
    SenderKind,
    Subject,
    SubjectKind,
)

SHOWN_ON_TICKET = (Disposition.TICKET, Disposition.FOLLOW_UP, Disposition.ANSWER, Disposition.AUTO_REPLY)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an email: its ledger id and state, and the id and reference of its ticket, if any."""

    inbound_id: int
    disposition: Disposition
    reference: str | None = None
    ticket_id: int | None = None
    offers: tuple[Offer, ...] = ()


@dataclass(slots=True)
class _Admission:
    """One email while it is admitted: the verdict, and the ids of its rows as they are written."""

    email: PreparedEmail
    facts: EmailFacts
    verdict: Verdict
    ticket_id: int | None
    reference: str | None = None
    sender_id: int | None = None
    inbound_id: int = 0
    message_id: int | None = None
    ruling_jobs: Sequence[RulingJob] = ()
    offers: tuple[Offer, ...] = ()

    @property
    def author(self) -> Address | None:
        """Return who wrote the email: for what a team's token concerns, who From names; else who gets a reply.

        Of an email that a member forwards, that is the author of the original.
        """
        analysis = self.email.analysis
        if self.verdict.forwarding is not None:
            return self.verdict.forwarding.request.author
        if analysis is None or self.verdict.ruling is None:
            return analysis.sender if analysis else None
        return next((address for address in analysis.message.from_ if analysis.from_author.email), None)

    @property
    def verified(self) -> bool:
        """Say whether the author's address was authenticated."""
        analysis = self.email.analysis
        if self.verdict.forwarding is not None:
            return False
        if analysis is None or self.verdict.ruling is None:
            return analysis is not None and analysis.verified
        return analysis.from_author.by_dmarc or analysis.from_author.by_login

    @property
    def authentication(self) -> Sequence[str] | None:
        """Return what our own check found out about the author; nothing about that of a forwarded email."""
        analysis = self.email.analysis
        return analysis.authentication if analysis and self.verdict.forwarding is None else None

    @property
    def message(self) -> Message | None:
        """Return the email that is shown on the ticket."""
        forwarding, analysis = self.verdict.forwarding, self.email.analysis
        original = forwarding.request.original if forwarding else None
        return original or (analysis.message if analysis else None)

    @property
    def screening(self) -> Screening | None:
        """Return who wrote the email and whether they may get an automatic answer."""
        forwarding, analysis = self.verdict.forwarding, self.email.analysis
        if analysis is not None and self.verdict.disposition is Disposition.AUTO_REPLY:
            # A reaction is a person's, and has no words that anybody could answer.
            return replace(analysis.screening, kind=SenderKind.AUTO_REPLY, acknowledge=False)
        if forwarding is None or analysis is None:
            return analysis.screening if analysis else None
        return replace(analysis.screening, acknowledge=forwarding.acknowledge)

    @property
    def written_at(self) -> datetime:
        """Return when the email was received, or an earlier date that a forward gives to its original."""
        message = self.message
        if self.verdict.forwarding is None or message is None or message.date is None:
            return self.email.now
        return min(message.date, self.email.now)

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.inbound_id, self.verdict.disposition, self.reference, self.ticket_id, self.offers)

    @property
    def has_message(self) -> bool:
        """Say whether the email is shown on a ticket: what people write, and what their machines answer."""
        opens = self.verdict.disposition is Disposition.TICKET
        return self.verdict.disposition in SHOWN_ON_TICKET and (opens or self.ticket_id is not None)


def admit(session: Session, emails: Sequence[PreparedEmail], identity: Identity) -> list[Receipt]:
    """Admit emails and return what became of each, in order."""
    if email_facts.depend_on_each_other(emails):
        return [receipt for email in emails for receipt in admit(session, [email], identity)]
    admissions = _on_present_tickets(session, _decided(session, emails, identity), identity)
    # In the order of the foreign keys: a ticket names its requester, a ledger row its ticket, a message both.
    _add_people(session, admissions)
    _open_tickets(session, admissions, identity.reference_prefix)
    _write_ledger(session, admissions)
    _add_messages(session, admissions)
    for admission in admissions:
        _write_effects(session, admission, identity.conversation)
        _note_copied(session, admission, identity)
    # Last: jobs name the rows that the steps before wrote, those of all emails in one statement.
    _add_jobs(session, admissions)
    return [admission.receipt for admission in admissions]


def _decided(session: Session, emails: Sequence[PreparedEmail], identity: Identity) -> list[_Admission]:
    facts_of = zip(emails, email_facts.fetch(session, emails), strict=True)
    verdicts = [(email, facts, decide(email, facts, identity)) for email, facts in facts_of]
    return [_Admission(email, facts, verdict, verdict.ticket_id) for email, facts, verdict in verdicts]


def _on_present_tickets(session: Session, admissions: list[_Admission], identity: Identity) -> list[_Admission]:
    """Lock the tickets that emails join, and decide again where one was merged into another meanwhile.

    The facts were read without a lock. Without this, a message could be added to a ticket whose messages a merge has
    just moved away.
    """
    for _ in range(tickets.MERGES_FOLLOWED):
        merged = tickets.lock_merged(session, {a.ticket_id for a in admissions if a.ticket_id is not None})
        if not merged:
            break
        admissions = [
            again
            for a in admissions
            for again in ([a] if a.ticket_id not in merged else _decided(session, [a.email], identity))
        ]
    return admissions


def _add_people(session: Session, admissions: Iterable[_Admission]) -> None:
    writers = [(a, author) for a in admissions if a.has_message and (author := a.author) and author.email]
    known = tickets.ensure_people(session, [(author, admission.email.now) for admission, author in writers])
    for admission, author in writers:
        admission.sender_id = known[(author.email or "").lower()]


def _open_tickets(session: Session, admissions: Iterable[_Admission], prefix: str) -> None:
    opening = [a for a in admissions if a.verdict.disposition is Disposition.TICKET]
    new = [_new_ticket(admission) for admission in opening]
    for admission, opened in zip(opening, tickets.open_tickets(session, new, prefix), strict=True):
        admission.ticket_id, admission.reference = opened


def _new_ticket(admission: _Admission) -> NewTicket:
    email, found = admission.email, admission.verdict.follow_up
    return NewTicket(
        subject=admission.message.subject if admission.message else "",
        requester_id=admission.sender_id,
        related_id=found.ticket_id if found else None,
        silent=email.silent,
        now=email.now,
        language=declared(admission.message) if admission.message else "",
        address=email.analysis.address if email.analysis else "",
    )


def _write_ledger(session: Session, admissions: Iterable[_Admission]) -> None:
    fresh = []
    for admission in admissions:
        # The client of a copy gets the ticket of the original.
        if admission.facts.original is not None:
            admission.reference, admission.ticket_id = tickets.of_inbound(session, admission.facts.original)
        replaced, verdict = admission.email.replaces, admission.verdict
        # An email that is admitted again keeps its row: jobs and events name it already.
        if replaced is None:
            fresh.append(admission)
        else:
            admission.inbound_id = replaced
            ledger.settle(session, replaced, verdict.disposition, verdict.reasons, admission.ticket_id)
    rows = ledger.add(session, [_entry(admission) for admission in fresh])
    for admission, inbound_id in zip(fresh, rows, strict=True):
        admission.inbound_id = inbound_id


def _entry(admission: _Admission) -> NewLedgerRow:
    email, facts = admission.email, admission.facts
    is_copy = facts.original is not None
    return NewLedgerRow(
        inbound=email.inbound,
        disposition=admission.verdict.disposition,
        reasons=admission.verdict.reasons,
        content_key=None if is_copy else facts.content_key,
        message_id=email.analysis.message.message_id if email.analysis else "",
        ticket_id=admission.ticket_id,
        duplicate_of=facts.original,
        raw=None if is_copy else email.packed,
    )


def _add_messages(session: Session, admissions: Iterable[_Admission]) -> None:
    shown = [a for a in admissions if a.has_message]
    new = [
        NewMessage(
            message=a.message,
            ticket_id=a.ticket_id,
            inbound_id=a.inbound_id,
            screening=a.screening,
            sender_id=a.sender_id,
            verified=a.verified,
            by_team=a.verdict.by_team,
            role=a.verdict.role,
            authentication=a.authentication,
            now=a.written_at,
        )
        for a in shown
        if a.message and a.screening and a.ticket_id is not None
    ]
    for admission, message_id in zip(shown, tickets.add_messages(session, new), strict=True):
        admission.message_id = message_id


def _write_effects(session: Session, admission: _Admission, policy: ConversationPolicy) -> None:
    """Write what only this email brings: a noted copy, a bounced delivery, a ruling, a reopened ticket."""
    email, analysis, original = admission.email, admission.email.analysis, admission.facts.original
    if admission.verdict.note and admission.ticket_id is not None:
        rulings.note(session, admission.verdict.note, admission.ticket_id, admission.inbound_id, email.now)
    if original is not None:
        ledger.note_copy(session, original, admission.inbound_id, email.inbound.envelope)
    elif analysis and analysis.dsn is not None:
        admission.offers += bounces.note(
            session, analysis.dsn, admission.inbound_id, email.now, analysis.bounced_delivery
        )
    elif admission.verdict.forwarding is not None:
        _write_forwarding(session, admission, admission.verdict.forwarding)
    elif analysis and admission.ticket_id is not None and admission.verdict.ruling is not None:
        _write_ruling(session, admission, admission.verdict.ruling, admission.ticket_id, policy)
    elif analysis and admission.ticket_id is not None and admission.verdict.disposition is Disposition.FOLLOW_UP:
        _write_follow_up(session, admission, admission.ticket_id, policy)


def _note_copied(session: Session, admission: _Admission, identity: Identity) -> None:
    """Note whom a customer copied on an email."""
    email, author, screening = admission.email, admission.author, admission.screening
    if not admission.has_message or admission.verdict.role is not MessageRole.CUSTOMER or admission.ticket_id is None:
        return
    if admission.message and screening and screening.kind is SenderKind.PERSON:
        copied_people.note(
            session,
            admission.message,
            author.email if author else None,
            identity,
            admission.ticket_id,
            admission.inbound_id,
            email.now,
            forwarded=admission.verdict.forwarding is not None,
        )


def _write_ruling(
    session: Session, admission: _Admission, ruling: Ruling, ticket_id: int, policy: ConversationPolicy
) -> None:
    admission.reference = tickets.reference_of(session, ticket_id)
    email, message_id = admission.email, admission.message_id
    if email.analysis is not None and message_id is not None:
        ruled_email = RuledEmail(email.analysis, ticket_id, admission.inbound_id, message_id, email.silent, email.now)
        admission.ruling_jobs = rulings.write(session, ruling, ruled_email, policy.after_answer)


def _write_forwarding(session: Session, admission: _Admission, forwarding: Forwarding) -> None:
    email, ticket_id, message_id = admission.email, admission.ticket_id, admission.message_id
    if email.analysis is not None and ticket_id is not None and message_id is not None:
        ruled_email = RuledEmail(email.analysis, ticket_id, admission.inbound_id, message_id, email.silent, email.now)
        admission.ruling_jobs = rulings.write_forwarding(session, forwarding, ruled_email)


def _write_follow_up(session: Session, admission: _Admission, ticket_id: int, policy: ConversationPolicy) -> None:
    verdict, now, sender = admission.verdict, admission.email.now, admission.sender_id
    status.note_customer(session, ticket_id, admission.inbound_id, policy.after_customer, now)
    admission.reference = tickets.reference_of(session, ticket_id)
    if sender is not None and verdict.participation is not None:
        tickets.join(session, ticket_id, sender, verdict.participation.until)
    if sender is not None and verdict.proves_reading:
        tickets.verify_person(session, sender, now)


def _add_jobs(session: Session, admissions: Iterable[_Admission]) -> None:
    due = [(admission, job) for admission in admissions for job in _jobs(admission)]
    for (admission, _), offer in zip(due, jobs.add(session, [job for _, job in due]), strict=True):
        admission.offers += (offer,)


def _jobs(admission: _Admission) -> Sequence[NewJob]:
    """Return the jobs that an email leads to: check, triage of a new ticket, notify for a follow-up, or a ruling's."""
    state, now = admission.verdict.disposition, admission.email.due_at or admission.email.now
    if admission.verdict.ruling is not None:
        return [NewJob(kind, subject, now) for kind, subject in admission.ruling_jobs]
    if state is Disposition.TICKET and admission.ticket_id is not None:
        triage = NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, admission.ticket_id), now)
        return [triage, *(NewJob(kind, subject, now) for kind, subject in admission.ruling_jobs)]
    if state is Disposition.FOLLOW_UP and admission.message_id is not None and not admission.email.silent:
        return [NewJob(JobKind.NOTIFY, Subject(SubjectKind.MESSAGE, admission.message_id), now)]
    if state is Disposition.CHECKING:
        return [NewJob(JobKind.CHECK, Subject(SubjectKind.INBOUND, admission.inbound_id), now)]
    return ()
