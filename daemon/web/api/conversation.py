"""Answer the customer of a ticket, and keep internal notes on it."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from daemon.mail.address import canonical
from daemon.mail.reply.answer import from_text
from daemon.tickets import conversation
from daemon.tickets.access import Scope
from daemon.tickets.answer_values import AnswerError, NewAnswer
from daemon.tickets.conversation import NewNote
from daemon.tickets.conversation_policy import conversation_policy
from daemon.tickets.readers import READERS_AT_MOST, Addressed
from daemon.vocabulary import AnswerState
from daemon.web.api.new_ticket import LONGEST_TEXT, TEXT
from daemon.web.api.rows import Answer, TicketName, not_found, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.problems import Problem, ProblemError, documented, unavailable
from daemon.web.services import Services, WebServices

router = APIRouter(tags=["tickets"])
Writer = Annotated[Caller, requires(Scope.TICKETS_WRITE)]
T = TypeVar("T")

PROBLEMS = documented(
    *(Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT),
)


def _address(text: str) -> str:
    found = canonical(text)
    if found is None:
        raise ValueError("not an email address")
    return found.lower()


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT, pattern=TEXT)]
Copied = Annotated[str, StringConstraints(max_length=254), AfterValidator(_address)]


class NewReply(BaseModel):
    """An answer in plain text. Addresses in `cc` get it too, and take part in the ticket from now on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "Done, please try again."}, {"text": "Sent.", "cc": ["bob@example.com"]}]
        },
    )

    text: Text
    cc: list[Copied] = Field(default=[], max_length=READERS_AT_MOST)


class NoteText(BaseModel):
    """An internal note in plain text."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "The bank confirmed it."}]})

    text: Text


class AnswerView(Answer):
    """What became of an answer: sent to `recipients`, or held or returned, and then why."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [{"id": 3, "state": "sent", "reasons": [], "recipients": ["ana@example.com"]}],
        },
    )

    id: int
    state: AnswerState
    reasons: list[str]
    recipients: list[str]


@router.post("/tickets/{ticket}/reply", status_code=201, summary="Answer the customer", responses=PROBLEMS)
async def reply(ticket: TicketName, wanted: NewReply, services: Services, caller: Writer) -> AnswerView:
    """Send an answer to the customer, or hold it where another answer went out first or there are too many."""
    policy, now = conversation_policy(services.settings), services.clock.now()

    def write(session: Session, number: int) -> conversation.AnswerResult:
        cut = from_text(wanted.text)
        copied = Addressed(cc=tuple(wanted.cc))
        new = NewAnswer(number, caller.acting, cut.text, cut.html, now, addressed=copied)
        return conversation.reply(session, new, policy, now)

    done = await _written(services, ticket, write)
    services.wake(done.offers)
    return AnswerView(id=done.answer_id, state=done.state, reasons=list(done.reasons), recipients=list(done.recipients))


@router.post("/tickets/{ticket}/notes", status_code=204, summary="Add a note", responses=PROBLEMS)
async def note(ticket: TicketName, wanted: NoteText, services: Services, caller: Writer) -> None:
    """Keep an internal note and show it to the team; no customer gets it."""
    now = services.clock.now()
    offers = await _written(
        services,
        ticket,
        lambda session, number: conversation.note(session, NewNote(number, caller.acting, wanted.text), now),
    )
    services.wake(offers)


async def _written(services: WebServices, ticket: str, write: Callable[[Session, int], T]) -> T:
    """Write on the ticket that a path names; raises ProblemError."""
    if not services.has_room():
        raise unavailable("the disk of the server is nearly full", 60)

    def work() -> T:
        with services.store.read() as session:
            number = ticket_id(session, ticket, services.settings.support.reference_prefix)
        return services.store.write(lambda session: write(session, number))

    try:
        return await services.run(work)
    except LookupError:
        raise not_found(f"ticket {ticket}") from None
    except AnswerError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
