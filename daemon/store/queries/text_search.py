"""Find tickets by a phrase, without an index of words: such an index would cost more with every email than it saves."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.orm import Session

from daemon.store.models import MessageRow, Person, Ticket

# A search reads every text, so it covers only this many of the newest tickets or emails.
SEARCHED: Final = 20_000
# Tickets that are read at a time: a phrase that many have is found among the newest.
PARTS: Final = (500, 2_500)
ASCII_LETTERS: Final = re.compile(r"[a-z]{3,}", re.ASCII | re.IGNORECASE)
ADDRESS: Final = re.compile(r"[^\s@]+@[^\s@]+")


def conditions(session: Session, words: str, searched: int, below: int | None = None) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that find the tickets with a phrase, each older ones than the condition before.

    A ticket has it in its subject, reference, requester or emails. The `searched` newest tickets are looked at, and
    for a complete address all tickets of that person. With `below` only ids below it.
    """
    newest = session.execute(select(func.max(Ticket.id))).scalar_one() or 0
    bottom, top = max(newest - searched, 0), newest if below is None else min(newest, below - 1)
    for size in (*PARTS, searched):
        low = max(bottom, top - size)
        if low < top:
            yield _with_words(session, words, low, top)
        top = min(top, low)
    if top and ADDRESS.fullmatch(words):
        yield and_(Ticket.id <= top, of_requester(words))


def of_requester(address: str) -> ColumnElement[bool]:
    """Return the condition that a ticket is of the person with an address."""
    return Ticket.requester_id == select(Person.id).where(Person.email == address.lower()).scalar_subquery()


def _with_words(session: Session, words: str, low: int, top: int) -> ColumnElement[bool]:
    person = select(Person.email + "\n" + Person.name).where(Person.id == Ticket.requester_id).correlate(Ticket)
    # One text, which costs less than to try each; no phrase goes over the end of a line.
    itself = Ticket.subject + "\n" + Ticket.reference + "\n" + func.coalesce(person.scalar_subquery(), "")
    # Two reads along their keys, each short. An EXISTS for each ticket costs more, and PostgreSQL may answer it by
    # reading all emails of all times.
    by_itself: Select[int] = select(Ticket.id).where(
        Ticket.id > low, Ticket.id <= top, has_words(session, itself, words)
    )
    by_email: Select[int] = select(MessageRow.ticket_id).where(
        MessageRow.ticket_id > low, MessageRow.ticket_id <= top, has_words(session, MessageRow.text, words)
    )
    return Ticket.id.in_(union(by_itself, by_email))


def has_words(session: Session, column: Any, words: str) -> ColumnElement[bool]:  # noqa: ANN401 - any text
    """Return the condition that a text contains words, without regard to case.

    Databases fold ASCII quickly and other letters slowly or not at all, so those are tried in the usual forms.
    """
    if words.isascii():
        return _has(session, column, words)
    forms = sorted({words, words.lower(), words.upper(), words.capitalize()})
    found = or_(*(_has(session, column, form) for form in forms))
    longest = max(ASCII_LETTERS.findall(words), key=len, default="")
    # Nearly every text fails at its letters of ASCII, which are looked for once.
    return and_(_has(session, column, longest), found) if longest else found


def _has(session: Session, column: Any, form: str) -> ColumnElement[bool]:  # noqa: ANN401 - any text
    if session.get_bind().dialect.name == "sqlite":
        # LIKE of SQLite folds ASCII itself; lower() would copy each text.
        like: ColumnElement[bool] = column.contains(form, autoescape=True)
        return like
    folded: ColumnElement[bool] = column.collate("C").icontains(form, autoescape=True)
    return folded
