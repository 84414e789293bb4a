"""Turn settings into what the use cases of answers need."""

from config.settings import Settings
from daemon.tickets.actions import ActionPolicy
from daemon.tickets.address_teams import AddressTeam
from daemon.tickets.answer_values import AnswerPolicy
from daemon.tickets.readers import OurAddresses
from daemon.vocabulary import Priority, Status


def answer_policy(settings: Settings) -> AnswerPolicy:
    """Return what the settings say about answers and actions."""
    rosters = {
        team.name: frozenset(address.lower() for address in (team.email, *team.members)) for team in settings.teams
    }
    return AnswerPolicy(
        ours=OurAddresses(
            settings.support.own,
            frozenset(address for roster in rosters.values() for address in roster),
        ),
        teams={team.name: team.email.lower() for team in settings.teams},
        rosters=rosters,
        after_answer=Status(settings.conversation.after_answer),
        answers_per_hour=settings.limits.answers_per_ticket_hour,
        actions=ActionPolicy(
            {category.name: (category.team, Priority(category.priority)) for category in settings.categories},
            settings.triage.retrain_after,
            address_teams(settings),
        ),
    )


def address_teams(settings: Settings) -> dict[str, AddressTeam]:
    """Return the teams of our addresses, which are in lower case."""
    return {
        entry.address.lower(): AddressTeam(entry.team, entry.category, entry.triage == "fixed")
        for entry in settings.support.addresses
        if entry.team
    }
