"""The configuration that the actors need."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from daemon.mail.commands import CommandVocabulary
from daemon.mail.language import detect
from daemon.tickets.answer_values import AnswerPolicy
from workers.actors.brands import Brands
from workers.notify.plan import SendLimits
from workers.triage.policy import TriagePolicy


@dataclass(frozen=True, slots=True)
class Lead:
    """Who is asked about doubtful tickets once a day, from an hour of a time zone on."""

    address: str
    hour: int
    zone: tzinfo

    def began(self, now: datetime) -> datetime:
        """Return when the hour came last; its date there is the day of the email.

        An hour that the clock skips begins with the next one, one that comes twice with the first.
        """
        today = now.astimezone(self.zone).date()
        start = datetime.combine(today, time(self.hour), self.zone)
        return start if start <= now else datetime.combine(today - timedelta(days=1), time(self.hour), self.zone)


@dataclass(frozen=True, slots=True)
class ActorConfig:
    """Rules, teams, limits, senders and templates, replaced as a whole on reload.

    `teams` maps names to addresses. `similar` says whether teams are shown similar earlier tickets.
    """

    triage: TriagePolicy
    teams: Mapping[str, str]
    own_addresses: frozenset[str]
    limits: SendLimits
    brands: Brands
    answers: AnswerPolicy
    answer_attachment_bytes: int
    vocabulary: CommandVocabulary
    similar: bool
    lead: Lead | None

    def language_of(self, text: str) -> str:
        """Return the language of a text, "" where it is not certain."""
        return detect(text, self.brands.main.renderer.translations.common_words())

    def team_address(self, team: str | None) -> str:
        """Return the address for emails about the tickets of a team, in lower case, "" without a team.

        A team that was removed or renamed still has tickets: their emails go to the fallback team.
        """
        fallback = self.teams.get(self.triage.fallback_team, "")
        return self.teams.get(team, fallback).lower() if team else ""


@dataclass(slots=True)
class CurrentConfig:
    """The configuration in force. A reload replaces `value` as a whole, so that readers need no lock."""

    value: ActorConfig
