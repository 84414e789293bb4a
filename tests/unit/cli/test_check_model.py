"""`triaged check` says whether the model knows the configured categories, and how to get one."""

from pathlib import Path

import pytest

from config.schema import Category
from config.settings import Settings
from daemon.cli.support.checks import model as check
from daemon.cli.support.checks.finding import Finding
from workers.app import registry
from workers.triage.classifier import Model


def found(state: Path, names: tuple[str, ...], model: Model | None = None) -> Finding:
    settings = Settings.model_validate({"service": {"state_dir": state}})
    teams = settings.teams
    categories = tuple(Category(name=name, team=teams[0].name) for name in names)
    settings = settings.model_copy(update={"categories": categories})
    if model:
        models = registry(settings)
        models.save(model, corpus="", figures={})
        models.promote(model.version)
    return check.finding(settings)


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        (("Warranty", "Parts"), "--from FILE.csv"),
        (("Payments", "Parts"), "--from FILE.csv"),
        (("Payments", "Login"), "first start"),
    ],
)
def test_without_a_model_it_says_how_to_get_one(names: tuple[str, ...], advice: str, tmp_path: Path) -> None:
    one = found(tmp_path, names)
    assert one.state == "warn"
    assert advice in str(one.advice)


def test_a_model_of_categories_that_were_renamed_is_reported(tmp_path: Path, model: Model) -> None:
    one = found(tmp_path, ("Billing", "Login", "Technical", "General"), model)
    assert one.state == "warn"
    assert "no examples yet of Billing" in one.text
    assert "not configured: Payments, whose tickets it routes to GENERAL_SUPPORT" in one.text


def test_a_model_of_the_configured_categories_is_ok(tmp_path: Path, model: Model) -> None:
    one = found(tmp_path, model.category.labels, model)
    assert one.state == "ok"
    assert "not configured" not in one.text
