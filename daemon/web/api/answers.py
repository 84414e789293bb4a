"""The answers of a ticket: list them with what became of each, send or drop one that is held."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict
from sqlalchemy.orm import Session

from daemon.store import answers
from daemon.store.queries.ticket_detail import reference_or_none
from daemon.tickets import changes, held_answers
from daemon.tickets.access import Scope
from daemon.tickets.answer_policy import answer_policy
from daemon.tickets.answer_values import AnswerResult
from daemon.vocabulary import AnswerState
from daemon.web.api.conditional import WRITE_PROBLEMS, IfMatch, matcher, write_on
from daemon.web.api.rows import Answer, RowId, TicketName, not_found, ticket_id
from daemon.web.auth import Caller, requires
from daemon.web.parameters import operations
from daemon.web.problems import Problem, documented
from daemon.web.services import Services, WebServices

router = operations("tickets")
Reader = Annotated[Caller, requires(Scope.TICKETS_READ)]
Writer = Annotated[Caller, requires(Scope.TICKETS_WRITE)]
Decide = Callable[[Session, datetime], AnswerResult]

EXAMPLE: Final[dict[str, Any]] = {"id": 3, "state": "sent", "reasons": [], "recipients": ["ana@example.com"]}


class AnswerView(Answer):
    """What became of an answer: sent to `recipients`, or held, returned or dropped, and then why."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [EXAMPLE]})

    id: int
    state: AnswerState
    reasons: list[str]
    recipients: list[str]

    @classmethod
    def of(cls, row: Any) -> Self:  # noqa: ANN401 - an answer row, whose type HTTP does not know
        """Return the view of an answer."""
        return cls(id=row.id, state=row.state, reasons=row.reasons, recipients=row.recipients)

    @classmethod
    def of_result(cls, done: AnswerResult) -> Self:
        """Return the view of an answer that was just decided about."""
        return cls(id=done.answer_id, state=done.state, reasons=list(done.reasons), recipients=list(done.recipients))


class Answers(Answer):
    """The answers of a ticket, the oldest first; `answer` of a message names its answer."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [{"answers": [EXAMPLE]}]})

    answers: list[AnswerView]


@router.get(
    "/tickets/{ticket}/answers", summary="List the answers of a ticket", responses=documented(Problem.NOT_FOUND)
)
async def list_answers(ticket: TicketName, services: Services, _caller: Reader) -> Answers:
    """List the answers of a ticket with their states and reasons, the oldest first; the messages have their texts."""

    def read() -> Answers:
        with services.store.read() as session:
            number = ticket_id(session, ticket, services.settings.support.reference_prefix)
            rows = answers.of_ticket(session, number)
            if not rows and reference_or_none(session, number) is None:
                raise not_found(f"ticket {ticket}")
            return Answers(answers=[AnswerView.of(row) for row in rows])

    return await services.run(read)


@router.post("/tickets/{ticket}/answers/{answer}/send", summary="Send a held answer", responses=WRITE_PROBLEMS)
async def send(
    ticket: TicketName, answer: RowId, services: Services, caller: Writer, if_match: IfMatch = None
) -> AnswerView:
    """Send an answer that is held, whatever held it."""
    policy = answer_policy(services.settings)

    def decide(session: Session, now: datetime) -> AnswerResult:
        return held_answers.send_held(session, answer, caller.acting, policy, now)

    return await services.run(lambda: _decided(services, ticket, answer, if_match, decide))


@router.post("/tickets/{ticket}/answers/{answer}/drop", summary="Drop a held answer", responses=WRITE_PROBLEMS)
async def drop(
    ticket: TicketName, answer: RowId, services: Services, caller: Writer, if_match: IfMatch = None
) -> AnswerView:
    """Drop an answer that is held: nobody gets it."""

    def decide(session: Session, now: datetime) -> AnswerResult:
        return held_answers.drop(session, answer, caller.acting, now)

    return await services.run(lambda: _decided(services, ticket, answer, if_match, decide))


def _decided(services: WebServices, ticket: str, answer: int, if_match: str | None, decide: Decide) -> AnswerView:
    now, matches = services.clock.now(), matcher(if_match)

    def write(session: Session, number: int) -> AnswerResult:
        changes.lock_version(session, number, matches)
        row = answers.find(session, answer)
        if row is None or row.ticket_id != number:
            raise not_found(f"answer {answer} on ticket {ticket}")
        return decide(session, now)

    done = write_on(services, ticket, write)
    services.wake(done.offers)
    return AnswerView.of_result(done)
