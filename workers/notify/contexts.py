"""The data of the templates: frozen views, and their conversion to plain values that are safe to show."""

import shlex
from collections.abc import Collection
from dataclasses import dataclass, fields, is_dataclass
from typing import Final

from markupsafe import Markup

from daemon.mail.reply.split import new_text
from daemon.text import harmless_line
from daemon.vocabulary import DigestSnapshot, Priority, TicketSnapshot
from workers.notify.announcement import headline
from workers.notify.answer_view import AnswerMail, CleanHtml
from workers.notify.excerpt import Passage, excerpt
from workers.notify.sanitize import lines

MAX_VALUE: Final = 500
MAX_ITEMS: Final = 50
MAX_NAME: Final = 60
MAX_PREVIEW: Final = 120
MAX_GUESSES: Final = 4
AUDIT_NOTE: Final = "Chosen for an audit: please check the category."
_NOT_IN_A_NAME: Final = set('@/\\:<>"=()[]{}%$0123456789')


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The acknowledgement of a new ticket to its customer.

    Nothing that an unverified sender wrote may reach the template, so build it with `acknowledgement`.
    """

    reference: str
    support: str
    mark: str
    verified: bool = False
    name: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """A category that may be right, its probability in percent, and the command that sets it."""

    category: str
    percent: int
    command: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of the customer. `attached` is false if it is too large to be attached."""

    name: str
    size: str
    attached: bool


@dataclass(frozen=True, slots=True)
class TeamMail:
    """An email to the team about a new ticket, a reassigned one, or a new message on one.

    `sure` is "92% confidence", "set by a rule", "set by a person" or "confidence unknown". `who` is the author's name
    or else address, `customer` the address that opened the ticket, `preview` the first words. `asked` is true where a
    person has to set the category, `handed` where the ticket comes from another team, `hint` where the email explains
    how to change the mode. `headline` says what happened to the ticket, "" for a new email. `notes` are short
    sentences, such as that the ticket was chosen for an audit.
    """

    reference: str
    support: str
    mark: str
    team: str
    category: str
    priority: str
    sure: str
    who: str
    email: str
    verified: bool
    subject: str
    preview: str
    new: Passage
    rest: Passage
    reasons: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()
    related: str = ""
    files: tuple[FileView, ...] = ()
    notes: tuple[str, ...] = ()
    asked: bool = False
    handed: bool = False
    status: str = ""
    customer: str = ""
    hint: bool = False
    show: str = ""
    headline: str = ""


@dataclass(frozen=True, slots=True)
class DigestLineView:
    """A ticket in a digest. `customer` is an address, `new` is false where the ticket only got new emails."""

    reference: str
    priority: str
    category: str
    subject: str
    customer: str
    new: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """One email instead of many notifications. `reference` is the title, `more` counts the tickets not listed.

    `urgent` counts the listed tickets of the highest priority, `command` shows all tickets of the team.
    """

    reference: str
    support: str
    mark: str
    team: str
    tickets: int
    urgent: int
    lines: tuple[DigestLineView, ...]
    more: int
    command: str


View = Acknowledgement | TeamMail | Digest | AnswerMail


def acknowledgement(
    reference: str, support: str, mark: str, *, verified: bool, name: str = "", subject: str = ""
) -> Acknowledgement:
    """Return the view of an acknowledgement; only a verified sender gets name and subject."""
    if not verified:
        return Acknowledgement(reference, support, mark)
    return Acknowledgement(
        reference, support, mark, verified=True, name=greeting_name(name), subject=without_re(subject)
    )


