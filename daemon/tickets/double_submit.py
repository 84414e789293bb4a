"""Recognise what a person sends twice from the same page: by two clicks, or by going back and pressing again.

The ticket is locked first, so that the second of two requests at once sees what the first wrote.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import answers
from daemon.store.models import AnswerRow, Event, MessageRow
from daemon.tickets.answer_values import AnswerResult, NewAnswer
from daemon.tickets.conversation import NewNote
from daemon.vocabulary import AnswerState


def earlier_answer(session: Session, new: NewAnswer, loaded: datetime) -> AnswerResult | None:
    """Return what became of the same answer of the same author since their page was loaded."""
    answers.lock_ticket(session, new.ticket_id)
    row = session.execute(
        select(AnswerRow.id, AnswerRow.state, AnswerRow.reasons, AnswerRow.recipients)
        .where(AnswerRow.ticket_id == new.ticket_id, AnswerRow.created_at >= loaded)
        .where(AnswerRow.author == new.author, AnswerRow.text == new.text, AnswerRow.state != AnswerState.DROPPED)
        .order_by(AnswerRow.id.desc())
        .limit(1)
    ).one_or_none()
    return AnswerResult(AnswerState(row.state), row.id, tuple(row.reasons), tuple(row.recipients)) if row else None


def is_kept(session: Session, new: NewNote, loaded: datetime) -> bool:
    """Return whether the same note of the same author was kept since their page was loaded."""
    answers.lock_ticket(session, new.ticket_id)
    since = select(Event.data).where(Event.ticket_id == new.ticket_id, Event.kind == "note", Event.at >= loaded)
    notes = [data["message"] for data in session.execute(since).scalars() if data.get("actor") == new.actor.name]
    same = select(MessageRow.id).where(MessageRow.id.in_(notes), MessageRow.text == new.text).limit(1)
    return bool(notes) and session.execute(same).one_or_none() is not None
