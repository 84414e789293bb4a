"""Domain values of the default settings; a test changes only the fields that it is about."""

from dataclasses import replace
from typing import Any, Final

from config import schema
from config.settings import Settings
from daemon.mail.analyze import Identity
from daemon.policies import identity as identity_of
from daemon.policies import listener_config as listener_config_of
from daemon.smtp.config import ListenerConfig
from daemon.tickets.actor import Actor
from daemon.vocabulary import Priority
from workers import policies
from workers.notify.plan import SendLimits
from workers.triage.policy import Category, Rule, TriagePolicy, Where

ADMIN: Final = Actor("ann", None, "cli")


def identity(**changes: Any) -> Identity:
    """Return who we are: support@example.com, without teams and keys."""
    return replace(identity_of(Settings(), ()), **{"teams": ()} | changes)


def listener_config(**changes: Any) -> ListenerConfig:
    """Return how to listen."""
    return replace(listener_config_of(Settings()), **changes)


def send_limits() -> SendLimits:
    """Return the limits of acknowledgements."""
    return policies.send_limits(Settings())


def triage_policy(**changes: Any) -> TriagePolicy:
    """Return the triage policy, without the shipped rules."""
    return replace(policies.triage_policy(Settings()), **changes)


def category(name: str, team: str, **changes: Any) -> Category:
    """Return a category with the defaults of the settings."""
    values = _defaults(schema.Category) | changes
    return Category(name, team, Priority(values.pop("priority")), **values)


def rule(name: str, decides: str | None = None, **changes: Any) -> Rule:
    """Return a rule, also one that the settings would refuse."""
    values = _defaults(schema.Rule) | {"category": decides} | changes
    return Rule(name, **values | {"where": Where(values["where"])})


def _defaults(section: type[schema.Section]) -> dict[str, Any]:
    return {name: field.default for name, field in section.model_fields.items() if not field.is_required()}
