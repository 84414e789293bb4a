"""The enums and values that all parts of triaged share."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

PENDING: Final = "PENDING"
MANUAL_REVIEW: Final = "MANUAL_REVIEW"
# How the reasons begin of emails that a limit suppressed.
LIMIT_REACHED: Final = "limit reached"
# The kind of the event that keeps a sentence for the team about an email.
NOTE_FOR_TEAM: Final = "note for the team"


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
    its author, because it was not or not wholly carried out. SIGN_IN brings a link to the pages.
    """

    ACKNOWLEDGEMENT = "acknowledgement"
    NOTIFICATION = "notification"
    FOLLOW_UP = "follow-up"
    DIGEST = "digest"
    ANSWER = "answer"
    ANSWERED = "answered"
    RETURNED = "returned"
    SIGN_IN = "sign-in"


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


@dataclass(frozen=True, slots=True)
class FileSnapshot:
    """An attachment; `part` is its number in the raw email, which holds the bytes."""

    part: int
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class MessageSnapshot:
    """One email of a ticket; `opening` if it opened the ticket, `by_team` if its team proved to have written it.

    `inbound_id` is its ledger row, `text` the start of a text of `length` characters,
    `author` an address in lower case. `note` is a sentence for the team on who wrote and why it was not obeyed, or "".
    `authentication` are the results of our own check, if there was one.
    """

    id: int
    inbound_id: int | None
    kind: str
    acknowledge: bool
    verified: bool
    by_team: bool
    opening: bool
    message_id: str
    subject: str
    text: str
    length: int
    author: str | None
    author_name: str
    files: tuple[FileSnapshot, ...]
    role: MessageRole = MessageRole.CUSTOMER
    note: str = ""
    authentication: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionSnapshot:
    """A decision with its reasons. `first` is false if it replaces another."""

    id: int
    by: DecidedBy
    actor: str | None
    confidence: float
    team: str
    reasons: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...]
    rule: str | None
    model: str | None
    audit: bool
    first: bool


@dataclass(frozen=True, slots=True)
class EventSnapshot:
    """Something that happened to a ticket and that its team is notified of.

    `kind` is the kind of the event row, `actor` who did it, "" where nobody did; `other` is the reference of the other
    ticket where two are concerned.
    """

    kind: str
    actor: str
    other: str


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """An answer that somebody sent before another one: who, when, and in which words."""

    author: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class LastEmail:
    """The last email of a customer on a ticket; `inbound_id` is its ledger row, `images` names those in its text."""

    inbound_id: int
    message_id: str
    author: str
    author_name: str
    at: datetime
    text: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedDelivery:
    """A delivery that did not reach its recipient, and why."""

    recipient: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer of a team member, as its row has it.

    `cause` says why it was held or returned, with `details` in words; those of a sent answer name what was left out.
    `before` is the answer of somebody else because of which it was held, `last` the email of the customer that it
    answers, `failure` the delivery that is reported.
    """

    id: int
    state: AnswerState
    cause: ReturnCause | None
    details: tuple[str, ...]
    author: str
    author_name: str
    team: str
    return_to: str | None
    text: str
    html: str
    recipients: tuple[str, ...]
    team_copied: bool
    inline_parts: tuple[int, ...]
    file_parts: tuple[int, ...]
    quotes_customer: bool
    created_at: datetime
    settled_at: datetime | None
    before: EarlierAnswer | None = None
    last: LastEmail | None = None
    failure: FailedDelivery | None = None

    @property
    def is_held(self) -> bool:
        """Say whether it waits for its author to send or drop it."""
        return self.state is AnswerState.HELD


@dataclass(frozen=True, slots=True)
class TicketSnapshot:
    """A ticket with one of its messages, the decision on it if any, and the people who wrote.

    `requester` is an address in lower case. `trusted` says that the requester proved to read mail at it. `related` is
    the reference of a ticket that this one may belong to. `event` is what an email about an event announces, `answer`
    the answer that it is about. `taken_by` is the address of the member who answers the ticket. `language` is the code
    of the customer's language, `address` the one of our addresses that the customer wrote to; both "" where unknown.
    """

    ticket_id: int
    reference: str
    status: str
    category: str
    priority: str
    confidence: float | None
    team: str | None
    subject: str
    silent: bool
    created_at: datetime
    related: str | None
    requester: str | None
    requester_name: str
    trusted: bool
    message: MessageSnapshot
    decision: DecisionSnapshot | None
    event: EventSnapshot | None = None
    taken_by: str | None = None
    answer: StoredAnswer | None = None
    language: str = ""
    address: str = ""

    @property
    def handed_over(self) -> bool:
        """Say whether the decision at hand replaced another one."""
        return self.decision is not None and not self.decision.first


@dataclass(frozen=True, slots=True)
class DigestLine:
    """A ticket in a digest; `new` is false where it only got new emails. `requester` is an address."""

    reference: str
    priority: str
    category: str
    subject: str
    requester: str
    new: bool


@dataclass(frozen=True, slots=True)
class DigestSnapshot:
    """The tickets that a digest lists, the most urgent first, and how many they are in all."""

    lines: tuple[DigestLine, ...]
    tickets: int


@dataclass(frozen=True, slots=True)
class EarlierTicket:
    """A ticket that the same customer opened before."""

    reference: str
    subject: str
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """A message of a ticket that is older than the one at hand; `text` is its start, `role` a MessageRole."""

    role: str
    author: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Background:
    """What a team needs beside a message.

    `tickets` are the customer's last tickets before this one, `messages` the last messages of the ticket before this
    one; both begin with the newest.
    """

    tickets: tuple[EarlierTicket, ...] = ()
    messages: tuple[EarlierMessage, ...] = ()


NO_BACKGROUND: Final = Background()


@dataclass(frozen=True, slots=True)
class PreparedDelivery:
    """One attempt at one delivery, with the ticket as it stands.

    `thread_head` is the Message-ID of the first email to this recipient about the ticket, None where this email begins
    the thread. `first` marks the very first notification that this installation sends. `digest` is what a digest
    lists. `background` is shown to teams.
    """

    kind: MailKind
    recipient: str
    message_id: str
    ticket: TicketSnapshot
    thread_head: str | None
    first: bool
    digest: DigestSnapshot | None = None
    background: Background = NO_BACKGROUND
