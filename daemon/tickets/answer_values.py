"""What goes into the use case of an answer and what comes out of it: the answer, the policy and the result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from daemon.store.jobs import Offer
from daemon.text import domain_of
from daemon.tickets.actions import ActionPolicy
from daemon.tickets.actor import Actor
from daemon.tickets.readers import Addressed, OurAddresses
from daemon.vocabulary import AnswerState, Status

# What somebody else sent so shortly before a request or command came is not known to its author: nobody reads it and
# answers in that time, and it may not have been committed then.
UNREAD: Final = timedelta(seconds=5)


class AnswerError(ValueError):
    """An answer cannot be sent, held or dropped; the message says why, and nothing was written."""


class NoAnswerError(AnswerError):
    """There is no answer of this number."""


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """What the settings say about answers.

    `teams` maps names to addresses in lower case, `rosters` to all addresses and "@domain" of a team. `after_answer`
    is the status of an answered ticket. Past `answers_per_hour` on one ticket, answers are held: a machine may be
    writing them.
    """

    ours: OurAddresses
    teams: Mapping[str, str]
    rosters: Mapping[str, frozenset[str]]
    after_answer: Status
    answers_per_hour: int
    actions: ActionPolicy

    def team_address(self, team: str | None) -> str:
        """Return the address of a team, "" where there is none."""
        return self.teams.get(team or "", "")

    def teams_of(self, author: str) -> list[str]:
        """Return the teams of a member."""
        return [name for name, roster in self.rosters.items() if {author, f"@{domain_of(author)}"} & roster]

    def team_of(self, author: str, present: str | None) -> str | None:
        """Return the team for which a member acts: the one that has the ticket if it is theirs, else their first."""
        theirs = self.teams_of(author)
        return present if present in theirs or not theirs else theirs[0]


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """What a team member wrote to a customer.

    `message_id` is the message of the ticket that it came as, None where it came by no email. `parents` are the
    Message-IDs that it answers, the nearest first; `written_at` is when it was written, at the latest when it came.
    `internal` names what of ours is left in it, `omitted` what was left out. `if_kept` is added to the reasons why it
    is not sent.
    """

    ticket_id: int
    actor: Actor
    text: str
    html: str
    written_at: datetime
    message_id: int | None = None
    addressed: Addressed = field(default_factory=Addressed)
    parents: tuple[str, ...] = ()
    inline_parts: tuple[int, ...] = ()
    file_parts: tuple[int, ...] = ()
    internal: tuple[str, ...] = ()
    omitted: tuple[str, ...] = ()
    quotes_customer: bool = False
    if_kept: tuple[str, ...] = ()

    @property
    def author(self) -> str:
        """Return the name that the answer is recorded with."""
        return self.actor.name.lower()

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to send."""
        return not self.text.strip() and not self.inline_parts and not self.file_parts

    @property
    def length(self) -> int:
        """Return the number of characters of the text or of its HTML, whatever is longer."""
        return max(len(self.text), len(self.html))


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """What became of an answer, why, who gets it, and the jobs to offer."""

    state: AnswerState
    answer_id: int
    reasons: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
