"""Make the outgoing email of one delivery: thread, token, attachments and content. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from daemon.mail.message import Attachment
from daemon.mail.token import Purpose, Token, digest, sign
from daemon.snapshots import DigestLine, DigestSnapshot, FileSnapshot, PreparedDelivery, TicketSnapshot
from daemon.vocabulary import MailKind, Priority
from workers.notify import contexts
from workers.notify.compose import File, OutgoingMail
from workers.notify.contexts import View
from workers.notify.digest_view import DigestLineView, digest_line
from workers.notify.links import ButtonTarget

SizedT = TypeVar("SizedT", FileSnapshot, Attachment)
CUSTOMER_KINDS: Final = frozenset({MailKind.ACKNOWLEDGEMENT, MailKind.ANSWER})
CUSTOMER_TOKEN_DAYS: Final = 400
TEAM_TOKEN_DAYS: Final = 30
# RFC 5321 section 4.5.3.1.1.
LOCAL_PART: Final = 64
# An unverified sender may have chosen it as a text for the recipient: mail programs make ids of these characters.
PLAIN_ID: Final = re.compile(r"<[A-Za-z0-9._=+$%-]{1,80}@[A-Za-z0-9.-]{1,80}>", re.ASCII)


@dataclass(frozen=True, slots=True)
class MailConfig:
    """The sender of our email, the limit on attachments, and for how long we try to send.

    `language` is that of customers whose language is not known, `team_languages` those of the teams by name.
    `fixed_teams` get all tickets of the addresses, in lower case, for which they are fixed.
    """

    name: str
    address: str
    plus_addressing: bool
    message_id_domain: str
    review_team: str
    attachment_bytes: int
    delivery_days: float
    hint: bool
    language: str
    team_languages: Mapping[str, str]
    fixed_teams: Mapping[str, str]

    def language_of(self, delivery: PreparedDelivery) -> tuple[str, ...]:
        """Return the languages of an email, the best first: the customer's, or that of the team that gets it."""
        ticket = delivery.ticket
        if delivery.kind in CUSTOMER_KINDS:
            return tuple(code for code in (ticket.language, self.language) if code)
        team = ticket.answer.team if ticket.answer and delivery.kind is MailKind.RETURNED else ticket.team
        # The lead, who is in no team, decides what is the review team's.
        return (self.team_languages.get(team or self.review_team, self.language),)


class Rendered(Protocol):
    """The output of the templates for a view."""

    @property
    def subject(self) -> str:
        """Return the subject, one line."""

    @property
    def text(self) -> str:
        """Return the plain text."""

    @property
    def html(self) -> str:
        """Return the same as HTML."""


def mark_of(kind: MailKind, recipient: str, ticket_id: int, key: bytes, now: datetime) -> str:
    """Return the signed token of an email, bound to ticket, recipient, purpose and expiry."""
    customer = kind in CUSTOMER_KINDS
    days = CUSTOMER_TOKEN_DAYS if customer else TEAM_TOKEN_DAYS
    purpose = Purpose.CUSTOMER if customer else Purpose.TEAM
    return sign(Token(purpose, ticket_id, digest(recipient, key), (now + timedelta(days=days)).date()), key)


def message_id(mark: str, unique: str, domain: str) -> str:
    """Return a Message-ID that carries a signed token; `unique` distinguishes emails with the same token."""
    return f"<{mark}.{unique}@{domain}>"


def mark_for(delivery: PreparedDelivery, key: bytes, now: datetime) -> str:
    """Return the signed token of a delivery."""
    ticket_id = 0 if delivery.digest else delivery.ticket.ticket_id
    return mark_of(delivery.kind, delivery.recipient, ticket_id, key, now)


def fitting_files(delivery: PreparedDelivery, room: int) -> list[FileSnapshot]:
    """Return the attachments of the customer that fit into `room` bytes, in order."""
    message = delivery.ticket.message
    if delivery.kind not in {MailKind.NOTIFICATION, MailKind.FOLLOW_UP} or message.inbound_id is None:
        return []
    return list(fitting(message.files, room)[0])


def fitting(files: Iterable[SizedT], room: int) -> tuple[tuple[SizedT, ...], tuple[SizedT, ...]]:
    """Return the files that fit into `room` bytes one after the other, and those that do not."""
    fits, left = list[SizedT](), list[SizedT]()
    for file in files:
        (fits if file.size <= room else left).append(file)
        room -= file.size if file.size <= room else 0
    return tuple(fits), tuple(left)


def listed_marks(delivery: PreparedDelivery, key: bytes, now: datetime) -> dict[int, str]:
    """Return the signed tokens of the tickets that a digest lists, by ticket."""
    lines = delivery.digest.lines if delivery.digest else ()
    return {line.ticket_id: mark_of(delivery.kind, delivery.recipient, line.ticket_id, key, now) for line in lines}


