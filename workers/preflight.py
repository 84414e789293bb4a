"""Check templates, rules and examples before anything starts, and before a reload."""

from pathlib import Path

from config.settings import ConfigError, Settings
from daemon.system.os_errors import reason
from workers.learning import examples
from workers.learning.examples import ExampleError
from workers.notify.render import Renderer, TemplateProblem
from workers.policies import triage_rules
from workers.triage import rules
from workers.triage.rules import RuleError


def check(settings: Settings) -> None:
    """Raise ConfigError for what the workers would fail on: templates, rules or examples."""
    check_templates(settings.service.templates)
    for entry in settings.support.addresses:
        if entry.templates is not None:
            check_templates(entry.templates, f"support.addresses.{entry.address}.templates")
    check_examples(settings.triage.examples)
    try:
        for rule in triage_rules(settings):
            rules.check(rule)
    except RuleError as error:
        raise ConfigError(str(error)) from None


def check_templates(directory: Path | None, setting: str = "service.templates") -> None:
    """Raise ConfigError for a missing directory, or a template that is broken, unknown or not readable."""
    try:
        Renderer(directory).check()
    except TemplateProblem as error:
        raise ConfigError(f"{setting}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{setting}: {directory} cannot be read: {reason(error)}") from None


def check_examples(directory: Path | None) -> None:
    """Raise ConfigError for a directory without CSV files, or a file that cannot be used."""
    if directory is None:
        return
    try:
        found = sorted(path for path in directory.iterdir() if path.suffix == ".csv")
        examples.read_files(found)
    except ExampleError as error:
        raise ConfigError(f"triage.examples: {error}") from None
    except OSError as error:
        raise ConfigError(f"triage.examples: {directory} cannot be read: {reason(error)}") from None
    if not found:
        raise ConfigError(f"triage.examples: {directory} has no CSV file")
