"""What belongs to a ticket: its messages, decisions, similar tickets, events and the trace of its emails."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import Request, Response
from pydantic import ConfigDict

from daemon.mail.reply.split import new_text
from daemon.snapshots import SimilarTicket
from daemon.store.queries.ticket_detail import Copied, TicketDetail, ticket_detail
from daemon.store.queries.timeline import TimelineEntry, emails_of, timeline
from daemon.tickets.access import Scope
from daemon.web.api.rows import TICKET_EXAMPLE, Answer, DecisionView, TicketName, not_found, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.pagination import LINK, Cursor, decode_id, encode, link_next
from daemon.web.parameters import operations
from daemon.web.problems import Problem, documented
from daemon.web.services import Services, WebServices

router = operations("tickets")
Reader = Annotated[Caller, requires(Scope.TICKETS_READ)]
T = TypeVar("T")

TRACE_EXAMPLE: Final[dict[str, Any]] = {
    "at": "2026-11-28T09:00:00Z",
    "subject": "inbound:7",
    "state": "ticket",
    "text": "412 bytes by http from 127.0.0.1, ana@example.com to support@example.com",
    "reasons": ["HTTP request"],
}


class AttachmentView(Answer):
    """A file of a message; `id` names it in the path of its content."""

    id: int
    filename: str
    content_type: str
    size: int
    inline: bool


class MessageView(Answer):
    """A message of a ticket: `reply` is what is new in it, `text` all of it. `mail` is its id in the ledger.

    `author` is the address of the sender, or the name of a token. `answer` is the id of an answer of the team, and
    `state` what became of it: sent, held, returned or dropped. `authentication` are the results of our own check of the
    sender, the most important first; empty without one. `copied` are others in To and Cc, at most 20 of them.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 7,
                    "mail": 7,
                    "role": "customer",
                    "kind": "person",
                    "author": "ana@example.com",
                    "answer": None,
                    "state": None,
                    "email": "ana@example.com",
                    "name": "Ana",
                    "verified": False,
                    "authentication": ["dmarc=fail (example.com, policy reject)"],
                    "copied": ["bob@example.com"],
                    "created_at": "2026-11-28T09:00:00Z",
                    "title": "Payment failed",
                    "reply": "Amount debited but not credited",
                    "text": "Amount debited but not credited",
                    "attachments": [
                        {
                            "id": 3,
                            "filename": "bill.pdf",
                            "content_type": "application/pdf",
                            "size": 12,
                            "inline": False,
                        }
                    ],
                }
            ]
        },
    )

    id: int
    mail: int | None
    role: str
    kind: str
    author: str | None
    answer: int | None
    state: str | None
    email: str | None
    name: str
    verified: bool
    authentication: list[str]
    copied: list[str]
    created_at: datetime
    title: str
    reply: str
    text: str
    attachments: list[AttachmentView]


class Messages(Answer):
    """The messages of a ticket, the oldest first."""

    messages: list[MessageView]


class Decisions(Answer):
    """The decisions on a ticket, the oldest first; the last one is in force."""

    model_config = ConfigDict(
        frozen=True, json_schema_extra={"examples": [{"decisions": [TICKET_EXAMPLE["decision"]]}]}
    )

    decisions: list[DecisionView]


class SimilarView(Answer):
    """An earlier ticket of the same team: who answered it first and after how many seconds, null where nobody did."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "reference": "HD-5H8N-WR2Q",
                    "title": "Paid, but the order is open",
                    "status": "RESOLVED",
                    "category": "Payments",
                    "answered_by": "Ana",
                    "answered_after": 7300,
                }
            ]
        },
    )

    reference: str
    title: str
    status: str
    category: str
    answered_by: str | None
    answered_after: int | None

    @classmethod
    def of(cls, one: SimilarTicket) -> "SimilarView":
        """Return the view of a similar ticket."""
        return cls(
            reference=one.reference,
            title=one.subject,
            status=one.status,
            category=one.category,
            answered_by=one.answered_by or None,
            answered_after=one.seconds,
        )


class SimilarTickets(Answer):
    """Earlier tickets that are similar, the most similar first; at most three."""

    similar: list[SimilarView]


class EventView(Answer):
    """What happened and no other list shows; `data` depends on the kind."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {"id": 3, "at": "2026-11-28T09:05:00Z", "kind": "closed", "data": {"actor": "http:shop", "was": "OPEN"}}
            ]
        },
    )

    id: int
    at: datetime
    kind: str
    data: dict[str, Any]


class Events(Answer):
    """The events of a ticket, the oldest first."""

    events: list[EventView]


