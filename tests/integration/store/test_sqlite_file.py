"""The files of SQLite: private whatever the umask, and no write succeeds once they are removed or replaced."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from daemon.store.errors import UNREACHABLE
from daemon.store.models import InboundRow
from daemon.store.sqlite_file import SqliteFile
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.smtp_client import Running


@pytest.fixture
def lenient_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def path_of(store: Store) -> Path:
    assert store.engine.url.database
    return Path(store.engine.url.database)


def write(store: Store) -> None:
    store.write(lambda session: session.execute(text("DELETE FROM alarm")) and None)


def remove(path: Path) -> None:
    path.unlink()


def remove_all(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.mkdir()


def replace(path: Path) -> None:
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    copy.replace(path)


def move_away(path: Path) -> None:
    path.parent.rename(path.parent.with_name(f"{path.parent.name}-moved"))


def remove_log(path: Path) -> None:
    Path(f"{path}-wal").unlink()


LOSSES = [remove, remove_all, replace, move_away, remove_log]


@pytest.fixture
def own_store(sqlite_url: str, tmp_path: Path) -> Iterator[Store]:
    """Return a store in a directory that a test may remove."""
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), state / "triaged.db")
    opened = Store(f"sqlite:///{state / 'triaged.db'}")
    yield opened
    opened.close()


@pytest.mark.parametrize("lose", LOSSES)
def test_an_email_is_refused_once_the_database_file_is_lost(own_store: Store, lose: Callable[[Path], None]) -> None:
    with Running(own_store) as running, running.client() as client:
        client.hello()
        assert client.deliver(mail()).startswith("250 2.0.0")
        assert not own_store.is_lost()
        lose(path_of(own_store))
        assert own_store.is_lost()
        replies = {client.deliver(mail()) for _ in range(3)}
    assert replies == {"451 4.3.0 Temporary server error, try again later"}


def test_a_file_that_comes_back_takes_writes_again(own_store: Store) -> None:
    path = path_of(own_store)
    write(own_store)
    moved = path.parent.with_name("moved")
    path.parent.rename(moved)
    with pytest.raises(OperationalError, match="was removed or replaced while it was open"):
        write(own_store)
    moved.rename(path.parent)
    write(own_store)


def test_a_lost_file_is_an_error_that_may_pass(own_store: Store) -> None:
    write(own_store)
    path_of(own_store).unlink()
    with pytest.raises(UNREACHABLE):
        write(own_store)


def test_a_log_that_sqlite_removed_with_its_last_connection_is_no_loss(own_store: Store) -> None:
    write(own_store)
    own_store.engine.pool.dispose()
    assert not Path(f"{path_of(own_store)}-wal").exists()
    write(own_store)


def test_another_process_that_comes_and_goes_is_no_loss(own_store: Store) -> None:
    write(own_store)
    other = Store(str(own_store.engine.url))
    write(other)
    write(other)
    other.close()
    write(own_store)
    with own_store.read() as session:
        assert session.execute(select(InboundRow.id)).all() == []


@pytest.mark.usefixtures("lenient_umask")
def test_the_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "triaged.db"
    store = Store(f"sqlite:///{path}")
    store.write(lambda session: session.execute(text("CREATE TABLE t (id INTEGER)")) and None)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    store.close()
    assert modes == dict.fromkeys(("triaged.db", "triaged.db-wal", "triaged.db-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_files_that_others_could_read_become_private(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.chmod(0o644)
    store = Store(sqlite_url)
    write(store)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob("triaged.db*")}
    store.close()
    assert modes == {0o600}


def test_a_device_named_as_the_database_keeps_its_rights(tmp_path: Path) -> None:
    device = tmp_path / "device"
    os.mkfifo(device)
    device.chmod(0o666)
    SqliteFile(device).prepare()
    assert stat.S_IMODE(device.stat().st_mode) == 0o666
