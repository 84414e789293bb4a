"""The enums and values that all parts of triaged share."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

PENDING: Final = "PENDING"
MANUAL_REVIEW: Final = "MANUAL_REVIEW"
# The reasons of emails that a limit suppressed begin with this.
LIMIT_REACHED: Final = "limit reached"
# The kind of the event that keeps a sentence for the team about an email.
NOTE_FOR_TEAM: Final = "note for the team"
# The kind of the event that names whom a customer copied on an email.
OTHERS_COPIED: Final = "others copied"
AUTHORIZED: Final = "member authorized"
# The first result of our own check of a sender whom the DNS said nothing about; emails to members explain it.
NO_DNS_ANSWER: Final = "not checked: DNS did not answer"
# Said in that event of the lead, who is in no team.
CORRECTS_ONLY: Final = "corrects_only"
OF_FORMER_TEAM: Final = "of_former_team"


class Status(StrEnum):
    """The status of a ticket. WAITING means waiting for the customer."""

    OPEN = "OPEN"
    WAITING = "WAITING"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    SPAM = "SPAM"


class Priority(StrEnum):
    """The priority of a ticket. PENDING until triage has decided."""

    PENDING = "PENDING"
    URGENT = "Urgent"
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class SenderKind(StrEnum):
    """The kind of sender of an email."""

    PERSON = "person"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    LIST = "list"
    OWN = "own"


class MailKind(StrEnum):
    """The kind of an outgoing email.

    ANSWER is what a team member wrote to a customer; ANSWERED tells the rest of the team of it; RETURNED goes back to
    its author, because it was not or not wholly carried out. SIGN_IN brings a link to the pages. QUESTIONS asks the
    lead about tickets, once a day; like the emails to the admin, it has no delivery row.
    """

    ACKNOWLEDGEMENT = "acknowledgement"
    NOTIFICATION = "notification"
    FOLLOW_UP = "follow-up"
    DIGEST = "digest"
    ANSWER = "answer"
    ANSWERED = "answered"
    RETURNED = "returned"
    SIGN_IN = "sign-in"
    QUESTIONS = "questions"


class MessageRole(StrEnum):
    """What a message of a ticket is: from a customer, our answer to one, an internal note, or from an outsider.

    An outsider holds a token of the team without being a member: the message is kept and shown, and never obeyed.
    """

    CUSTOMER = "customer"
    ANSWER = "answer"
    NOTE = "note"
    OUTSIDE = "outside"


class Authentication(StrEnum):
    """What proves, beside a token of the team, that a member wrote an email.

    DMARC: a trusted server found that the domain of From is genuine. SUBMISSION: the client logged in as the address in
    From. TOKEN: nothing more.
    """

    DMARC = "dmarc"
    SUBMISSION = "submission"
    TOKEN = "token"  # noqa: S105 - not a secret


class AnswerState(StrEnum):
    """What became of an answer.

    SENT: it was sent or has its deliveries. HELD: it waits for its author to send or drop it. RETURNED: its author got
    it back. DROPPED: its author dropped it.
    """

    SENT = "sent"
    HELD = "held"
    RETURNED = "returned"
    DROPPED = "dropped"


class ReturnCause(StrEnum):
    """Why an answer was held or returned: the first of its reasons."""

    ANSWERED_MEANWHILE = "somebody else answered meanwhile"
    INTERNAL_TEXT = "internal text is left in it"
    COPIED_TO_US = "it is addressed to somebody else, and to us only as a copy"
    FORWARDED = "it is a forward that names others too"
    QUOTES_CUSTOMER = "it quotes one of several customers"
    SENT_ALREADY = "its author sent the same words already"
    TOO_MANY = "too many answers on this ticket"
    EMPTY = "no text"
    NO_READER = "nobody to send it to"
    WRONG_COMMAND = "wrong command"
    REFUSED = "cannot be done"
    HELP = "help"
    NOT_PROCESSED = "could not be processed"
    NOT_AUTHENTICATED = "sender not authenticated"
    UNCLEAR_TICKET = "not clear which ticket is meant"
    TOO_LONG = "too long"
    CORRECTS_ONLY = "its author may only correct triage"
    EXPIRED = "the token has expired"
    ENCRYPTED = "encrypted"


class Disposition(StrEnum):
    """The state in which every received email ends. CHECKING is the only one that passes: its sender is checked."""

    TICKET = "ticket"
    FOLLOW_UP = "follow-up"
    ANSWER = "answer"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    LIST = "list"
    OWN = "own"
    DUPLICATE = "duplicate"
    PARKED = "parked"
    CHECKING = "checking"


# Emails of machines: kept, never answered, and no ticket unless a person releases them.
SCREENED_OUT: Final = (Disposition.AUTO_REPLY, Disposition.BOUNCE, Disposition.LIST, Disposition.OWN)


class DecidedBy(StrEnum):
    """Who or what made a decision.

    FALLBACK means that triage failed and left the ticket to a person, ASSIGNMENT that a person changed the team only.
    """

    RULE = "rule"
    MODEL = "model"
    FALLBACK = "fallback"
    PERSON = "person"
    ASSIGNMENT = "assignment"


BY_PEOPLE: Final = (DecidedBy.PERSON, DecidedBy.ASSIGNMENT)


class SubjectKind(StrEnum):
    """The kind of row that a job or a delivery is about."""

    TICKET = "ticket"
    MESSAGE = "message"
    DECISION = "decision"
    DELIVERY = "delivery"
    ANSWER = "answer"
    EVENT = "event"
    SIGN_IN = "sign-in"
    INBOUND = "inbound"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """The row that a job or a delivery is about, written "ticket:7"."""

    kind: SubjectKind
    id: int

    def __str__(self) -> str:
        """Return the text that is stored and shown."""
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Subject":
        """Parse the stored text; raises ValueError for any other."""
        kind, _, number = text.partition(":")
        return cls(SubjectKind(kind), int(number))


@dataclass(frozen=True, slots=True)
class EarlierDelivery:
    """An earlier ledger row of the same email."""

    id: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class SenderCheck:
    """Result of our own check of a sender: `verified` if the domain in From is proved to be genuine.

    `results` are short strings, the most important first, such as "dmarc=pass (shop.example, dkim)".
    """

    verified: bool
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Screening:
    """Who wrote an email (person or machine), whether it may be acknowledged, and why.

    `reasons` are short sentences that name the evidence, such as "Auto-Submitted: auto-replied".
    """

    kind: SenderKind
    acknowledge: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConversationPolicy:
    """What the admin decided on conversations.

    `authentication` is demanded of members. The status of a ticket is `after_customer` after an email of its customer
    where it waited or was resolved, and `after_answer` after an answer. A reply with a new subject joins a ticket for
    `reopen_for` after its last change.
    """

    authentication: Authentication
    after_customer: Status
    after_answer: Status
    reopen_for: timedelta


@dataclass(frozen=True, slots=True)
class Triage:
    """A decision on a ticket, with its reasons.

    `confidence` is calibrated, 0.0 to 1.0; a rule decides with 1.0. `alternatives` are the likeliest categories
    with their probabilities, best first. `rule` names the rule that decided, `model` the version of the model that was
    asked. `audit` marks an automatically routed ticket that a person should check.
    """

    category: str
    priority: Priority
    confidence: float
    team: str
    reasons: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...] = ()
    rule: str | None = None
    model: str | None = None
    audit: bool = False