class TraceStep(Answer):
    """One step of an email: its time, its row, the present state of the row, and a sentence."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [TRACE_EXAMPLE]})

    at: datetime
    subject: str
    state: str
    text: str
    reasons: list[str]

    @classmethod
    def of(cls, entry: TimelineEntry) -> "TraceStep":
        """Return the view of a step."""
        return cls(at=entry.at, subject=entry.subject, state=entry.state, text=entry.text, reasons=list(entry.reasons))


class Trace(Answer):
    """The way of emails from receipt to the last notification, in order of time."""

    steps: list[TraceStep]


@router.get(
    "/tickets/{ticket}/messages",
    summary="List the messages of a ticket",
    responses={200: {"headers": LINK}, **documented(Problem.NOT_FOUND)},
)
async def list_messages(
    request: Request,
    response: Response,
    ticket: TicketName,
    services: Services,
    _caller: Reader,
    cursor: Cursor = None,
) -> Messages:
    """List the newest 500 messages of a ticket with their texts, the oldest first; Link leads to those before."""

    def view(found: TicketDetail) -> tuple[Messages, str | None]:
        following = encode(None, found.messages[0].id) if found.has_earlier else None
        return Messages(messages=[_message(found, m) for m in found.messages]), following

    messages, following = await _of_ticket(services, ticket, view, decode_id(cursor))
    link_next(request, response, following)
    return messages


@router.get(
    "/tickets/{ticket}/decisions", summary="List the decisions on a ticket", responses=documented(Problem.NOT_FOUND)
)
async def list_decisions(ticket: TicketName, services: Services, _caller: Reader) -> Decisions:
    """List all decisions on a ticket with their reasons, the oldest first."""
    return await _of_ticket(
        services, ticket, lambda found: Decisions(decisions=[DecisionView.of(d) for d in found.decisions])
    )


@router.get(
    "/tickets/{ticket}/similar", summary="List similar earlier tickets", responses=documented(Problem.NOT_FOUND)
)
async def list_similar(ticket: TicketName, services: Services, _caller: Reader) -> SimilarTickets:
    """List up to three earlier tickets of the team that has the ticket; none without `triage.semantic`."""
    return await _of_ticket(
        services, ticket, lambda found: SimilarTickets(similar=[SimilarView.of(one) for one in found.similar])
    )


@router.get("/tickets/{ticket}/events", summary="List the events of a ticket", responses=documented(Problem.NOT_FOUND))
async def list_events(ticket: TicketName, services: Services, _caller: Reader) -> Events:
    """List what people and programs did to a ticket, the oldest first."""
    return await _of_ticket(
        services,
        ticket,
        lambda found: Events(events=[EventView(id=e.id, at=e.at, kind=e.kind, data=e.data) for e in found.events]),
    )


@router.get("/tickets/{ticket}/trace", summary="Trace the emails of a ticket", responses=documented(Problem.NOT_FOUND))
async def trace_ticket(ticket: TicketName, services: Services, _caller: Reader) -> Trace:
    """Show the way of every email of a ticket, from receipt to the last notification."""

    def read() -> Trace:
        with services.store.read() as session:
            number = ticket_id(session, ticket, services.settings.support.reference_prefix)
            emails = emails_of(session, number)
            if not emails:
                raise not_found(f"ticket {ticket}")
            return Trace(steps=[TraceStep.of(entry) for entry in timeline(session, emails)])

    return await services.run(read)


async def _of_ticket(
    services: WebServices, ticket: str, view: Callable[[TicketDetail], T], before: int | None = None
) -> T:
    def read() -> T:
        with services.store.read() as session:
            number = ticket_id(session, ticket, services.settings.support.reference_prefix)
            found = ticket_detail(session, number, before)
            if found is None:
                raise not_found(f"ticket {ticket}")
            return view(found)

    return await services.run(read)


def _message(found: TicketDetail, row: Any) -> MessageView:  # noqa: ANN401 - a message row, whose type HTTP does not know
    author = found.authors.get(row.person_id or 0)
    files = [a for a in found.attachments if a.message_id == row.id]
    answer = next((a for a in found.answers if a.message_id == row.id), None)
    return MessageView(
        id=row.id,
        mail=row.inbound_id,
        role=row.role,
        kind=row.kind,
        author=found.writers.get(row.id) or (author.email if author else None),
        answer=answer.id if answer else None,
        state=answer.state if answer else None,
        email=author.email if author else None,
        name=author.name if author else "",
        verified=row.verified,
        authentication=row.authentication or [],
        copied=list(found.copied.get(row.inbound_id or 0, Copied()).people),
        created_at=row.created_at,
        title=row.subject,
        reply=new_text(row.text),
        text=row.text,
        attachments=[
            AttachmentView(id=a.id, filename=a.filename, content_type=a.content_type, size=a.size, inline=a.inline)
            for a in files
        ],
    )
