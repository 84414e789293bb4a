"""Text that many senders' emails have is learned, left unread by triage, shown to the admin, and forgotten."""

import pytest
from sqlalchemy import select

from config.settings import load
from daemon.store.jobs import JobKind
from daemon.store.models import Decision, MessageRow
from tests.support.cli import Case
from tests.support.emails import inbound, mail
from tests.support.pipeline import Pipeline
from workers.learning import boilerplate as learning
from workers.learning.boilerplate import CurrentBoilerplate
from workers.policies import actor_config

BANNER = "Novaplex Shield let this pass. When an amount was debited but not credited by a fraud, write to the desk."
RULE = "debited, not credited"


@pytest.fixture
def pipeline(case_anywhere: Case, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Return triage that follows what was learned at once."""
    monkeypatch.setattr(learning, "RELOAD_SECONDS", 0.0)
    store, made = case_anywhere.store, Pipeline(case_anywhere.store, 2)
    made.config.value = actor_config(load(None))
    triage = made.executor._actors[JobKind.TRIAGE]
    monkeypatch.setattr(triage, "_boilerplate", CurrentBoilerplate(store))
    return made


def send(pipeline: Pipeline, name: str, body: str) -> None:
    pipeline.process([inbound(mail(f"ann@{name}.example", body=body), mail_from=f"ann@{name}.example")])
    pipeline.clock.advance(hours=20)


def test_a_banner_of_many_senders_decides_nothing_until_it_is_forgotten(
    case_anywhere: Case, pipeline: Pipeline
) -> None:
    case = case_anywhere
    for name in ("one", "two", "three", "four", "five"):
        send(pipeline, name, f"{BANNER}\n\nHello,\n\nWhere do I find the list of my orders, dear {name}?")
    [row] = case.run("boilerplate", "list", "--json").rows
    assert (row["domains"], row["excerpt"], row["state"]) == (5, BANNER, "learned")
    assert "1" in case.run("stats").out
    assert case.run("stats", "--json").rows[0]["boilerplate"]["learned"] == 1
    send(pipeline, "six", f"{BANNER}\n\nWhere do I find the list of my orders, dear six?")
    send(pipeline, "seven", "Nothing is here but another question about chairs.")
    with case.store.read() as session:
        rules = session.execute(select(Decision.rule).order_by(Decision.id)).scalars().all()
        texts = session.execute(select(MessageRow.text).order_by(MessageRow.id)).scalars().all()
    assert rules == [RULE] * 5 + [None, None]
    assert BANNER in texts[5]
    assert case.run("boilerplate", "forget", str(row["id"]), "--actor", "eva").code == 0
    send(pipeline, "eight", f"{BANNER}\n\nWhere do I find the list of my orders, dear eight?")
    assert case.run("boilerplate", "list", "--json").rows == []
    assert case.run("boilerplate", "list", "--state", "forgotten", "--json").rows[0]["forgotten_by"] == "eva"
    with case.store.read() as session:
        assert session.execute(select(Decision.rule).order_by(Decision.id.desc())).scalars().first() == RULE
