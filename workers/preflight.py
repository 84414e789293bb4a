"""Find what is wrong with rules and templates before anything starts."""

from config.settings import ConfigError, Settings
from daemon.vocabulary import Priority
from workers.notify.render import Renderer, TemplateProblem
from workers.triage import rules
from workers.triage.policy import Rule, Where
from workers.triage.rules import RuleError


def check(settings: Settings) -> None:
    """Raise ConfigError for templates that cannot be used and rules that say nothing or are too slow."""
    try:
        Renderer(settings.service.templates).check()
        for rule in triage_rules(settings):
            rules.check(rule)
    except (TemplateProblem, RuleError) as error:
        raise ConfigError(str(error)) from None


def triage_rules(settings: Settings) -> tuple[Rule, ...]:
    """Return the rules that the settings describe."""
    return tuple(
        Rule(
            r.name,
            r.category,
            Priority(r.priority) if r.priority else None,
            r.phrases,
            r.patterns,
            Where(r.where),
            r.precision,
        )
        for r in settings.rules
    )
