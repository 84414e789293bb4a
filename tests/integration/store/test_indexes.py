"""No statement on a mail's pipeline, and none behind a list, costs more the longer the helpdesk has run."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from daemon.cli import main
from daemon.mail.reply.boilerplate import Block
from daemon.store import boilerplate, webhook_deliveries, webhooks
from daemon.store.boilerplate import BlockState
from daemon.store.models import Base
from daemon.store.queries import feed, metrics
from daemon.store.queries.feed import Cursor, Gaps
from daemon.store.queries.feed_rows import FeedType
from daemon.store.queries.metrics import Position
from daemon.store.store import Store
from daemon.tickets import boilerplate as learning
from daemon.tickets import webhooks as webhook_actions
from daemon.tickets.boilerplate import Sighting
from tests.benchmarks import seed
from tests.support.emails import mail
from tests.support.fakes import NOON, FakeClock
from tests.support.pipeline import STEPS, Pipeline
from tests.support.query_plans import Catch, faults
from workers.webhooks.publisher import Publisher

TICKETS: Final = 3000

COMMANDS: Final = (
    "tickets list",
    "tickets list --status OPEN",
    "tickets list --status RESOLVED",
    "tickets list --team TECH_SUPPORT",
    "tickets list --category Login",
    "tickets list --status OPEN --team TECH_SUPPORT",
    "tickets list --status OPEN --category Login",
    "tickets list --since 2026-01-01",
    "tickets list --since 2026-01-01 --status OPEN",
    "tickets list --since 2026-01-01 --team TECH_SUPPORT --category Login",
    "tickets search about chairs",
    "tickets search Ümlaut nowhere",
    f"tickets search {seed.requester(7, TICKETS)}",
    f"tickets show {seed.reference(5)}",
    f"tickets show {seed.reference(6)}",
    f"trace {seed.reference(20)}",
    f"trace {seed.message_id(20)}",
    f"trace {seed.delivery_id(20)}",
    "trace 10",
    f"trace {'0' * 64}",
    "mail list",
    "mail list --state list --from example.com --since 2026-01-01",
    "deliveries list",
    "deliveries list --state sending",
    "deliveries list --state sent",
    "deliveries show 20",
    "deliveries resend --all --state failed",
    "parked list",
    "parked show 3",
    *(f"jobs list --state {state}" for state in ("ready", "leased", "done", "dead")),
    *(f"jobs list --state dead --kind {kind}" for kind in ("triage", "train")),
    *(f"jobs list --state done --kind {kind}" for kind in ("triage", "train")),
    "jobs retry --all --kind train",
    "check --live",
)


@pytest.fixture
def old(store_url: str) -> Iterator[Store]:
    """Return a store with many rows."""
    seed.seed(store_url, TICKETS)
    store = Store(store_url)
    yield store
    store.close()


def test_the_statements_of_an_email_use_indexes(old: Store, catch: Catch) -> None:
    pipeline = Pipeline(old, TICKETS)
    for step in STEPS:
        with catch.named(step.__name__.replace("_", " ")):
            step(pipeline)
    assert len(catch.found) > 60
    assert_indexed(old, catch)


def test_the_statements_of_the_lists_use_indexes(
    old: Store, catch: Catch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIAGED_DATABASE__URL", old.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(tmp_path / "var"))
    for command in COMMANDS:
        with catch.named(command):
            assert main(command.split()) in {0, 66, 75}, capsys.readouterr().err
    assert_indexed(old, catch)


def test_the_statements_of_the_metrics_use_indexes(old: Store, catch: Catch) -> None:
    with catch.named("metrics"), old.read() as session:
        newest = metrics.newest(session)
        metrics.state(session, NOON, "MANUAL_REVIEW", {"work": ["INBOX"]})
        metrics.follow(session, Position(newest.inbound - 5, newest.decision - 5), NOON)
    assert len(catch.found) > 10
    assert_indexed(old, catch)


def test_the_statements_of_boilerplate_use_indexes(old: Store, catch: Catch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boilerplate, "PRUNE_EVERY", 1)
    monkeypatch.setattr(boilerplate, "SEEN_LIMIT", 990)
    block = Block("0" * 32, "a banner", is_outside=True)
    many = Sighting(tuple(Block(f"{number:032}", "x") for number in range(1, 991)), (), "d0", NOON)
    old.write(lambda session: learning.note(session, [many]))
    catch.found.clear()
    with catch.named("boilerplate"):
        for number in range(5):
            seen = Sighting((block,), (), f"d{number}", NOON + timedelta(days=number))
            old.write(lambda session, seen=seen: learning.note(session, [seen]))  # type: ignore[misc]
        other = Sighting(tuple(Block(f"{number:032}", "x") for number in range(991, 995)), (), "d0", NOON)
        old.write(lambda session: learning.note(session, [other]))
        used = Sighting((), (block.digest,), "d0", NOON + timedelta(days=9))
        old.write(lambda session: learning.note(session, [used]))
        with old.read() as session:
            assert boilerplate.learned(session) == {block.digest}
            [line] = boilerplate.list_blocks(session, BlockState.LEARNED, 10)
        assert old.write(lambda session: boilerplate.forget(session, line.id, "eva"))
    assert len(catch.found) > 6
    assert_indexed(old, catch)


def set_states(session: Session, state: str) -> None:
    session.execute(text(f"UPDATE webhook_delivery SET state = '{state}' WHERE id = 1"))
    session.execute(text("UPDATE job SET state = 'done' WHERE subject = 'webhook:1'"))


def test_the_statements_of_the_feed_and_of_webhooks_use_indexes(old: Store, catch: Catch) -> None:
    clock, later = FakeClock(), NOON + timedelta(days=40)
    publisher = Publisher(old, clock, timedelta(days=30))
    with catch.named("webhooks"):
        create = partial(
            webhook_actions.create, name="x", url="https://x.example", types=[*FeedType], actor="x", now=NOON
        )
        assert old.write(create)
        Pipeline(old, TICKETS).accept(mail(body="one more"))
        assert publisher.publish() > 0
        with old.read() as session:
            webhooks.health(session)
            webhooks.lines(session)
            webhook_deliveries.lines(session, "x", 50, 1000)
            assert webhook_deliveries.message(session, 1, NOON) is not None
            feed.read(session, Cursor(100, 100, 100, 100), Gaps())
        for state in ("pending", "failed"):
            old.write(partial(set_states, state=state))
            old.write(lambda session: webhook_deliveries.prune(session, later, 100))
    assert len(catch.found) > 10
    assert_indexed(old, catch)


def test_a_statement_that_scans_a_table_is_found(old: Store, catch: Catch) -> None:
    bad = (
        "SELECT id FROM ticket WHERE subject = 'x'",
        "SELECT id FROM ticket WHERE subject = 'x' ORDER BY id DESC LIMIT 5",
        "SELECT id FROM ticket WHERE status = 'OPEN'",
        "SELECT avg(length(text)) FROM message",
        "SELECT t.id FROM ticket t JOIN decision d ON d.actor = t.subject WHERE t.id = 5",
    )
    if old.engine.dialect.name == "postgresql":
        # While no job waits, the index of ready jobs is smaller than the primary key.
        bad += ("UPDATE job SET beat = 0 WHERE id = 5 AND state = 'ready' AND due_at <= '2026-01-01'",)
    with old.engine.begin() as connection:
        for sql in bad:
            connection.execute(text(sql))
    with pytest.raises(AssertionError) as caught:
        assert_indexed(old, catch)
    assert [sql for sql in bad if sql not in str(caught.value)] == []


def test_the_migrations_lead_to_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_index_is_partial_if_its_model_says_so(store: Store) -> None:
    # Alembic does not compare this between schema and models.
    where, found = f"{store.engine.dialect.name}_where", inspect(store.engine)
    for table in Base.metadata.tables.values():
        there = {index["name"]: index.get("dialect_options", {}).get(where) for index in found.get_indexes(table.name)}
        for index in table.indexes:
            wanted = index.dialect_options[store.engine.dialect.name]["where"]
            assert _words(there[index.name]) == _words(wanted), index.name


def _words(condition: object) -> str:
    """Return a condition without the casts and brackets of PostgreSQL."""
    words = str(condition).replace("<>", "!=").replace("::text", "").replace("::character varying", "")
    return "".join(words.replace("(", "").replace(")", "").split())


def assert_indexed(store: Store, catch: Catch) -> None:
    bad = faults(store.engine, list(catch.found.values()))
    assert not bad, "\n".join(["", *bad])
