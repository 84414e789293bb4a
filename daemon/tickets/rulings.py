"""Write what a ruling on an email brings: notes for the team, returned and direct answers, and the next jobs.

    power          an event that names member and team, and an answer job, which also notifies the team that has the
                   ticket now of what a team does that had it before
    direct answer  an answer that was sent without us; the rest of the team is notified
    refusal        a member whose email may be forged or is unclear gets it back at the team's address; the team is
                   notified of every other, also of one whose token has expired: the notification has a fresh token.
                   The lead, who is in no team, gets back the latter too. The copy that a list sends of an email that
                   came by itself too is announced to nobody

A notification is planned by the message, not by the decision on the ticket, so each email leads to one of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.mail.analyze import Analysis
from daemon.store import answers, events, tickets
from daemon.store.jobs import JobKind
from daemon.store.models import AnswerRow, Event
from daemon.store.sql import BulkInsert, table
from daemon.tickets import status
from daemon.tickets.authorization import DirectAnswer, Power, Refusal, RefusalKind, Ruling
from daemon.tickets.disposition import Forwarding
from daemon.vocabulary import (
    AUTHORIZED,
    CORRECTS_ONLY,
    NOTE_FOR_TEAM,
    OF_FORMER_TEAM,
    AnswerState,
    MessageRole,
    ReturnCause,
    Status,
    Subject,
    SubjectKind,
)

ANSWERED_DIRECTLY: Final = "answered directly"
FORWARDED: Final = "customer's email forwarded"
# Refusals of members whose email goes back, and why.
RETURNED: Final = {
    RefusalKind.UNAUTHENTICATED: ReturnCause.NOT_AUTHENTICATED,
    RefusalKind.CONTRADICTORY: ReturnCause.UNCLEAR_TICKET,
}
RETURNED_TO_LEAD: Final = {**RETURNED, RefusalKind.EXPIRED: ReturnCause.EXPIRED}
INSERT_ANSWERS = BulkInsert.to(table(AnswerRow))

RulingJob = tuple[JobKind, Subject]


@dataclass(frozen=True, slots=True)
class RuledEmail:
    """An email with a ruling, and the ids of its rows."""

    analysis: Analysis
    ticket_id: int
    inbound_id: int
    message_id: int
    silent: bool
    now: datetime


def note(session: Session, sentence: str, ticket_id: int, inbound_id: int, now: datetime) -> None:
    """Keep a sentence for the team about an email; notifications of the email show it."""
    events.add(session, NOTE_FOR_TEAM, now, ticket_id=ticket_id, inbound_id=inbound_id, note=sentence)


def write(session: Session, ruling: Ruling, email: RuledEmail, after_answer: Status) -> Sequence[RulingJob]:
    """Write what a ruling brings and return the jobs that it leads to; an email that came silently leads to none."""
    match ruling:
        case Power():
            return _power(session, ruling, email)
        case DirectAnswer():
            return _direct(session, ruling, email, after_answer)
        case Refusal():
            return _refusal(session, ruling, email)


def _power(session: Session, ruling: Power, email: RuledEmail) -> Sequence[RulingJob]:
    """Name the member for the answer job; old emails that a backfill brings are not carried out."""
    tickets.touch(session, email.ticket_id, email.now, reopen=False)
    events.add(
        session,
        AUTHORIZED,
        email.now,
        ticket_id=email.ticket_id,
        inbound_id=email.inbound_id,
        member=ruling.member,
        team=ruling.team.name,
        reason=ruling.reason,
        **({CORRECTS_ONLY: True} if ruling.corrects_only else {}),
        **({OF_FORMER_TEAM: True} if ruling.former else {}),
    )
    return () if email.silent else [(JobKind.ANSWER, _message(email))]


def _direct(session: Session, ruling: DirectAnswer, email: RuledEmail, after_answer: Status) -> Sequence[RulingJob]:
    answer = _add_answer(session, email, AnswerState.SENT, ruling.member, ruling.team.name, [ruling.reason], None)
    if email.silent:
        tickets.touch(session, email.ticket_id, email.now, reopen=False)
        return ()
    was, present = status.note_answer(session, email.ticket_id, ruling.member, after_answer, email.now)
    events.add(
        session,
        ANSWERED_DIRECTLY,
        email.now,
        ticket_id=email.ticket_id,
        inbound_id=email.inbound_id,
        member=ruling.member,
        team=ruling.team.name,
        answer=answer,
        was=was,
        status=present,
    )
    message = email.analysis.message
    copied = {(address.email or "").lower() for address in (*message.to, *message.cc)}
    return () if ruling.team.address in copied else [(JobKind.NOTIFY, _message(email))]


def _refusal(session: Session, ruling: Refusal, email: RuledEmail) -> Sequence[RulingJob]:
    tickets.touch(session, email.ticket_id, email.now, reopen=False)
    if email.silent or (ruling.kind is RefusalKind.LIST and _came_by_itself(session, email)):
        return ()
    cause = (RETURNED_TO_LEAD if ruling.corrects_only else RETURNED).get(ruling.kind)
    if cause is None or ruling.team is None:
        return [(JobKind.NOTIFY, _message(email))]
    reasons, team = [cause, ruling.reason], ruling.team
    answer_id = _add_answer(session, email, AnswerState.RETURNED, ruling.member, team.name, reasons, team.address)
    return [(JobKind.NOTIFY, Subject(SubjectKind.ANSWER, answer_id))]


def _came_by_itself(session: Session, email: RuledEmail) -> bool:
    return answers.has_copy(session, email.ticket_id, email.message_id, email.analysis.message.message_id)


def write_forwarding(session: Session, forwarding: Forwarding, email: RuledEmail) -> Sequence[RulingJob]:
    """Note who brought a customer's email in, keep their own words as a note, and return what could not be read."""
    request, by = forwarding.request, forwarding.by
    ids = {"ticket_id": email.ticket_id, "inbound_id": email.inbound_id}
    events.add(session, FORWARDED, email.now, **ids, member=by.member, team=by.team.name)
    if request.original is None:
        back = None if by.is_certain else by.team.address
        reasons = [ReturnCause.REFUSED, request.problem]
        answer_id = _add_answer(session, email, AnswerState.RETURNED, by.member, by.team.name, reasons, back)
        return [(JobKind.NOTIFY, Subject(SubjectKind.ANSWER, answer_id))]
    if request.above:
        answers.add_message(
            session, email.ticket_id, request.above, request.original.subject, MessageRole.NOTE, email.now
        )
    return ()


def was_forwarded(session: Session, inbound_id: int) -> bool:
    """Say whether a member forwarded an email for its author: its header is not that of the author's email."""
    found = select(Event.id).where(Event.inbound_id == inbound_id, Event.kind == FORWARDED).limit(1)
    return session.execute(found).first() is not None


def _add_answer(
    session: Session,
    email: RuledEmail,
    state: AnswerState,
    author: str,
    team: str,
    reasons: Sequence[str],
    return_to: str | None,
) -> int:
    row = {
        "ticket_id": email.ticket_id,
        "message_id": email.message_id,
        "state": state,
        "reasons": list(reasons),
        "author": author,
        "team": team,
        "return_to": return_to,
        "text": email.analysis.message.text,
        "html": "",
        "answers_delivery_id": None,
        "created_at": email.now,
        "settled_at": email.now,
    }
    return INSERT_ANSWERS.rows(session, [row])[0]


def _message(email: RuledEmail) -> Subject:
    return Subject(SubjectKind.MESSAGE, email.message_id)
