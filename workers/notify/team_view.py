"""The data of the templates of notifications and follow-ups: emails to a team about a ticket. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from daemon.mail.commands import is_note, without_commands
from daemon.mail.reply.split import new_text
from daemon.snapshots import NO_BACKGROUND, Background, FileSnapshot, MergedCustomer, MessageSnapshot, TicketSnapshot
from daemon.text import harmless_line
from daemon.vocabulary import MessageRole, Priority
from workers.notify import links
from workers.notify.announcement import headline
from workers.notify.background_view import EarlierView, customer_lines, earlier_messages
from workers.notify.excerpt import Passage, excerpt
from workers.notify.links import Button, ButtonTarget
from workers.notify.phrases import Phrase, phrase
from workers.notify.reasons import reason
from workers.notify.refusals import detail
from workers.notify.similar_view import similar_lines
from workers.notify.wording import MAX_NAME, priority_name, readable_size, sender_check, status_name, sureness_of

MAX_GUESSES: Final = 4
MAX_COPIED: Final = 8
AUDIT_NOTE: Final = phrase("Chosen for an audit: please check the category.")


@dataclass(frozen=True, slots=True)
class Guess:
    """A category that may be right, and its probability as people read it, such as "20%" or "<1%"."""

    category: str
    percent: str

    @classmethod
    def of(cls, category: str, share: float) -> "Guess":
        """Return the guess of a category with this probability, 0.0 to 1.0."""
        percent = round(100 * share)
        return cls(category, f"{percent}%" if percent else "<1%")


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of the customer. `attached` is false if it is too large to be attached."""

    name: str
    size: Phrase
    attached: bool


@dataclass(frozen=True, slots=True)
class TeamMail:
    """An email to the team about a new ticket, a reassigned one, or a new message on one.

    `priority` and `status` are the codes, the other two their names. `sure` is "92% confidence", "set by a rule", "set
    by a person" or "confidence unknown". `who` is the author's name or else address, `customer` and `other` are those
    whom a reply reaches. `asked` is true where a person has to set the category, `handed` where the ticket comes from
    another team, `hint` where the email explains how to change the mode. `notes` are short sentences, such as that the
    ticket was chosen for an audit. `history` says in at most three lines who the customer is, `earlier` are the
    messages before this one. `taken_by` is the member who answers the ticket. `headline` says what happened to the
    ticket, "" for a new email. `checked` is what our own check of the sender found, "" without one. `similar` are
    earlier tickets of the team. `copied` are addresses that the author copied, with `copied_more` others, and
    `copied_hear` says that a reply reaches them. `left_out` says that a reply does not reach the author.
    """

    reference: str
    support: str
    mark: str
    team: str
    category: str
    priority: str
    priority_name: Phrase
    sure: Phrase
    who: str
    email: str
    verified: bool
    subject: str
    new: Passage
    rest: Passage
    urgent: bool = False
    reasons: tuple[Phrase, ...] = ()
    guesses: tuple[Guess, ...] = ()
    buttons: tuple[Button, ...] = ()
    related: str = ""
    files: tuple[FileView, ...] = ()
    notes: tuple[Phrase, ...] = ()
    history: tuple[Phrase, ...] = ()
    earlier: tuple[EarlierView, ...] = ()
    asked: bool = False
    handed: bool = False
    opening: bool = True
    status: str = ""
    status_name: Phrase | str = ""
    customer: str = ""
    other: str = ""
    left_out: bool = False
    taken_by: str = ""
    hint: bool = False
    headline: Phrase | str = ""
    checked: Phrase | str = ""
    similar: tuple[Phrase, ...] = ()
    copied: str = ""
    copied_more: Phrase | str = ""
    copied_hear: bool = False


