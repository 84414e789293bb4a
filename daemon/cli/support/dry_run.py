"""Build the tools of a dry run in a short-lived process: identity, triage policy and model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.mail.analyze import Identity
from daemon.system.clock import SystemClock

if TYPE_CHECKING:
    from config.settings import Settings
    from workers.learning.examples import Example
    from workers.triage.classifier import Model
    from workers.triage.policy import TriagePolicy


@dataclass(frozen=True, slots=True)
class DryRunTools:
    """Plain values, so that child processes need neither settings nor scikit-learn."""

    identity: Identity
    policy: TriagePolicy
    model: Model | None
    certified: Mapping[str, float | None]
    semantic: bool
    boilerplate: frozenset[str] = frozenset()


def dry_run_tools(
    config: Path | None, keys: tuple[bytes, ...], boilerplate: frozenset[str] = frozenset()
) -> tuple[str, DryRunTools]:
    """Return a note about the model, and the tools for these settings."""
    from config.settings import load
    from daemon.policies import identity as identity_of
    from workers.policies import triage_policy

    settings = load(config)
    model, note = usable_model(settings)
    identity, policy = identity_of(settings, keys), triage_policy(settings)
    return note, DryRunTools(identity, policy, model, {}, settings.triage.semantic, boilerplate)


def usable_model(settings: Settings) -> tuple[Model | None, str]:
    """Return the model in use, or one trained on the examples for this run, and a note that says which."""
    from workers.app import registry
    from workers.learning import semantic, trainer, training
    from workers.learning.registry import RegistryError

    try:
        model = registry(settings).load()
    except RegistryError as error:
        why = str(error)
    else:
        return model, f"model {model.version}"
    try:
        encoder = semantic.shared(enabled=settings.triage.semantic)
        made, _ = training.train(_examples(settings), trainer.shipped_lexicon(), SystemClock().now(), encoder)
    except ValueError as error:
        return None, f"no model ({why}; {error}): only the rules decide"
    return made, f"no model in use ({why}): a model was trained on the examples for this run only"


def _examples(settings: Settings) -> list[Example]:
    from workers.learning import trainer
    from workers.learning.examples import read_files

    corpus = settings.triage.examples
    paths = sorted(corpus.glob("*.csv")) if corpus else trainer.shipped_examples()
    known = {category.name for category in settings.categories}
    return [example for example in read_files(paths) if example.category in known]
