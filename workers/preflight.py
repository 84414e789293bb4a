"""Find what is wrong with rules and templates before anything starts."""

from config.settings import ConfigError, Settings
from workers.notify.render import Renderer, TemplateProblem


def check(settings: Settings) -> None:
    """Raise ConfigError for templates that cannot be used and rules that are too slow."""
    try:
        Renderer(settings.service.templates).check()
    except TemplateProblem as error:
        raise ConfigError(str(error)) from None
