"""The verification says each thing once, and leaves alone what an admin added."""

from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from daemon.store.maintenance import schema
from daemon.store.maintenance.verify import run
from daemon.store.store import Store
from tests.support.fakes import NOON


def test_a_truncated_file_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "triaged.db"
    with closing(Store(f"sqlite:///{file}")) as store:
        schema.upgrade(store.engine)
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    with closing(Store(f"sqlite:///{file}")) as store:
        [(row, says)] = run.verify(store, NOON, lambda _: None)
    assert (row, says.startswith("cannot be read")) == ("database", True)


def test_an_index_that_the_admin_added_is_no_problem(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("CREATE INDEX ticket_by_subject ON ticket (subject)"))
    assert list(run.verify(store, NOON, lambda _: None)) == []


def test_a_missing_index_comes_with_the_statement_that_makes_it_again(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("DROP INDEX job_ready"))
    [(_, says)] = run.verify(store, NOON, lambda _: None)
    with store.engine.begin() as connection:
        connection.execute(text(says.partition("run: ")[2]))
    assert list(run.verify(store, NOON, lambda _: None)) == []