def team_mail(
    ticket: TicketSnapshot,
    *,
    support: str,
    mark: str,
    review_team: str,
    attached: Collection[int] = (),
    handed: bool = False,
    hint: bool = False,
) -> TeamMail:
    """Return the view of an email to the team of a ticket.

    `attached` are the part numbers of the attached files of the customer; `handed` and `hint` are as in `TeamMail`.
    """
    message, decision = ticket.message, ticket.decision
    shown = excerpt(message.text, new_text(message.text), message.length - len(message.text))
    asked = ticket.team == review_team
    return TeamMail(
        reference=ticket.reference,
        support=support,
        mark=mark,
        team=ticket.team or "",
        category=ticket.category,
        priority=ticket.priority,
        sure=sureness(ticket.confidence, decision.by if decision else ""),
        who=harmless_line(message.author_name, MAX_NAME) or message.author or "",
        email=message.author or "",
        verified=message.verified,
        subject=message.subject,
        preview=harmless_line(shown.new.text, MAX_PREVIEW),
        new=shown.new,
        rest=shown.rest,
        reasons=decision.reasons if decision else (),
        guesses=_guesses(ticket, asked=asked),
        related=ticket.related or "",
        files=tuple(FileView(f.filename, readable_size(f.size), f.part in attached) for f in message.files),
        notes=tuple(filter(None, (AUDIT_NOTE if decision and decision.audit else "", message.note))),
        asked=asked,
        handed=handed,
        status=ticket.status,
        customer=ticket.requester or "",
        hint=hint,
        show=f"triaged tickets show {ticket.reference}",
        headline=headline(ticket.event),
    )


def digest(listed: DigestSnapshot, *, support: str, mark: str, team: str) -> Digest:
    """Return the view of a digest to a team."""
    lines = tuple(
        DigestLineView(one.reference, one.priority, one.category, one.subject, one.requester, one.new)
        for one in listed.lines[:MAX_ITEMS]
    )
    return Digest(
        reference=f"{listed.tickets} tickets",
        support=support,
        mark=mark,
        team=team,
        tickets=listed.tickets,
        urgent=sum(line.priority == Priority.URGENT for line in lines),
        lines=lines,
        more=listed.tickets - len(lines),
        command=f"triaged tickets list --team {shlex.quote(team)}",
    )


def _guesses(ticket: TicketSnapshot, *, asked: bool) -> tuple[Guess, ...]:
    """Return the most likely other categories; if a person has to decide, the choice of the model comes first."""
    likely = list(ticket.decision.alternatives) if ticket.decision else []
    if asked and ticket.confidence:
        likely.insert(0, (ticket.category, ticket.confidence))
    return tuple(_guess(ticket.reference, name, share) for name, share in likely if round(100 * share))[:MAX_GUESSES]


def sureness(confidence: float | None, by: str) -> str:
    """Return how certain a decision is, in words."""
    if by == "rule":
        return "set by a rule"
    if by == "person":
        return "set by a person"
    return f"{confidence:.0%} confidence" if confidence else "confidence unknown"


def readable_size(count: int) -> str:
    """Return a number of bytes in a unit that people read easily."""
    size = float(count)
    for unit in ("bytes", "KB", "MB"):
        if size < 1024:  # noqa: PLR2004 - the next unit
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"


def greeting_name(name: str) -> str:
    """Return the name for the greeting, "" if it does not look like a name."""
    name = harmless_line(name, 10 * MAX_NAME)
    return "" if len(name) > MAX_NAME or set(name) & _NOT_IN_A_NAME else name


def without_re(subject: str) -> str:
    """Return a subject without a leading "Re:", which the template adds."""
    subject = harmless_line(subject)
    while subject[:3].lower() == "re:":
        subject = subject[3:].lstrip()
    return subject


def context(view: View) -> dict[str, object]:
    """Return a view as plain types and cleaned HTML; every string is safe to show and bounded."""
    return {field.name: plain(getattr(view, field.name)) for field in fields(view)}


def plain(value: object) -> object:
    """Return one value of a view as plain types."""
    if isinstance(value, CleanHtml):
        return Markup(value.source)  # noqa: S704 - cleaned by an allow-list
    if isinstance(value, Passage):
        return {"text": lines(value.text), "more": value.more}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value[:MAX_ITEMS]]
    return harmless_line(value, MAX_VALUE) if isinstance(value, str) else value


def _guess(reference: str, category: str, share: float) -> Guess:
    command = f"triaged tickets correct {reference} --category {shlex.quote(category)}"
    return Guess(category, round(100 * share), command)
