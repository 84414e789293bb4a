"""The store: an engine, one writer, and readers."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from daemon.store.engine import make_engine
from daemon.store.sql import WRITER
from daemon.store.sqlite_file import sqlite_file
from daemon.store.writer import BatchFn, Writer

Item = TypeVar("Item")
T = TypeVar("T")


class Store:
    """The database of one process. All writes go through one group-committing writer."""

    def __init__(self, url: str) -> None:
        self._file = sqlite_file(url)
        self.engine: Engine = make_engine(url, self._file)
        readers = self.engine.execution_options(readonly=True)
        if readers.dialect.name == "postgresql":
            # In the default isolation level, each statement of a transaction may see another state.
            readers = readers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._readers = sessionmaker(readers, expire_on_commit=False)
        info = {WRITER: secrets.token_hex(8)}
        self.writer = Writer(sessionmaker(self.engine, expire_on_commit=False, info=info))

    def submit(self, run: Callable[[Session], T]) -> "Future[T]":
        """Return a future that resolves once the transaction of `run` is durable."""
        return self.writer.submit(run)

    def submit_items(self, run: BatchFn[Item, T], items: Sequence[Item], *, linger: bool = False) -> "list[Future[T]]":
        """Return a future for each item; `run` writes them together with others that came at the same time.

        With `linger` they wait up to 25 ms for others to share the commit.
        """
        return self.writer.submit_items(run, items, linger=linger)

    def flush(self) -> None:
        """Commit lingering items now."""
        self.writer.flush()

    def write(self, run: Callable[[Session], T]) -> T:
        """Run a function in a transaction and return its result once that is durable."""
        return self.writer.write(run)

    def write_items(self, run: BatchFn[Item, T], items: Sequence[Item]) -> "list[Future[T]]":
        """Write items together, and return their futures once that is durable, or has failed."""
        return self.writer.write_items(run, items)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a read-only session that sees one consistent state."""
        with self._readers() as session:
            yield session

    def is_lost(self) -> bool:
        """Return whether the database file was removed or replaced since it was opened; no write succeeds then."""
        return self._file is not None and self._file.is_lost()

    def close(self) -> None:
        """Finish the submitted writes and close the connections."""
        self.writer.close()
        self.engine.dispose()
