"""Answer the customer of a ticket, and keep internal notes on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from daemon.mail.address import canonical
from daemon.mail.reply.answer import from_text
from daemon.store import answers
from daemon.store.idempotency import EarlierRequest, RequestKey
from daemon.tickets import conversation
from daemon.tickets.access import Scope
from daemon.tickets.answer_policy import answer_policy
from daemon.tickets.answer_values import UNREAD, AnswerError, AnswerResult, NewAnswer
from daemon.tickets.conversation import NewNote
from daemon.tickets.idempotency import fingerprint_of, key_of, write_once
from daemon.tickets.readers import MAX_READERS, Addressed
from daemon.web.api.answers import AnswerView
from daemon.web.api.new_ticket import LONGEST_TEXT
from daemon.web.api.rows import TicketName, not_found, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.idempotency import REPLAYED, Key, replayed
from daemon.web.parameters import operations
from daemon.web.problems import Problem, ProblemError, documented, unavailable
from daemon.web.services import Services, WebServices
from daemon.web.validation import TEXT

router = operations("tickets")
Writer = Annotated[Caller, requires(Scope.TICKETS_WRITE)]
T = TypeVar("T")

PROBLEMS = documented(
    *(Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT, Problem.KEY_REUSED),
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
    cc: list[Copied] = Field(default=[], max_length=MAX_READERS)


class NoteText(BaseModel):
    """An internal note in plain text."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": "The bank confirmed it."}]})

    text: Text


@router.post(
    "/tickets/{ticket}/reply",
    status_code=201,
    summary="Answer the customer",
    responses={201: {"headers": REPLAYED}, **PROBLEMS},
)
async def reply(
    ticket: TicketName,
    wanted: NewReply,
    response: Response,
    services: Services,
    caller: Writer,
    idempotency_key: Key = None,
) -> AnswerView:
    """Send an answer to the customer, or hold it where another answer went out first or there are too many."""
    policy, now = answer_policy(services.settings), services.clock.now()

    def write(session: Session, number: int) -> AnswerResult:
        cut = from_text(wanted.text)
        copied = Addressed(cc=tuple(wanted.cc))
        new = NewAnswer(number, caller.acting, cut.text, cut.html, now - UNREAD, addressed=copied)
        return conversation.reply(session, new, policy, now)

    asked = _Asked(ticket, caller, idempotency_key, ("reply", wanted.text, *wanted.cc))
    done, key = await _written(services, asked, write, lambda result: result.answer_id)
    if isinstance(done, EarlierRequest):
        replayed(response, done, key)
        return await services.run(lambda: _answer(services, done.answer_id or 0))
    services.wake(done.offers)
    return AnswerView.of_result(done)


def _answer(services: WebServices, answer_id: int) -> AnswerView:
    """Return what became of an answer by now; raises LookupError."""
    with services.store.read() as session:
        row = answers.find(session, answer_id)
    if row is None:
        raise LookupError(answer_id)
    return AnswerView.of(row)


@router.post(
    "/tickets/{ticket}/notes",
    status_code=204,
    summary="Add a note",
    responses={204: {"headers": REPLAYED}, **PROBLEMS},
)
async def note(
    ticket: TicketName,
    wanted: NoteText,
    response: Response,
    services: Services,
    caller: Writer,
    idempotency_key: Key = None,
) -> None:
    """Keep an internal note and show it to the team; no customer gets it."""
    now = services.clock.now()
    done, key = await _written(
        services,
        _Asked(ticket, caller, idempotency_key, ("note", wanted.text)),
        lambda session, number: conversation.note(session, NewNote(number, caller.acting, wanted.text), now),
        lambda _: None,
    )
    if isinstance(done, EarlierRequest):
        replayed(response, done, key)
    else:
        services.wake(done)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request to write on the ticket that a path names; `parts` are what tells it apart from others."""

    ticket: str
    caller: Caller
    key: str | None
    parts: tuple[str, ...]

    def key_for(self, ticket_id: int) -> RequestKey | None:
        if self.key is None:
            return None
        return key_of(self.caller.token.id, self.key, fingerprint_of(ticket_id, *self.parts))


async def _written(
    services: WebServices,
    asked: _Asked,
    write: Callable[[Session, int], T],
    answer_of: Callable[[T], int | None],
) -> tuple[T | EarlierRequest, RequestKey | None]:
    """Write on a ticket, once under the key of the request; raises ProblemError."""
    if not services.has_room():
        raise unavailable("the disk of the server is nearly full", 60)
    now = services.clock.now()

    def work() -> tuple[T | EarlierRequest, RequestKey | None]:
        with services.store.read() as session:
            number = ticket_id(session, asked.ticket, services.settings.support.reference_prefix)
        key = asked.key_for(number)
        return write_once(services.store, key, number, now, lambda session: write(session, number), answer_of), key

    try:
        return await services.run(work)
    except LookupError:
        raise not_found(f"ticket {asked.ticket}") from None
    except AnswerError as error:
        raise ProblemError(Problem.CONFLICT, str(error)) from None
