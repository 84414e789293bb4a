"""The configuration that the actors need."""

from collections.abc import Mapping
from dataclasses import dataclass

from workers.notify.outgoing import MailConfig
from workers.notify.plan import SendLimits
from workers.notify.render import Renderer
from workers.triage.policy import TriagePolicy


@dataclass(frozen=True, slots=True)
class ActorConfig:
    """Rules, teams, limits and templates, replaced as a whole on reload. `teams` maps names to addresses."""

    triage: TriagePolicy
    teams: Mapping[str, str]
    own_addresses: frozenset[str]
    limits: SendLimits
    mail: MailConfig
    renderer: Renderer

    def team_address(self, team: str | None) -> str:
        """Return the address of a team in lower case, "" where there is none."""
        return self.teams.get(team or "", "").lower()


@dataclass(slots=True)
class CurrentConfig:
    """The configuration in force. A reload replaces `value` as a whole, so that readers need no lock."""

    value: ActorConfig
