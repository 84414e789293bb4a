"""Check rules and templates before anything starts."""

from config.settings import ConfigError, Settings
from workers.notify.render import Renderer, TemplateProblem
from workers.policies import triage_rules
from workers.triage import rules
from workers.triage.rules import RuleError


def check(settings: Settings) -> None:
    """Raise ConfigError for a broken template, or a rule that decides nothing or is too slow."""
    try:
        Renderer(settings.service.templates).check()
        for rule in triage_rules(settings):
            rules.check(rule)
    except (TemplateProblem, RuleError) as error:
        raise ConfigError(str(error)) from None