def view_of(
    delivery: PreparedDelivery,
    config: MailConfig,
    mark: str,
    attached: Sequence[FileSnapshot],
    listed: Mapping[int, str] | None = None,
) -> View:
    """Return the view for the templates of a delivery; `listed` are the tokens of the tickets in a digest."""
    ticket = delivery.ticket
    if delivery.digest:
        lines = _listed(delivery.digest, config, listed or {})
        return contexts.digest(delivery.digest, lines, support=config.name, mark=mark, team=ticket.team or "")
    if delivery.kind is MailKind.ACKNOWLEDGEMENT:
        return contexts.acknowledgement(
            ticket.reference,
            config.name,
            mark,
            verified=_is_verified(ticket),
            name=ticket.requester_name,
            subject=ticket.message.subject,
        )
    to = button_target(ticket.reference, config, mark)
    if delivery.kind is MailKind.ANSWERED and ticket.answer:
        return contexts.answered(ticket, ticket.answer, support=config.name, mark=mark, to=to)
    if delivery.kind is MailKind.RETURNED and ticket.answer:
        return contexts.returned(ticket, ticket.answer, support=config.name, mark=mark, to=to)
    return contexts.team_mail(
        ticket,
        support=config.name,
        mark=mark,
        to=to,
        background=delivery.background,
        attached=frozenset(file.part for file in attached),
        review_team=config.review_team,
        hint=config.hint and delivery.first,
        fixed_team=config.fixed_teams.get(ticket.address, ""),
    )


def _listed(digest: DigestSnapshot, config: MailConfig, marks: Mapping[int, str]) -> tuple[DigestLineView, ...]:
    """Return the tickets of a digest; one without a token has no buttons."""

    def shown(line: DigestLine) -> DigestLineView:
        mark, fixed = marks.get(line.ticket_id), config.fixed_teams.get(line.address, "")
        return digest_line(
            line, button_target(line.reference, config, mark) if mark else None, config.review_team, fixed
        )

    return tuple(map(shown, digest.lines))


def button_target(reference: str, config: MailConfig, mark: str) -> ButtonTarget:
    """Return where the email of a button goes: to our address with the token, or with the token in the text."""
    address = tagged(config.address, mark) if config.plus_addressing else None
    return ButtonTarget(address, reference) if address else ButtonTarget(config.address, reference, mark)


def outgoing_mail(
    delivery: PreparedDelivery,
    config: MailConfig,
    rendered: Rendered,
    mark: str,
    files: Mapping[FileSnapshot, bytes],
    now: datetime,
    boundary_seed: str,
) -> OutgoingMail:
    """Return the email of a delivery; `boundary_seed` is random, so that no sender can guess a boundary."""
    parent, references = _thread(delivery)
    return OutgoingMail(
        kind=delivery.kind,
        sender_name=config.name,
        sender_address=config.address,
        recipient=delivery.recipient,
        # A reply to a digest belongs to no ticket.
        reply_to=tagged(config.address, mark) if config.plus_addressing and not delivery.digest else None,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=delivery.message_id,
        in_reply_to=parent,
        references=references,
        loop_token=mark,
        files=tuple(File(file.filename, file.content_type, content) for file, content in files.items()),
        date=now,
        boundary_seed=boundary_seed,
        important=_is_urgent(delivery),
    )


def mail_without_ticket(
    kind: MailKind,
    recipient: str,
    config: MailConfig,
    rendered: Rendered,
    mark: str,
    message_id: str,
    now: datetime,
    boundary_seed: str,
) -> OutgoingMail:
    """Return an email that belongs to no ticket, so that a reply to it has no token; see outgoing_mail."""
    return OutgoingMail(
        kind=kind,
        sender_name=config.name,
        sender_address=config.address,
        recipient=recipient,
        reply_to=None,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=message_id,
        in_reply_to="",
        references=(),
        loop_token=mark,
        files=(),
        date=now,
        boundary_seed=boundary_seed,
    )


def _is_urgent(delivery: PreparedDelivery) -> bool:
    """Say whether a team should see an email before others."""
    if delivery.digest:
        return any(line.priority == Priority.URGENT for line in delivery.digest.lines)
    return delivery.kind in {MailKind.NOTIFICATION, MailKind.FOLLOW_UP} and delivery.ticket.priority == Priority.URGENT


def _is_verified(ticket: TicketSnapshot) -> bool:
    """Return whether the customer's address was authenticated, or they have shown to read email at it."""
    return ticket.message.verified or ticket.trusted


def _thread(delivery: PreparedDelivery) -> tuple[str, tuple[str, ...]]:
    """Return In-Reply-To and References.

    They name the email that is answered or returned, and the first one to this team about the ticket.
    """
    if delivery.kind is MailKind.ACKNOWLEDGEMENT:
        parent = delivery.ticket.message.message_id
        if not (_is_verified(delivery.ticket) or PLAIN_ID.fullmatch(parent)):
            return "", ()
        return parent, (parent,) if parent else ()
    head = delivery.thread_head if delivery.thread_head != delivery.message_id else None
    if delivery.kind is MailKind.RETURNED and delivery.ticket.message.message_id:
        parent = delivery.ticket.message.message_id
        return parent, tuple(name for name in (head, parent) if name)
    return (head, (head,)) if head else ("", ())


def tagged(address: str, tag: str) -> str | None:
    """Return an address with a tag, None if its local part would be too long: replies then go to the plain address."""
    local, _, domain = address.rpartition("@")
    tagged = f"{local}+{tag}"
    return f"{tagged}@{domain}" if len(tagged) <= LOCAL_PART else None