def team_mail(
    ticket: TicketSnapshot,
    *,
    support: str,
    mark: str,
    review_team: str,
    to: ButtonTarget,
    background: Background = NO_BACKGROUND,
    attached: Collection[int] = (),
    hint: bool = False,
    fixed_team: str = "",
) -> TeamMail:
    """Return the view of an email to the team of a ticket.

    `to` is where the emails of buttons go. `attached` are the part numbers of the attached files of the customer,
    `hint` is as in `TeamMail`. `fixed_team` gets all tickets of the address that the customer wrote to.
    """
    message, decision = ticket.message, ticket.decision
    text = without_commands(message.text) if message.role is MessageRole.NOTE else message.text
    shown = excerpt(text, new_text(text), message.length - len(message.text))
    # A reply goes to the customer anyway.
    copied = [address for address in message.copied if address != ticket.requester]
    asked = ticket.team == review_team
    customer, other = customers_of(ticket, background.merged, author=bool(background.author_is_answered))
    guesses = guesses_of(ticket, asked=asked)
    return TeamMail(
        reference=ticket.reference,
        support=support,
        mark=mark,
        team=ticket.team or "",
        category=ticket.category,
        priority=ticket.priority,
        priority_name=priority_name(ticket.priority),
        urgent=ticket.priority == Priority.URGENT,
        sure=sureness_of(decision, ticket.confidence),
        who=author_of(message),
        email=message.author or "",
        verified=message.verified,
        subject=ticket.subject,
        new=shown.new,
        rest=shown.rest,
        reasons=tuple(reason(text) for text in decision.reasons) if decision else (),
        guesses=guesses,
        buttons=links.of_ticket(
            to,
            [(g.category, g.percent) for g in guesses],
            review_team,
            asked=asked,
            keeps_team=ticket.team == fixed_team,
        ),
        related=ticket.related or "",
        files=tuple(_file(file, attached) for file in message.files),
        notes=_notes(ticket),
        # What else a customer asked is read where a ticket begins.
        history=customer_lines(ticket, background.tickets) if message.opening else (),
        earlier=earlier_messages(background.messages),
        asked=asked,
        handed=ticket.handed_over,
        opening=message.opening,
        status=ticket.status,
        status_name=status_name(ticket.status),
        customer=customer,
        other=other,
        left_out=background.author_is_answered is False,
        taken_by=ticket.taken_by or "",
        hint=hint,
        headline=headline(ticket.event) or _by_member(message),
        checked=sender_check(message.authentication),
        similar=similar_lines(background.similar),
        copied=", ".join(copied[:MAX_COPIED]),
        copied_more=_copied_more(len(copied[MAX_COPIED:]) + message.copied_more),
        copied_hear=message.copied_hear,
    )


def _copied_more(number: int) -> Phrase | str:
    return phrase("and %(number)s more", number=number) if number else ""


def author_of(message: MessageSnapshot) -> str:
    """Return the name of the author of a message, else their address."""
    return harmless_line(message.author_name, MAX_NAME) or message.author or ""


def customer_of(ticket: TicketSnapshot) -> str:
    """Return whom a reply reaches: the name of the requester, else their address, "" if there is none."""
    return (harmless_line(ticket.requester_name, MAX_NAME) or ticket.requester) if ticket.requester else ""


def customers_of(ticket: TicketSnapshot, merged: Sequence[MergedCustomer], *, author: bool = False) -> tuple[str, str]:
    """Return whom a reply reaches: the customer, and who else; `author` says that the author of the message does."""
    writer = ticket.message.author if author else None
    names = [customer_of(ticket)] if ticket.requester else []
    names += [author_of(ticket.message)] if writer else []
    names += [harmless_line(one.name, MAX_NAME) or one.email for one in merged if one.email != writer]
    others = names[1:]
    more = f" + {len(others) - MAX_COPIED}" if len(others) > MAX_COPIED else ""
    return (names[0], ", ".join(others[:MAX_COPIED]) + more) if names else ("", "")


def _by_member(message: MessageSnapshot) -> Phrase | str:
    """Return what a member did with an internal note, "" for any other email."""
    if message.role is not MessageRole.NOTE or not is_note(message.text, by_email=message.inbound_id is not None):
        return ""
    return phrase("%(member)s wrote an internal note. The customer does not get it.", member=author_of(message))


def _notes(ticket: TicketSnapshot) -> tuple[Phrase, ...]:
    """Return what a reader must know about the ticket, and about the author of the email."""
    audit = (AUDIT_NOTE,) if ticket.decision and ticket.decision.audit else ()
    return (*audit, detail(ticket.message.note)) if ticket.message.note else audit


def _file(file: FileSnapshot, attached: Collection[int]) -> FileView:
    return FileView(file.filename, readable_size(file.size), file.part in attached)


def guesses_of(ticket: TicketSnapshot, *, asked: bool) -> tuple[Guess, ...]:
    """Return the most likely other categories; if a person has to decide, the choice of the model comes first."""
    likely = list(ticket.decision.alternatives) if ticket.decision else []
    if asked and ticket.confidence:
        likely.insert(0, (ticket.category, ticket.confidence))
    return tuple(Guess.of(name, share) for name, share in likely if share)[:MAX_GUESSES]
