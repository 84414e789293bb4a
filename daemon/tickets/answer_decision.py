"""Decide whether an answer is sent, held or returned, from facts that the use case loaded. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.tickets.readers import MAX_READERS, Readers
from daemon.vocabulary import AnswerState, ReturnCause

# Characters of the text or of its HTML. With the quote and the names of files, an email may have 512 Ki.
LONGEST_ANSWER: Final = 300_000
DIRECT: Final = "written to the customer directly; not sent again"


@dataclass(frozen=True, slots=True)
class EarlierSent:
    """An answer of somebody else: when it was sent, and the newest delivery about the ticket at that time."""

    id: int
    sent_at: datetime
    after_delivery_id: int


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What the decision depends on.

    `length` is that of the text or of its HTML, whatever is longer. `internal` names what of ours is left in the
    answer, `omitted` what was left out. `answers_delivery` is the email of ours that its author answers, if known, and
    `about_answer` the answer that this email was about. `others` are what others sent, the newest first. `is_repeated`
    says that the author sent the same words and files within a day, and since the customer wrote last. `sent` counts
    the answers on the ticket within an hour, `allowed` is their limit. `quotes_customer` says that words of a customer
    stand between those of the author.
    """

    is_empty: bool
    length: int
    readers: Readers
    internal: tuple[str, ...]
    omitted: tuple[str, ...]
    written_at: datetime
    answers_delivery: int | None
    about_answer: int | None
    others: Sequence[EarlierSent]
    is_repeated: bool
    sent: int
    allowed: int
    quotes_customer: bool = False


@dataclass(frozen=True, slots=True)
class AnswerDecision:
    """What becomes of an answer, and why. `before` is the answer of somebody else because of which it is held."""

    state: AnswerState
    reasons: tuple[str, ...] = ()
    before: int | None = None


def decide(facts: AnswerFacts) -> AnswerDecision:
    """Return what becomes of an answer: first what its author must mend, then what they may send anyway."""
    if facts.readers.direct:
        return AnswerDecision(AnswerState.SENT, (DIRECT, *facts.omitted))
    return _unsendable(facts) or _held(facts) or AnswerDecision(AnswerState.SENT, facts.omitted)


def _unsendable(facts: AnswerFacts) -> AnswerDecision | None:
    # Members merged the tickets one by one: their customers are no mistake.
    number = len(facts.readers.recipients) - len(facts.readers.strangers)
    if facts.is_empty:
        return AnswerDecision(AnswerState.RETURNED, (ReturnCause.EMPTY, *facts.internal, *facts.omitted))
    if facts.length > LONGEST_ANSWER:
        why = f"with its formatting it has {facts.length} characters; {LONGEST_ANSWER} are allowed"
        return AnswerDecision(AnswerState.RETURNED, (ReturnCause.TOO_LONG, why))
    if not facts.readers.recipients:
        return AnswerDecision(AnswerState.RETURNED, (ReturnCause.NO_READER,))
    if number > MAX_READERS:
        why = f"It is addressed to {number} people; {MAX_READERS} are allowed."
        return AnswerDecision(AnswerState.RETURNED, (ReturnCause.REFUSED, why))
    return None


def _held(facts: AnswerFacts) -> AnswerDecision | None:
    if facts.internal:
        return AnswerDecision(AnswerState.HELD, (ReturnCause.INTERNAL_TEXT, *facts.internal, *facts.omitted))
    before = answered_meanwhile(facts)
    if before is not None:
        return AnswerDecision(AnswerState.HELD, (ReturnCause.ANSWERED_MEANWHILE, *facts.omitted), before)
    if (cause := _misaddressed(facts)) is not None:
        return AnswerDecision(AnswerState.HELD, (cause, *facts.omitted))
    if facts.is_repeated:
        return AnswerDecision(AnswerState.HELD, (ReturnCause.SENT_ALREADY, *facts.omitted))
    if facts.sent >= facts.allowed:
        why = f"{facts.sent} answers within an hour, {facts.allowed} allowed"
        return AnswerDecision(AnswerState.HELD, (ReturnCause.TOO_MANY, why, *facts.omitted))
    return None


def _misaddressed(facts: AnswerFacts) -> ReturnCause | None:
    """Return why an answer may not be for all who would get it, None where nothing shows that."""
    if facts.readers.elsewhere:
        return ReturnCause.COPIED_TO_US
    if facts.readers.forwarded:
        return ReturnCause.FORWARDED
    return ReturnCause.QUOTES_CUSTOMER if facts.quotes_customer and facts.readers.strangers else None


def answered_meanwhile(facts: AnswerFacts) -> int | None:
    """Return the newest answer of somebody else that the author did not know of when they wrote.

    Where the email is known that they answered, ids are compared and no clocks: they did not know of an answer that was
    sent after that email was planned.
    """
    for other in facts.others:
        if facts.answers_delivery is None:
            unknown = other.sent_at >= facts.written_at
        else:
            unknown = other.id != facts.about_answer and facts.answers_delivery <= other.after_delivery_id
        if unknown:
            return other.id
    return None
