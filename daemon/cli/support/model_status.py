"""The status of the model in use: version, age, certified categories and drift."""

from datetime import datetime
from typing import Any, Final

from config.settings import Settings
from daemon.store import boilerplate, decisions
from daemon.store.queries import labels, tickets
from daemon.store.store import Store
from workers.app import registry
from workers.learning.current import CurrentModel
from workers.learning.drift import watch
from workers.learning.registry import RegistryError
from workers.policies import triage_policy
from workers.triage import preprocess
from workers.triage.classifier import Model

SAMPLE_TICKETS: Final = 200


def model_status(settings: Settings, store: Store, now: datetime) -> dict[str, Any]:
    """Return the status of the model in use as JSON-ready values."""
    policy, models = triage_policy(settings), registry(settings)
    model_source = CurrentModel(store, models, lambda: policy)
    model = model_source.model() if models.current() else None
    with store.read() as session:
        checks = [c for c in labels.reviews(session) if c.team != policy.review_team]
    version = model.version if model else None
    drift = watch(not check.right for check in checks if check.model == version)
    certified = model_source.certified() if model else {}
    return {
        "mode": str(policy.mode),
        "model": version,
        "model_age_days": _age(settings, version, now),
        "unknown_words": _unknown_words(model, store) if model else None,
        "drift": str(drift.state),
        "drift_checks": drift.seen,
        "certified": {c.name: certified.get(c.name) for c in policy.categories},
    }


def _unknown_words(model: Model, store: Store) -> float | None:
    """Return the share of words in the newest tickets that are unknown to the model."""
    shares = []
    with store.read() as session:
        learned = boilerplate.learned(session)
        for ticket_id in tickets.newest_tickets(session, SAMPLE_TICKETS):
            read = decisions.text_of(session, ticket_id)
            case = preprocess.clean(read.subject, read.text, learned) if read else None
            if case is not None and not case.empty:
                shares.append(1 - model.predict(case).known)
    return sum(shares) / len(shares) if shares else None


def _age(settings: Settings, version: str | None, now: datetime) -> int | None:
    if version is None:
        return None
    try:
        made = registry(settings).show(version).created
    except RegistryError:
        return None
    return (now - datetime.fromisoformat(made)).days
