"""Check the model of triage: whether there is one, and whether it knows the configured categories."""

from datetime import UTC, datetime
from typing import Final

from config.defaults import CATEGORIES
from config.settings import Settings
from daemon.cli.support.checks.finding import Finding, fail, ok, warn
from workers.app import registry
from workers.learning.registry import ForeignError, Manifest, RegistryError

SHIPPED: Final = frozenset(category.name for category in CATEGORIES)
# A model tells categories apart, so it needs examples of this number of them.
MIN_CATEGORIES: Final = 2


def finding(settings: Settings) -> Finding:
    """Return what is found of the model in use."""
    models = registry(settings)
    current = models.current()
    if current is None:
        return _none(settings, "there is no model yet, so only the rules decide", "the first start does so, too")
    try:
        models.load()
        manifest = models.show(current)
    except ForeignError as error:
        return _none(settings, f"{error}; only the rules decide", "a restart does so, too")
    except RegistryError as error:
        return fail(
            "model",
            f"{error}; only the rules decide",
            "run `triaged train` or `triaged models rollback`",
            temporary=True,
        )
    return _known(settings, manifest)


def _none(settings: Settings, text: str, start: str) -> Finding:
    """Say how to get a model: each start trains one, and the shipped examples are of the default categories only."""
    names = {category.name for category in settings.categories}
    if settings.triage.examples is None and len(names & SHIPPED) < MIN_CATEGORIES:
        return warn(
            "model",
            f"{text}: no examples are shipped for your categories",
            "train one with `triaged train --from FILE.csv`, set triage.examples, or correct tickets and then train",
        )
    return warn("model", text, f"train one with `triaged train`; {start}")


def _known(settings: Settings, manifest: Manifest) -> Finding:
    """Compare the categories of a model with the configured ones."""
    names = [category.name for category in settings.categories]
    age = (datetime.now(UTC) - datetime.fromisoformat(manifest.created)).days
    text = f"{manifest.version}, {manifest.examples} examples, {age} days old, categories {', '.join(manifest.labels)}"
    gone = [name for name in manifest.labels if name not in names]
    new = [name for name in names if name not in manifest.labels]
    if new:
        text += f"; no examples yet of {', '.join(new)}, so it routes no ticket there"
    if gone:
        team = settings.triage.fallback_team
        return warn(
            "model",
            f"{text}; not configured: {', '.join(gone)}, whose tickets it routes to {team}",
            "run `triaged train`, so that it forgets categories that are not configured",
        )
    return ok("model", text)
