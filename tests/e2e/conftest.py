"""A whole triaged on SQLite in process, and on PostgreSQL with Redis."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.conversation import Desk
from tests.support.desks import in_process
from tests.support.fakes import FakeClock
from tests.support.few_examples import few_examples
from tests.support.helpdesk import Helpdesk, settings_for
from tests.support.smtp_sink import Sink
from workers.app import registry, trainer


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the first examples of each category: enough to learn from, quick to learn."""
    return few_examples(tmp_path_factory.mktemp("examples"))


@pytest.fixture(scope="session")
def models(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a trained model, to copy."""
    from daemon.store.store import Store  # noqa: PLC0415 - only here

    state = tmp_path_factory.mktemp("models")
    with Sink() as sink:
        settings = settings_for(state, sink, examples)
    store = Store(f"sqlite:///{state / 'empty.db'}")
    teacher = trainer(settings, store, FakeClock())
    teacher.verified = list  # type: ignore[method-assign,assignment]  # nothing was verified yet
    teacher.ensure_model()
    store.close()
    return registry(settings).directory


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, examples: Path, models: Path) -> Iterator[Desk]:
    """Return a running triaged for the conversations of one file."""
    with in_process(tmp_path_factory.mktemp("desk") / "state", examples, models) as running:
        yield running


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql+redis"])
def helpdesk(
    request: pytest.FixtureRequest, tmp_path: Path, sink: Sink, examples: Path, models: Path
) -> Iterator[Helpdesk]:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    shutil.copytree(models, state / "models")
    (state / "models").chmod(0o700)
    database = broker = ""
    if request.param != "sqlite":
        database, broker = request.getfixturevalue("postgres_store_url"), request.getfixturevalue("redis_url")
    with Helpdesk(settings_for(state, sink, examples, database, broker), sink, FakeClock()) as running:
        yield running
