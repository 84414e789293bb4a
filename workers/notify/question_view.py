"""The data of the template of the daily email to the lead: tickets to decide, with a button for each category. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.mail.reply.split import new_text
from daemon.snapshots import TicketSnapshot
from workers.notify import links
from workers.notify.excerpt import MAX_READ, Passage, cut
from workers.notify.links import Button, ButtonTarget
from workers.notify.phrases import Phrase, plural
from workers.notify.sanitize import lines
from workers.notify.team_view import author_of, guesses_of
from workers.notify.wording import priority_name

SHOWN_LINES: Final = 6
SHOWN_CHARACTERS: Final = 500
MAX_CHOICES: Final = 4


@dataclass(frozen=True, slots=True)
class Question:
    """A ticket to decide: who wrote it and the first words, and a button for each of the likeliest categories.

    `mark` is the token of this ticket, `address` where the emails of its buttons go; `tagged` says that the address has
    the token.
    """

    reference: str
    subject: str
    priority: Phrase
    since: datetime
    who: str
    words: Passage
    mark: str
    address: str
    tagged: bool
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """The daily email to the lead. `title` is its subject, `team` has the tickets until somebody decides.

    `others` are the names of all categories where not each has a button, else "".
    """

    reference: str
    title: Phrase
    support: str
    mark: str
    team: str
    questions: tuple[Question, ...]
    others: str


def questions(
    asked: Sequence[tuple[TicketSnapshot, str, ButtonTarget]],
    categories: Sequence[str],
    *,
    support: str,
    mark: str,
    team: str,
) -> Questions:
    """Return the view of tickets to decide, each with its token and where the emails of its buttons go."""
    count = len(asked)
    title = plural(
        "Which category? %(count)s ticket to decide",
        "Which category? %(count)s tickets to decide",
        count,
        count=count,
    )
    return Questions(
        reference=str(title),
        title=title,
        support=support,
        mark=mark,
        team=team,
        questions=tuple(_question(ticket, token, to, categories) for ticket, token, to in asked),
        others=", ".join(categories) if len(categories) > MAX_CHOICES else "",
    )


def _question(ticket: TicketSnapshot, mark: str, to: ButtonTarget, categories: Sequence[str]) -> Question:
    text = lines(new_text(ticket.message.text)[:MAX_READ])
    return Question(
        reference=ticket.reference,
        subject=ticket.subject,
        priority=priority_name(ticket.priority),
        since=ticket.created_at,
        who=author_of(ticket.message),
        words=cut(text, SHOWN_LINES, SHOWN_CHARACTERS),
        mark=mark,
        address=to.address,
        tagged=not to.mark,
        buttons=links.of_question(to, _choices(ticket, categories)),
    )


def _choices(ticket: TicketSnapshot, categories: Sequence[str]) -> list[tuple[str, str]]:
    """Return categories with their percents, the likeliest first, then those that triage did not think of, with ""."""
    likely = {guess.category: guess.percent for guess in guesses_of(ticket, asked=True)}
    known = {name: percent for name, percent in likely.items() if name in categories}
    return list((known | {name: "" for name in categories if name not in known}).items())[:MAX_CHOICES]
