"""Send or drop an answer that was held."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from daemon.store import answers
from daemon.store.answers import LockedTicket
from daemon.tickets import conversation
from daemon.tickets.actor import Actor
from daemon.tickets.answer_values import AnswerError, AnswerPolicy, AnswerResult, NoAnswerError
from daemon.vocabulary import AnswerState, MessageRole

MAX_SHOWN: Final = 10


def find_held(session: Session, ticket_id: int, author: str, about_answer: int | None) -> int:
    """Return the answer that #send and #drop without a number mean.

    It is the one that the email was about: the author's own, or one that is not sent; else the only one of the author
    that is held. Raises AnswerError where none is held, or several are.
    """
    author = author.lower()
    about = answers.find(session, about_answer) if about_answer is not None else None
    if about is not None and about.ticket_id != ticket_id:
        about = None
    if about is not None and (about.state != AnswerState.SENT or about.author == author):
        return int(about.id)
    held = answers.held_of(session, ticket_id, author)
    if len(held) > 1:
        numbers = ", ".join(str(one) for one in reversed(held[:MAX_SHOWN]))
        raise AnswerError(
            f"Several of your answers are held on this ticket ({numbers}): write the number of one after the command."
        )
    if held:
        return held[0]
    if about is not None:
        return int(about.id)
    raise AnswerError("No answer of yours is held on this ticket.")


def find_numbered(session: Session, ticket_id: int, number: int) -> int:
    """Return the answer of a number; raises AnswerError where the ticket has none of this number."""
    answer = answers.find(session, number)
    if answer is None or answer.ticket_id != ticket_id:
        raise NoAnswerError(f"There is no answer {number}.")
    return number


def send_held(session: Session, answer_id: int, actor: Actor, policy: AnswerPolicy, now: datetime) -> AnswerResult:
    """Send a held answer, whatever held it; raises AnswerError for one that is not held."""
    held, ticket = _held(session, answer_id)
    newest = answers.newest_delivery(session, ticket.id)
    answers.settle(session, answer_id, AnswerState.SENT, now, after_delivery_id=newest)
    answers.set_role(session, held.message_id, MessageRole.ANSWER)
    conversation.put_in_force(session, ticket, answer_id, held.recipients, actor, policy, now)
    known = answers.parties(session, ticket.id, now)
    conversation.join(session, ticket.id, [one for one in held.recipients if one not in known], actor, now)
    offers = conversation.notify_about(session, answer_id, now)
    return AnswerResult(AnswerState.SENT, answer_id, recipients=tuple(held.recipients), offers=offers)


def drop(session: Session, answer_id: int, actor: Actor, now: datetime) -> AnswerResult:
    """Drop a held answer: nobody gets it; raises AnswerError for one that is not held."""
    _, ticket = _held(session, answer_id)
    answers.settle(session, answer_id, AnswerState.DROPPED, now)
    conversation.add_event(session, "answer dropped", ticket.id, actor, now, answer=answer_id)
    return AnswerResult(AnswerState.DROPPED, answer_id)


def _held(session: Session, answer_id: int) -> tuple[Row[Any], LockedTicket]:
    """Return a held answer and its ticket, locked."""
    answer, ticket = answers.find(session, answer_id), None
    # A merge or a split may have moved it while we waited for the lock.
    while answer is not None and (ticket is None or ticket.id != answer.ticket_id):
        ticket = answers.lock_ticket(session, answer.ticket_id)
        answer = answers.find(session, answer_id)
    if answer is None or ticket is None:
        raise NoAnswerError(f"There is no answer {answer_id}.")
    if answer.state != AnswerState.HELD:
        at = f" since {answer.settled_at:%Y-%m-%d %H:%M} UTC" if answer.settled_at else ""
        raise AnswerError(f"Answer {answer_id} is {answer.state}{at}; only a held answer can be sent or dropped.")
    return answer, ticket
