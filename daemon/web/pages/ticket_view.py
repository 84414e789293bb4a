"""Read what the page of a ticket shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from daemon.mail.reply.split import Reply, split
from daemon.store.queries import inbox
from daemon.store.queries.inbox import HeldAnswer
from daemon.store.queries.ticket_detail import Copied, TicketDetail, ticket_detail
from daemon.store.queries.timeline import TimelineEntry, emails_of, timeline
from daemon.vocabulary import BY_PEOPLE, DecidedBy, MessageRole
from daemon.web.pages.marking import Pieces, deciding_words, folded, marked

# A row of a table, whose type HTTP does not know.
Row = Any
LONGEST_TEXT: Final = 100_000
LONGEST_HISTORY: Final = 30


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation: who wrote it, what is new in pieces (text, marked), and what is folded.

    Of a long text, `head` is shown and `rest` is folded too. `copied` are others whom its author named in To and Cc.
    `html` says that its email can be shown as the sender formatted it.
    """

    row: Row
    author: str
    name: str
    role: str
    state: str
    pieces: Pieces
    head: Pieces
    rest: Pieces
    reply: Reply
    files: tuple[Row, ...]
    copied: Copied
    html: bool


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Everything on the page of a ticket.

    `suggested` is the decision of triage that a person may confirm, None where a person chose the category. `history`
    is what happened, with its time and actor, the newest entries.
    """

    detail: TicketDetail
    messages: tuple[Said, ...]
    held: tuple[HeldAnswer, ...]
    decision: Row
    suggested: Row
    words: tuple[str, ...]
    history: tuple[tuple[datetime, str, str], ...]


def load(session: Session, ticket_id: int, review_team: str, before: int | None = None) -> TicketPage | None:
    """Return the page of a ticket, None where there is none; with `before`, with the messages before that one."""
    detail = ticket_detail(session, ticket_id, before)
    if detail is None:
        return None
    # A person's decision has no words of the text: those of the decision before it explain what was suggested.
    automatic = [one for one in detail.decisions if deciding_words(one.reasons)]
    words = deciding_words(automatic[-1].reasons) if automatic else []
    answers = inbox.authors_of_answers(session, [row.id for row in detail.messages])
    opening = detail.messages[0].id if detail.messages and not detail.has_earlier else 0
    html = inbox.with_html(session, [row.inbound_id for row in detail.messages if row.inbound_id])
    said = tuple(_said(detail, row, answers, words if row.id == opening else [], html) for row in detail.messages)
    held = tuple(inbox.held_answers(session, ticket_id))
    decision = detail.decisions[-1] if detail.decisions else None
    return TicketPage(
        detail, said, held, decision, _suggested(detail.decisions, review_team), tuple(words), _history(detail)
    )


def _suggested(decisions: Sequence[Row], review_team: str) -> Row | None:
    """Return what triage decided, None where a person chose the category and nobody asked for a review since then."""
    automatic = shown = None
    for one in decisions:
        if one.by not in BY_PEOPLE:
            automatic = shown = one
        elif one.by == DecidedBy.PERSON:
            shown = None
        elif one.team == review_team:
            shown = automatic
    return shown


def _history(detail: TicketDetail) -> tuple[tuple[datetime, str, str], ...]:
    """Return what happened to a ticket: its opening, decisions of triage, and events."""
    found = [(detail.ticket.created_at, "opened", "")]
    # Decisions of people are events as well.
    automatic = (one for one in detail.decisions if one.by not in BY_PEOPLE)
    found += [(one.at, f"triaged: {one.category}, to {one.team}", "") for one in automatic]
    found += [(event.at, event.kind, str(event.data.get("actor") or "")) for event in detail.events]
    return tuple(sorted(found, key=lambda entry: entry[0])[-LONGEST_HISTORY:])


def trace(session: Session, ticket_id: int) -> list[TimelineEntry]:
    """Return the way of every email of a ticket."""
    return timeline(session, emails_of(session, ticket_id))


def _said(
    detail: TicketDetail, row: Row, answers: dict[int, tuple[str, str]], words: list[str], html: set[int]
) -> Said:
    person = detail.authors.get(row.person_id or 0)
    writer = detail.writers.get(row.id) or (person.email if person else "")
    author, state = answers.get(row.id, (writer, ""))
    # Of what we wrote ourselves, nothing is folded.
    ours = row.role in {MessageRole.ANSWER, MessageRole.NOTE} and row.inbound_id is None
    text = row.text[:LONGEST_TEXT]
    reply = Reply(text, "", "", inline=False) if ours else split(text)
    files = tuple(one for one in detail.attachments if one.message_id == row.id)
    name = person.name if person else ""
    copied = detail.copied.get(row.inbound_id or 0, Copied())
    pieces = tuple(marked(reply.new, words))
    head, rest = folded(pieces)
    return Said(
        row=row,
        author=author,
        name=name,
        role=row.role,
        state=state,
        pieces=pieces,
        head=head,
        rest=rest,
        reply=reply,
        files=files,
        copied=copied,
        html=row.inbound_id in html,
    )
