"""A category that was renamed: the admin hears that the model knows the old name, and a training forgets it."""

from pathlib import Path

from config.schema import Category
from config.settings import Settings
from daemon.store.store import Store
from tests.support.fakes import FakeClock
from tests.support.small_model import NOW, small_corpus
from workers.app import category_names
from workers.learning import training
from workers.learning.current import CurrentModel
from workers.learning.registry import Registry
from workers.learning.trainer import Trainer, shipped_lexicon
from workers.policies import triage_policy

SETTINGS = Settings()


def renamed() -> Settings:
    others = [one for one in SETTINGS.categories if one.name != "Login"]
    return SETTINGS.model_copy(update={"categories": (Category(name="Access", team="IDENTITY_TEAM"), *others)})


def test_the_admin_hears_of_it_until_a_model_of_the_present_categories_is_in_use(store: Store, tmp_path: Path) -> None:
    registry, policy = Registry(tmp_path / "models"), triage_policy(SETTINGS)
    current = CurrentModel(store, registry, lambda: policy)
    assert current.outdated() == ""
    model, _ = training.train(small_corpus(), shipped_lexicon(), NOW)
    registry.save(model, corpus="", figures={})
    registry.promote(model.version)
    current.use(model)
    assert current.outdated() == ""
    policy = triage_policy(renamed())
    assert (
        current.outdated() == f"Model {model.version} knows Login, not configured; such tickets go to GENERAL_SUPPORT"
    )
    kept = [example for example in small_corpus() if example.category != "Login"]
    newer, _ = training.train(kept, shipped_lexicon(), NOW.replace(year=NOW.year + 1))
    registry.save(newer, corpus="", figures={})
    registry.promote(newer.version)
    current.use(newer)
    assert current.outdated() == ""


def test_a_training_after_a_reload_learns_the_present_categories(store: Store, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    rows = [f'"","{example.body}","{example.category.replace("Login", "Access")}"' for example in small_corpus()]
    (tmp_path / "own" / "ours.csv").write_text("\n".join(["subject,body,category", *rows]), encoding="utf-8")
    trainer = Trainer(store, Registry(tmp_path / "models"), FakeClock(), category_names(SETTINGS), tmp_path / "own")
    assert "Access" not in trainer.candidate().model.counts
    trainer.categories = category_names(renamed())
    assert set(trainer.candidate().model.counts) == {"Access", "General", "Payments", "Technical"}
