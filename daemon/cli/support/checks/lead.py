"""Check who decides doubtful tickets by email, and what they may do."""

from collections.abc import Iterator
from typing import Final

from config.settings import Settings
from daemon.cli.support.checks.finding import Finding, ok
from daemon.mail.roster import Team, comparable

WHAT: Final = "lead"


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield one line on the lead."""
    lead = settings.triage.lead
    if lead is None:
        yield ok(WHAT, "off: nobody is asked by email to decide doubtful tickets; set triage.lead to an address")
        return
    teams = [Team.of(team.name, team.email, team.members) for team in settings.teams]
    theirs = [team.name for team in teams if team.includes(comparable(lead))]
    may = f"acts for {', '.join(theirs)}" if theirs else "may correct category, priority and spam, and nothing else"
    hour = f"{settings.triage.lead_hour:02}:00 {settings.support.timezone}"
    yield ok(WHAT, f"{lead}, who {may}; asked once a day from {hour} on")
