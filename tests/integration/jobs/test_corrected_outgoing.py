"""After an admin corrected what a mail server complained of, a restart or a reload sends what waited."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from config.schema import Service
from config.settings import Settings
from daemon.broker import make_broker
from daemon.policies import identity
from daemon.store.keys import Keyring
from daemon.store.models import Job
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.pipeline import Pipeline
from workers.app import WorkerApp
from workers.transports.base import AuthenticationFailure, RefusedSenderFailure, ServerFailure, TransportFailure

CAUSES = [
    AuthenticationFailure("wrong password", 535, "5.7.8"),
    RefusedSenderFailure("Relay access denied", 554, "5.7.1"),
    ServerFailure("no secure connection to mail.example.com:587: its certificate is not trusted"),
]


def due(pipeline: Pipeline) -> list[datetime]:
    with pipeline.store.read() as session:
        return list(session.execute(select(Job.due_at).where(Job.state == "ready")).scalars())


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("how", ["restart", "reload"])
def test_what_waited_for_a_correction_is_due_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: TransportFailure, how: str
) -> None:
    pipeline = Pipeline(store, 2)
    pipeline.transport.failures = [cause] * 100
    pipeline.accept(mail())
    pipeline.work()
    assert all(at > pipeline.clock.now() for at in due(pipeline))
    settings = Settings(service=Service(state_dir=tmp_path))
    app = WorkerApp(settings, store, make_broker(""), Keyring((b"k" * 32,)), pipeline.clock, identity)
    monkeypatch.setattr(app, "_first_model", SimpleNamespace(start=lambda: None, close=lambda: None))
    if how == "restart":
        app.start()
    else:
        app.reload(settings)
    try:
        assert due(pipeline) == [pipeline.clock.now()] * 2
    finally:
        app.close()
