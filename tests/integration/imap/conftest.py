"""A store, a fake intake and an IMAP server for each test of mailboxes."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from daemon.store.store import Store
from tests.support.imap import Taker
from tests.support.imap_server import ImapServer


@pytest.fixture
def store(_sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(_sqlite_template, tmp_path / "triaged.db")
    with closing(Store(f"sqlite:///{tmp_path / 'triaged.db'}")) as opened:
        yield opened


@pytest.fixture
def taker(store: Store) -> Taker:
    return Taker(store)


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as running:
        yield running
