"""What was read from the store in one go: a ticket with its messages, a digest, a prepared delivery.

The pure parts decide and write emails from these values; no session is open any more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.vocabulary import AnswerState, DecidedBy, MailKind, MessageRole, ReturnCause


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
    `authentication` are the results of our own check, if there was one. `copied` are the people whom its author copied,
    with `copied_more` others, and `copied_hear` says that they get the answer to it too.
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
    copied: tuple[str, ...] = ()
    copied_more: int = 0
    copied_hear: bool = False


@dataclass(frozen=True, slots=True)
class SimilarTicket:
    """An earlier ticket of a team with similar words: who answered it first, and after how many seconds.

    `seconds` is None where nobody answered, `answered_by` "" where it is not known who did. `subject` and `status` are
    "" in what is kept for an email.
    """

    ticket_id: int
    reference: str
    category: str
    answered_by: str
    seconds: int | None
    subject: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class DecisionSnapshot:
    """A decision with its reasons. `first` is false if it replaces another; `similar` are earlier tickets."""

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
    similar: tuple[SimilarTicket, ...] = ()


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
class MergedCustomer:
    """The requester of a ticket that was merged into another, with that ticket: they know no other."""

    email: str
    name: str
    ticket_id: int
    reference: str
    subject: str


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
    answers, `failure` the delivery that is reported. `addresses` pairs customers who came with a merged ticket with the
    one of our addresses that they wrote to, `merged` are the requesters of such tickets.
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
    addresses: tuple[tuple[str, str], ...] = ()
    merged: tuple[MergedCustomer, ...] = ()

    def own_ticket(self, recipient: str) -> MergedCustomer | None:
        """Return the merged ticket that a recipient knows, None for whoever knows the ticket itself."""
        return next((one for one in self.merged if one.email == recipient.lower()), None)

    @property
    def is_held(self) -> bool:
        """Say whether it waits for its author to send or drop it."""
        return self.state is AnswerState.HELD


@dataclass(frozen=True, slots=True)
class TicketSnapshot:
    """A ticket with one of its messages, the decision on it if any, and the people who wrote.

    `requester` is an address in lower case. `trusted` says that the requester proved to read mail at it, unless DMARC
    disowns the message. `related` is the reference of a ticket that this one may belong to. `event` is what an email
    about an event announces, `answer` the answer that it is about. `taken_by` is the address of the member who answers
    the ticket. `language` is the code of the customer's language, `address` the one of our addresses that the customer
    wrote to; both "" where unknown.
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
    """A ticket in a digest; `new` is false where it only got new emails. `requester` is an address.

    `address` is the one of ours that its customer wrote to, `alternatives` are the next likeliest categories.
    """

    ticket_id: int
    reference: str
    priority: str
    category: str
    subject: str
    requester: str
    new: bool
    team: str | None = None
    address: str = ""
    confidence: float | None = None
    alternatives: tuple[tuple[str, float], ...] = ()


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
    """A message of a ticket that is older than the one at hand; `text` is its start, `role` a MessageRole.

    `by_email` is false for what was written in the browser, by the API or on the command line.
    """

    role: str
    author: str
    at: datetime
    text: str
    by_email: bool = True


@dataclass(frozen=True, slots=True)
class Background:
    """What a team needs beside a message.

    `tickets` are the customer's last tickets before this one, `messages` the last messages of the ticket before this
    one; both begin with the newest. `similar` are earlier tickets of the same team, the most similar first.
    `author_is_answered` says whether its author gets the answers to it too, None where the requester or a member wrote.
    `merged` are the requesters of tickets that were merged into this one: they get the answers too.
    """

    tickets: tuple[EarlierTicket, ...] = ()
    messages: tuple[EarlierMessage, ...] = ()
    similar: tuple[SimilarTicket, ...] = ()
    author_is_answered: bool | None = None
    merged: tuple[MergedCustomer, ...] = ()


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


@dataclass(frozen=True, slots=True)
class WaitingTicket:
    """A ticket that waits for a person to decide its category.

    `chances` are the probabilities that triage gave to the likeliest categories, in any order; empty where no model
    was asked. `text` is the subject, a line break and the start of the first email.
    """

    id: int
    reference: str
    created_at: datetime
    urgent: bool
    chances: tuple[float, ...]
    text: str
