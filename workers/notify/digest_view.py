"""The data of the template of a digest: one email instead of many notifications. Pure."""

from dataclasses import dataclass
from typing import Final

from daemon.snapshots import DigestSnapshot
from daemon.vocabulary import Priority
from workers.notify.phrases import Phrase, plural
from workers.notify.wording import priority_name

MAX_LINES: Final = 50


@dataclass(frozen=True, slots=True)
class DigestLineView:
    """A ticket in a digest. `customer` is an address, `new` is false where the ticket only got new emails."""

    reference: str
    priority: Phrase
    category: str
    subject: str
    customer: str
    new: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """One email instead of many notifications. `title` is its subject, `more` counts the tickets not listed.

    `urgent` counts the listed tickets of the highest priority.
    """

    reference: str
    title: Phrase
    support: str
    mark: str
    team: str
    tickets: int
    urgent: int
    lines: tuple[DigestLineView, ...]
    more: int
    more_tickets: Phrase


def digest(listed: DigestSnapshot, *, support: str, mark: str, team: str) -> Digest:
    """Return the view of a digest to a team."""
    shown = listed.lines[:MAX_LINES]
    more = listed.tickets - len(shown)
    more_shown = f"{more:,}"
    title = plural(
        "%(count)s ticket for %(team)s",
        "%(count)s tickets for %(team)s",
        listed.tickets,
        count=listed.tickets,
        team=team,
    )
    return Digest(
        reference=str(title),
        title=title,
        support=support,
        mark=mark,
        team=team,
        tickets=listed.tickets,
        urgent=sum(line.priority == Priority.URGENT for line in shown),
        lines=tuple(
            DigestLineView(
                one.reference, priority_name(one.priority), one.category, one.subject, one.requester, one.new
            )
            for one in shown
        ),
        more=more,
        more_tickets=plural("… and %(count)s more ticket.", "… and %(count)s more tickets.", more, count=more_shown),
    )
