"""An installation that grows takes everything along from SQLite to PostgreSQL, or nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, make_url, select, text, update

from daemon.store.engine import make_engine
from daemon.store.maintenance.transfer import TABLES
from daemon.store.models import Ticket
from daemon.store.store import Store
from daemon.system.lock import StateLock
from tests.support.cli import Case, Outcome
from tests.support.emails import inbound, mail

GERMAN = "Grüße, 5 € \N{PARTY POPPER}, und ein NUL: \0."


@pytest.fixture
def grown(case: Case) -> Case:
    """Store tickets, one of which was merged into a later one, a duplicate, an email that waits, and a parked one."""
    raw = mail(message_id="<first@customer.example>", body=GERMAN)
    ticket, _ = case.opened(inbound(raw))
    case.plan_mail(ticket, case.decide(ticket))
    case.accept(inbound(mail(subject="Re: Payment failed", body="news?", in_reply_to="<first@customer.example>")))
    case.accept(inbound(raw))
    case.accept(inbound(mail(subject="away", headers=("Auto-Submitted: auto-replied",))))
    other, _ = case.opened(inbound(mail(subject="pending", body="still")))
    case.park(inbound(mail(subject="odd")))
    case.store.write(
        lambda session: session.execute(update(Ticket).where(Ticket.id == ticket).values(related_id=other))
    )
    assert case.run("tokens", "create", "shop", "--scope", "tickets:read").code == 0
    return case


@pytest.fixture
def moved(grown: Case, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    monkeypatch.setenv("TRIAGED_DATABASE__URL", postgres_url)
    return grown.run("db", "import", str(file_of(grown)))


def file_of(case: Case) -> Path:
    return Path(make_url(str(case.store.engine.url)).database or "")


def rows(url: str) -> dict[str, list[dict[str, Any]]]:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = {
            one.name: [dict(row) for row in connection.execute(select(one).order_by(*one.primary_key)).mappings()]
            for one in TABLES
        }
    engine.dispose()
    return found


def test_every_row_of_every_table_is_there_and_verified(grown: Case, moved: Outcome, postgres_url: str) -> None:
    assert moved.code == 0, moved.err
    assert f"imported from {file_of(grown)}" in moved.out
    theirs = rows(postgres_url)
    assert theirs == rows(f"sqlite:///{file_of(grown)}")
    assert len(theirs["inbound"]) == 6
    assert grown.run("db", "verify").code == 0
    with closing(Store(postgres_url)) as store:
        tables = set(inspect(store.engine).get_table_names())
    assert tables == {*theirs, "alembic_version"}


def test_new_rows_get_new_ids_and_references_are_checked_again(moved: Outcome, postgres_url: str) -> None:
    assert moved.code == 0, moved.err
    with closing(Store(postgres_url)) as store, store.engine.begin() as connection:
        newest = connection.execute(text("SELECT max(id) FROM event")).scalar_one()
        insert = "INSERT INTO event (kind, at, data) VALUES ('note', now(), '{}') RETURNING id"
        assert connection.execute(text(insert)).scalar_one() == newest + 1
        references = connection.execute(text("SELECT count(*) FROM pg_constraint WHERE contype = 'f'")).scalar_one()
    assert references == sum(len(one.foreign_keys) for one in TABLES)


def test_a_file_is_read_whatever_its_name_is(grown: Case, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = file_of(grown).with_name("old? 50%20.db")
    with closing(sqlite3.connect(file_of(grown))) as source, closing(sqlite3.connect(file)) as target:
        source.backup(target)
    monkeypatch.setenv("TRIAGED_DATABASE__URL", postgres_url)
    done = grown.run("db", "import", str(file))
    assert done.code == 0, done.err
    assert rows(postgres_url)["ticket"]


def test_what_is_in_postgresql_is_never_mixed_with_what_is_imported(grown: Case, moved: Outcome) -> None:
    assert moved.code == 0, moved.err
    again = grown.run("db", "import", str(file_of(grown)))
    assert again.code == 65
    assert "is not empty" in again.err


def test_a_reference_to_nothing_ends_the_import_and_leaves_nothing(
    grown: Case, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The driver itself checks no references.
    with closing(sqlite3.connect(file_of(grown))) as connection:
        connection.execute("UPDATE ticket SET related_id = 99 WHERE id = 1")
        connection.commit()
    monkeypatch.setenv("TRIAGED_DATABASE__URL", postgres_url)
    outcome = grown.run("db", "import", str(file_of(grown)))
    assert outcome.code == 65
    assert "related_id" in outcome.err
    assert not any(rows(postgres_url).values())


def test_a_database_that_is_in_use_is_refused(grown: Case, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_DATABASE__URL", postgres_url)
    with closing(StateLock(file_of(grown).parent)):
        outcome = grown.run("db", "import", str(file_of(grown)))
    assert outcome.code == 75
    assert "is in use by the daemon" in outcome.err


def test_the_schema_of_another_version_is_refused(
    grown: Case, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with grown.store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0012'"))
    monkeypatch.setenv("TRIAGED_DATABASE__URL", postgres_url)
    outcome = grown.run("db", "import", str(file_of(grown)))
    assert outcome.code == 78
    assert "is at 0012" in outcome.err


def test_wrong_settings_and_files_are_one_line(
    grown: Case, postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    to_sqlite = grown.run("db", "import", str(file_of(grown)))
    assert (to_sqlite.code, "database.url" in to_sqlite.err) == (78, True)
    monkeypatch.setenv("TRIAGED_DATABASE__URL", postgres_url)
    assert grown.run("db", "import", str(tmp_path / "nothing.db")).code == 66
    (tmp_path / "text.db").write_text("no database at all, but a text\n" * 99)
    no_database = grown.run("db", "import", str(tmp_path / "text.db"))
    assert no_database.code == 65
    assert no_database.err.count("\n") == 1
