"""The enums and values that all parts of triaged share."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

PENDING: Final = "PENDING"
MANUAL_REVIEW: Final = "MANUAL_REVIEW"
# How the reasons begin of emails that a limit suppressed.
LIMIT_REACHED: Final = "limit reached"


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
    """The kind of an outgoing email."""

    ACKNOWLEDGEMENT = "acknowledgement"
    NOTIFICATION = "notification"
    FOLLOW_UP = "follow-up"
    DIGEST = "digest"


class Disposition(StrEnum):
    """The state in which every received email ends."""

    TICKET = "ticket"
    FOLLOW_UP = "follow-up"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    LIST = "list"
    OWN = "own"
    DUPLICATE = "duplicate"
    PARKED = "parked"


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
class Screening:
    """Who wrote an email (person or machine), whether it may be acknowledged, and why.

    `reasons` are short sentences that name the evidence, such as "Auto-Submitted: auto-replied".
    """

    kind: SenderKind
    acknowledge: bool
    reasons: tuple[str, ...]


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
    `author` an address in lower case.
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
class TicketSnapshot:
    """A ticket with one of its messages, the decision on it if any, and the people who wrote.

    `requester` is an address in lower case. `trusted` says that the requester proved to read mail at it. `related` is
    the reference of a ticket that this one may belong to.
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
class PreparedDelivery:
    """One attempt at one delivery, with the ticket as it stands.

    `thread_head` is the Message-ID of the first email to this recipient about the ticket, None where this email begins
    the thread. `first` marks the very first notification that this installation sends. `digest` is what a digest
    lists.
    """

    kind: MailKind
    recipient: str
    message_id: str
    ticket: TicketSnapshot
    thread_head: str | None
    first: bool
    digest: DigestSnapshot | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What limits count an address by: the mailbox that it delivers to, and the domain that somebody registered."""

    address: str
    domain: str


@dataclass(frozen=True, slots=True)
class SendCounts:
    """Numbers of recently planned emails of one kind.

    Those to a mailbox count all; those to its domain and in all count unverified recipients only. `ordinary_day` is
    the number on an ordinary day to the unverified people of the domain, known where the domain is busy.
    """

    address_day: int = 0
    address_hour: int = 0
    domain_hour: int = 0
    hour: int = 0
    ordinary_day: int = 0


@dataclass(slots=True)
class RecentCounts:
    """Number of emails of a kind that were planned recently and not suppressed: by mailbox, by domain, and in all.

    A plan adds what it plans, so that the limits hold within a batch too.
    """

    kind: str
    by_address_day: Counter[str]
    by_address_hour: Counter[str]
    by_domain_hour: Counter[str]
    in_all_hour: int
    ordinary_days: Mapping[str, int]

    def to(self, mailbox: Mailbox) -> SendCounts:
        """Return the counts that bind one more email to a mailbox."""
        return SendCounts(
            self.by_address_day[mailbox.address],
            self.by_address_hour[mailbox.address],
            self.by_domain_hour[mailbox.domain],
            self.in_all_hour,
            self.ordinary_days.get(mailbox.domain, 0),
        )

    def add(self, mailbox: Mailbox, *, verified: bool) -> None:
        """Count one more email to a mailbox."""
        self.by_address_day[mailbox.address] += 1
        self.by_address_hour[mailbox.address] += 1
        if not verified:
            self.by_domain_hour[mailbox.domain] += 1
            self.in_all_hour += 1


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """The state of a mailbox: when it was last read to its end, when its last email was stored, and its last error."""

    polled_at: datetime | None
    mail_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """The state of the whole system at `now`.

    `dead` counts jobs, `parked` received emails, and `uncertain` and `unanswered` emails that were handed over to the
    mail server twice and once without an answer. `unreadable` counts emails that were skipped in mailboxes, `deferred`
    acknowledgements that wait for a limit, `limited` those that limits suppressed within the last hour. `oldest_due` is
    when the job that has waited longest became due. `room` is false if the disk is nearly full. `refused` is the answer
    of a smarthost that refused our credentials, or ""; `drifted` says why automatic routing was stopped, or "".
    `reported` are problems that other processes saw.
    """

    now: datetime
    oldest_due: datetime | None
    dead: int
    parked: int
    uncertain: int
    unreadable: int
    deferred: int
    limited: int
    unanswered: int
    last_mail_at: datetime | None
    mailboxes: Mapping[str, MailboxFacts]
    room: bool = True
    refused: str = ""
    drifted: str = ""
    reported: "tuple[Problem, ...]" = ()


@dataclass(frozen=True, slots=True)
class DailyCounts:
    """What happened on a day (UTC): emails by the state in which they ended, and suppressed acknowledgements."""

    day: date
    emails: Mapping[Disposition, int]
    suppressed: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the admin should know: a stable key, and a sentence that says what to do."""

    key: str
    text: str
