"""Answer a customer: send, hold or return what a team member wrote, in one transaction with all that it changes.

Called alike by the actor of emails, the command line and requests. The ticket is locked first, so that of two members
who answer at once one is first; the answer of the other is held, unless they knew of the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from daemon.mail.message import Address
from daemon.store import answers, earlier_answers, events, tickets
from daemon.store.answers import LockedTicket, NewAnswerRow
from daemon.store.earlier_answers import SentContent
from daemon.store.jobs import Offer
from daemon.store.queries import merged_customers
from daemon.tickets import answer_decision, readers
from daemon.tickets.action_base import notify
from daemon.tickets.actor import Actor
from daemon.tickets.answer_decision import AnswerDecision, AnswerFacts, EarlierSent
from daemon.tickets.answer_values import AnswerError, AnswerPolicy, AnswerResult, NewAnswer
from daemon.tickets.last_email import people_of_last_email
from daemon.tickets.readers import Parties, Readers
from daemon.vocabulary import AnswerState, MessageRole, ReturnCause, Subject, SubjectKind

__all__ = ["AnswerError", "AnswerPolicy", "AnswerResult", "NewAnswer", "note", "reply", "return_to_author"]

HOUR: Final = timedelta(hours=1)
# A later answer in the same words is meant, such as that we are still working on it.
DAY: Final = timedelta(days=1)
NOBODY: Final = Readers((), (), team_copied=False)


@dataclass(frozen=True, slots=True)
class NewNote:
    """An internal note; the fields are those of `NewAnswer`. `team_copied`: its email went to the team too."""

    ticket_id: int
    actor: Actor
    text: str
    message_id: int | None = None
    team_copied: bool = False


def reply(session: Session, new: NewAnswer, policy: AnswerPolicy, now: datetime) -> AnswerResult:
    """Send an answer, or hold or return it; the same message never becomes two answers.

    Raises LookupError for a ticket that does not exist, AnswerError for one that was merged into another.
    """
    ticket = _locked(session, new.ticket_id)
    if (known := _known(session, new.message_id)) is not None:
        return known
    facts = _facts(session, ticket, new, policy, now)
    decision = answer_decision.decide(facts)
    if decision.state is not AnswerState.SENT:
        decision = replace(decision, reasons=(*decision.reasons, *new.if_kept))
    answer_id = _store(session, ticket, new, facts, decision, now)
    if decision.state is AnswerState.SENT:
        put_in_force(session, ticket, answer_id, facts.readers.recipients, new.actor, policy, now)
        join(session, ticket.id, facts.readers.added, new.actor, now)
    else:
        _note_kept(session, ticket.id, new.actor, answer_id, decision, now)
    offers = _announce(session, answer_id, decision.state, new.actor, now)
    return AnswerResult(decision.state, answer_id, decision.reasons, facts.readers.recipients, offers)


def return_to_author(
    session: Session, new: NewAnswer, cause: ReturnCause, details: Sequence[str], now: datetime
) -> AnswerResult:
    """Return an email to its author because nothing of it was carried out; `details` say why."""
    ticket = answers.lock_ticket(session, new.ticket_id)
    if (known := _known(session, new.message_id)) is not None:
        return known
    decision = AnswerDecision(AnswerState.RETURNED, (cause, *details))
    answer_id = _store(session, ticket, new, None, decision, now)
    _note_kept(session, ticket.id, new.actor, answer_id, decision, now)
    offers = _announce(session, answer_id, decision.state, new.actor, now)
    return AnswerResult(decision.state, answer_id, decision.reasons, offers=offers)


def note(session: Session, new: NewNote, now: datetime) -> tuple[Offer, ...]:
    """Keep an internal note on a ticket and show it to the team; no customer gets it. Returns the jobs to offer."""
    ticket = _locked(session, new.ticket_id)
    message_id = new.message_id
    if message_id is None:
        subject = answers.subject_of(session, ticket.id)
        message_id = answers.add_message(session, ticket.id, new.text, subject, MessageRole.NOTE, now)
    else:
        answers.set_role(session, message_id, MessageRole.NOTE)
    tickets.touch(session, ticket.id, now, reopen=False)
    add_event(session, "note", ticket.id, new.actor, now, message=message_id)
    if new.team_copied:
        return ()
    return (notify(session, Subject(SubjectKind.MESSAGE, message_id), now),)


def put_in_force(
    session: Session,
    ticket: LockedTicket,
    answer_id: int,
    recipients: Sequence[str],
    actor: Actor,
    policy: AnswerPolicy,
    now: datetime,
) -> None:
    """Write on the locked ticket that an answer was sent: its status, who answers it, when it was first answered."""
    answers.note_sent(session, ticket, actor.name.lower(), policy.after_answer, now)
    statuses = {"was": ticket.status, "status": policy.after_answer}
    add_event(session, "answer sent", ticket.id, actor, now, answer=answer_id, to=list(recipients), **statuses)


def join(session: Session, ticket_id: int, added: Sequence[str], actor: Actor, now: datetime) -> None:
    """Let the people whom an agent added take part in a ticket."""
    ids = tickets.ensure_people(session, [(Address("", email), now) for email in added])
    for email in added:
        tickets.join(session, ticket_id, ids[email], None)
        add_event(session, "participant added", ticket_id, actor, now, email=email)


def add_event(session: Session, kind: str, ticket_id: int, actor: Actor, now: datetime, **data: object) -> None:
    """Add an event of an actor on a ticket."""
    values: dict[str, Any] = {**data, **actor.event_data}
    events.add(session, kind, now, ticket_id=ticket_id, **values)


def notify_about(session: Session, answer_id: int, now: datetime) -> tuple[Offer, ...]:
    """Add the job that plans the emails about an answer."""
    return (notify(session, Subject(SubjectKind.ANSWER, answer_id), now),)


def _announce(session: Session, answer_id: int, state: AnswerState, actor: Actor, now: datetime) -> tuple[Offer, ...]:
    """Notify people of an answer. On a page or in a terminal, its author sees at once that it was not sent."""
    knows_already = state is not AnswerState.SENT and not actor.source.startswith("email:")
    return () if knows_already else notify_about(session, answer_id, now)


def _locked(session: Session, ticket_id: int) -> LockedTicket:
    ticket = answers.lock_ticket(session, ticket_id)
    if ticket.merged_into_id is not None:
        raise AnswerError(f"{ticket.reference} was merged into another ticket; answer that one.")
    return ticket


def _known(session: Session, message_id: int | None) -> AnswerResult | None:
    """Return what became of a message before: its job may run again."""
    known = answers.of_message(session, message_id) if message_id is not None else None
    return AnswerResult(known.state, known.id) if known else None


def _facts(session: Session, ticket: LockedTicket, new: NewAnswer, policy: AnswerPolicy, now: datetime) -> AnswerFacts:
    known = answers.parties(session, ticket.id, now)
    of_last_email = people_of_last_email(session, ticket.id, known)
    merged = tuple(one.email for one in merged_customers.load(session, ticket.id))
    parties = Parties(ticket.requester, known, of_last_email, policy.team_address(ticket.team), merged)
    answered = earlier_answers.answered_delivery(session, ticket.id, new.parents)
    others = earlier_answers.sent_by_others(session, ticket.id, new.author)
    chosen = readers.choose(new.addressed, parties, policy.ours)
    return AnswerFacts(
        is_empty=new.is_empty,
        length=new.length,
        readers=chosen,
        internal=new.internal,
        omitted=new.omitted,
        written_at=new.written_at,
        answers_delivery=answered.id if answered else None,
        about_answer=answered.answer_id if answered else None,
        others=[EarlierSent(one.id, one.sent_at, one.after_delivery_id) for one in others],
        is_repeated=_is_repeated(session, new, chosen.recipients, now),
        sent=earlier_answers.sent_since(session, ticket.id, now - HOUR),
        allowed=policy.answers_per_hour,
        quotes_customer=new.quotes_customer,
    )


def _is_repeated(session: Session, new: NewAnswer, recipients: Sequence[str], now: datetime) -> bool:
    """Say whether a program sent an email again under another Message-ID. Pages and requests have keys of their own."""
    if new.message_id is None:
        return False
    content = SentContent(new.author, new.text, recipients, new.inline_parts, new.file_parts)
    return earlier_answers.is_repeated(session, new.ticket_id, content, now - DAY)


def _store(
    session: Session,
    ticket: LockedTicket,
    new: NewAnswer,
    facts: AnswerFacts | None,
    decision: AnswerDecision,
    now: datetime,
) -> int:
    """Store an answer, with a message of its own where it came by no email; return its id."""
    chosen, is_sent = facts.readers if facts else NOBODY, decision.state is AnswerState.SENT
    role = MessageRole.ANSWER if is_sent else MessageRole.NOTE
    if new.message_id is None:
        subject = answers.subject_of(session, ticket.id)
        message_id = answers.add_message(session, ticket.id, new.text, subject, role, now)
    else:
        message_id = new.message_id
        answers.set_role(session, message_id, role)
    row = NewAnswerRow(
        ticket_id=ticket.id,
        message_id=message_id,
        state=decision.state,
        reasons=decision.reasons,
        author=new.author,
        team=new.actor.team or ticket.team or "",
        text=new.text,
        html=new.html,
        now=now,
        answers_delivery_id=facts.answers_delivery if facts else None,
        recipients=chosen.recipients,
        team_copied=chosen.team_copied,
        inline_parts=new.inline_parts,
        file_parts=new.file_parts,
        quotes_customer=new.quotes_customer,
        after_delivery_id=answers.newest_delivery(session, ticket.id) if is_sent else None,
        before_id=decision.before,
    )
    return answers.add(session, row)


def _note_kept(
    session: Session, ticket_id: int, actor: Actor, answer_id: int, decision: AnswerDecision, now: datetime
) -> None:
    """Note that an answer was not sent, and why."""
    kind = "answer held" if decision.state is AnswerState.HELD else "answer returned"
    reasons = [reason[:300] for reason in decision.reasons]
    add_event(session, kind, ticket_id, actor, now, answer=answer_id, reasons=reasons)
