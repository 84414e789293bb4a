"""Check the database as a whole: its file, its tables, and the small tables that everything relies on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import func, inspect, or_, select, text
from sqlalchemy.exc import DatabaseError

from daemon.store import keys
from daemon.store.maintenance import schema
from daemon.store.maintenance.verify.rule import Problem
from daemon.store.models import Base, DeliveryRow, ImapCursor, SigningKey
from daemon.store.store import Store

NAME: Final = "database"
PAGES_SHOWN: Final = 100
# An extended result code has its primary code in the lowest byte (sqlite.org/rescode.html).
PRIMARY_CODE: Final = 0xFF
SQLITE_DAMAGE: Final = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}
)
# Data corrupted, undefined file, I/O error, undefined table and column (PostgreSQL, appendix A).
POSTGRESQL_DAMAGE: Final = ("XX", "58", "42P01", "42703")


class DamageError(Exception):
    """The database cannot read what it stores, and another try does not help; the message says so."""


@contextmanager
def reading() -> Iterator[None]:
    """Turn the errors of a damaged database into DamageError; others mean that it is away, and pass."""
    try:
        yield
    except DatabaseError as error:
        if not is_damage(error):
            raise
        raise DamageError(f"cannot be read: {' '.join(str(error.orig).split())[:200]}") from error


def is_damage(error: DatabaseError) -> bool:
    """Say whether a database cannot read what it stores, and not only now: then another try does not help."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(POSTGRESQL_DAMAGE)
    # Text that is not UTF-8 has no code.
    return isinstance(error.orig, sqlite3.Error) and _code(error.orig) & PRIMARY_CODE in SQLITE_DAMAGE


def unreadable(store: Store) -> Iterator[Problem]:
    """Yield why the database cannot be read at all; nothing else can be checked then. Raises SchemaError."""
    try:
        with reading():
            there = set(inspect(store.engine).get_table_names())
            if there or store.engine.dialect.name != "sqlite":
                schema.check(store.engine)
    except DamageError as error:
        yield NAME, str(error)
        return
    missing = sorted(set(Base.metadata.tables) - there)
    if not there:
        yield NAME, "has no tables: the file was emptied or cut off, or triaged never ran on it"
    elif missing:
        yield NAME, f"lacks tables: {', '.join(missing)}"


def damaged_pages(store: Store) -> Iterator[Problem]:
    """Yield what SQLite finds wrong with the pages of its file; PostgreSQL has no such check."""
    if store.engine.dialect.name != "sqlite":
        return
    try:
        with reading(), store.read() as session:
            results = session.execute(text(f"PRAGMA quick_check({PAGES_SHOWN})")).scalars().all()
    except DamageError as error:
        results = [str(error)]
    yield from ((NAME, " ".join(str(result).split())) for result in results if result != "ok")


def small_tables(store: Store) -> Iterator[Problem]:
    """Yield missing or damaged signing keys, and cursors of mailboxes that point nowhere."""
    with store.read() as session:
        usable = func.length(SigningKey.secret) == keys.SECRET_BYTES
        lengths = session.execute(select(SigningKey.id, usable).order_by(SigningKey.id)).all()
        sent = session.execute(select(DeliveryRow.id).limit(1)).scalar_one_or_none()
        wrong = or_(ImapCursor.last_uid < 0, ImapCursor.uidvalidity < 0)
        cursors = session.execute(select(ImapCursor.account, ImapCursor.folder).where(wrong)).all()
    if not lengths and sent is not None:
        yield "signing_key", "there is none, although emails went out: no token in a reply will be recognised"
    for number, right in lengths:
        if not right:
            yield f"signing_key {number}", f"is not {keys.SECRET_BYTES} bytes long"
    for account, folder in cursors:
        yield f"imap_cursor {account}/{folder}", "is before the first email of any folder"


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
