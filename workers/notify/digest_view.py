"""The data of the template of a digest: one email instead of many notifications. Pure."""

from dataclasses import dataclass
from typing import Final

from daemon.snapshots import DigestLine, DigestSnapshot
from daemon.vocabulary import Priority
from workers.notify import links
from workers.notify.links import Button, ButtonTarget
from workers.notify.phrases import Phrase, plural
from workers.notify.wording import priority_name

MAX_LINES: Final = 50


@dataclass(frozen=True, slots=True)
class DigestLineView:
    """A ticket in a digest. `customer` is an address, `new` is false where the ticket only got new emails.

    `write_to` is an address with the token of the ticket, where the commands of `buttons` may be sent too, "" if our
    address takes no tokens.
    """

    reference: str
    priority: Phrase
    category: str
    subject: str
    customer: str
    new: bool
    write_to: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """One email instead of many notifications. `title` is its subject, `more` counts the tickets not listed.

    `urgent` counts the listed tickets of the highest priority. `writable` says that one can be written to.
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
    writable: bool


def digest_line(line: DigestLine, to: ButtonTarget | None, review_team: str, fixed_team: str) -> DigestLineView:
    """Return a ticket in a digest; its buttons go to `to`, and `fixed_team` gets all tickets of its address."""
    asked = line.team == review_team
    likely = list(line.alternatives)
    if asked and line.confidence:
        likely.insert(0, (line.category, line.confidence))
    shares = [(name, f"{round(100 * share)}%") for name, share in likely if round(100 * share)]
    keeps_team = line.team == fixed_team
    return DigestLineView(
        reference=line.reference,
        priority=priority_name(line.priority),
        category=line.category,
        subject=line.subject,
        customer=line.requester,
        new=line.new,
        write_to=to.address if to and not to.mark else "",
        buttons=links.of_listed(to, shares, review_team, asked=asked, keeps_team=keeps_team) if to else (),
    )


def digest(listed: DigestSnapshot, lines: tuple[DigestLineView, ...], *, support: str, mark: str, team: str) -> Digest:
    """Return the view of a digest to a team; `lines` are its tickets, of which the first are shown."""
    shown = lines[:MAX_LINES]
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
        urgent=sum(line.priority == Priority.URGENT for line in listed.lines[:MAX_LINES]),
        lines=shown,
        writable=any(line.write_to for line in shown),
        more=more,
        more_tickets=plural("… and %(count)s more ticket.", "… and %(count)s more tickets.", more, count=more_shown),
    )
