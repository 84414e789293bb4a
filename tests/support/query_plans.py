"""Explain statements, and say which of them read more the longer a helpdesk has run.

A table that grows must be read through an index that the statement's own conditions choose. Walking an ordered index
to its limit will do only where no condition lets the walk pass over rows.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event

from daemon.store.models import Base

BOUNDED: Final = frozenset(
    {"alarm", "imap_cursor", "imap_lease", "imap_unreadable", "signing_key", "webhook", "alembic_version"}
)
GROWING: Final = frozenset(Base.metadata.tables) - BOUNDED

# A search by one of these finds more the longer the helpdesk runs: it has to end at a limit, without sorting first.
COARSE: Final = frozenset(
    {"ticket_by_status", "ticket_by_team", "ticket_by_team_status", "ticket_by_category", "ix_ticket_created_at"}
    | {"inbound_by_disposition", "decision_by_author", "delivery_by_kind"}
)
# These hold only what is unfinished, or rare.
PARTIAL: Final = frozenset(
    str(index.name)
    for table in Base.metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
)

# Statements that may walk past rows or read a coarse index, and why that stays short.
EXCUSED: Final = {
    r"FROM inbound WHERE inbound\.source =": "the row was written in the same transaction: it is among the newest",
    r"FROM delivery LEFT OUTER JOIN ticket ON ticket\.id = delivery\.ticket_id WHERE delivery\.state = \S+ ORDER BY": (
        "it lists sent emails; most are"
    ),
    r"FROM job WHERE job\.state = \S+( AND job\.kind = \S+)? ORDER BY job\.id DESC": "it lists done jobs; most are",
    r"FROM delivery WHERE delivery\.mailbox IN .* FOR UPDATE": "it looks for digests of the last day: 96 to each team",
    r"FROM \(SELECT ticket\.category AS category\s+FROM ticket\s+WHERE ticket\.status = \S+\s+LIMIT": (
        "it groups the rows of a limit"
    ),
    r"FROM decision AS decision_1 JOIN decision AS decision_2": "its limit is far above what people correct in a test",
}

PLANNER: Final = (
    *("enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off"),
    # What counts is how many rows are read: in a small database all pages are near.
    *("seq_page_cost = 0", "random_page_cost = 0"),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it went to the database, and what caused it."""

    sql: str
    parameters: Any
    cause: str

    @property
    def excused(self) -> bool:
        return any(re.search(pattern, " ".join(self.sql.split())) for pattern in EXCUSED)


class Catch:
    """Remembers each statement to the database of an engine once, whatever engine it goes through."""

    def __init__(self, engine: Engine) -> None:
        self._url = engine.url
        self.found: dict[str, Statement] = {}
        self._cause = ""

    @contextmanager
    def listening(self) -> Iterator["Catch"]:
        """Listen to all engines: commands make their own. Those of other tests have other databases."""
        event.listen(Engine, "before_cursor_execute", self._note)
        yield self
        event.remove(Engine, "before_cursor_execute", self._note)

    def _note(self, connection: Connection, _cursor: object, sql: str, parameters: Any, *context: Any) -> None:
        many = context[-1]
        if connection.engine.url == self._url and sql.lstrip().split(None, 1)[0].upper() in {
            "SELECT",
            "UPDATE",
            "DELETE",
            "WITH",
        }:
            self.found.setdefault(sql, Statement(sql, parameters[0] if many else parameters, self._cause))

    @contextmanager
    def named(self, cause: str) -> Iterator[None]:
        self._cause = cause
        yield
        self._cause = ""


def faults(engine: Engine, statements: list[Statement]) -> list[str]:
    """Return what is wrong with the plans of these statements, each with the statement."""
    with _plain(engine) as connection:
        if connection.dialect.name == "postgresql":
            for setting in PLANNER:
                connection.exec_driver_sql(f"SET {setting}")
            return _all_faults(connection, statements, _explain_postgresql)
        # In service SQLite plans without statistics; somebody may give it some.
        found = _all_faults(connection, statements, _explain_sqlite)
        connection.exec_driver_sql("ANALYZE")
        return found + _all_faults(connection, statements, _explain_sqlite)


@contextmanager
def _plain(engine: Engine) -> Iterator[Connection]:
    """Give a connection that begins no transaction of its own."""
    other = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        yield connection
    other.dispose()


def _all_faults(
    connection: Connection, statements: list[Statement], explain: Callable[[Connection, Statement], Iterator[str]]
) -> list[str]:
    return [
        f"{statement.cause}: {fault}\n{statement.sql}\n"
        for statement in statements
        if not statement.excused
        for fault in explain(connection, statement)
    ]


def _explain_sqlite(connection: Connection, statement: Statement) -> Iterator[str]:
    """Yield what is wrong with a plan (https://www.sqlite.org/eqp.html)."""
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters)]
    ends = " LIMIT " in statement.sql and not any("TEMP B-TREE" in line for line in plan)
    for line in plan:
        read = re.match(r"(SCAN|SEARCH) \(?(\w+?)(?:_\d+)?\b(?:.* INDEX (\w+))?", line)
        if not read:
            continue
        how, name, index = read.groups()
        walks = ends and "WHERE" not in statement.sql
        if how == "SCAN" and _may_grow(name) and index not in PARTIAL and not walks:
            yield f"SQLite reads all of {name}: {plan}"
        if index in COARSE and not ends:
            yield f"SQLite reads all that {index} has: {plan}"
        if "AUTOMATIC" in line:
            yield f"SQLite has to make an index: {plan}"


def _may_grow(name: str) -> bool:
    """Say whether a table, or what an alias may stand for, is one of those that grow."""
    return name not in BOUNDED | {"CONSTANT", "anon", "subquery"}


def _explain_postgresql(connection: Connection, statement: Statement) -> Iterator[str]:
    told = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.parameters).scalar_one()
    plan = told if isinstance(told, list) else json.loads(told)
    yield from _node_faults(plan[0]["Plan"], limited=False)


def _node_faults(node: dict[str, Any], *, limited: bool) -> Iterator[str]:
    """Yield what is wrong with a node of a plan; `limited` says that a LIMIT above it ends its reading early."""
    kind, table, index = node["Node Type"], node.get("Relation Name"), node.get("Index Name")
    if kind == "Seq Scan" and table in GROWING:
        yield f"PostgreSQL reads all of {table}"
    if index is not None and table not in BOUNDED:
        yield from _index_faults(node, index, limited=limited)
    passes = kind == "Limit" or (limited and kind in {"Incremental Sort", "LockRows", "Nested Loop", "Subquery Scan"})
    for inner in node.get("Plans", ()):
        yield from _node_faults(inner, limited=passes)


def _index_faults(node: dict[str, Any], index: str, *, limited: bool) -> Iterator[str]:
    condition, passed_over = node.get("Index Cond", ""), node.get("Filter", "")
    if "(id = " in condition + passed_over and not index.endswith("_pkey"):
        yield f"PostgreSQL reads along {index} although the id is given"
    if index in COARSE and not limited:
        yield f"PostgreSQL reads all that {index} has"
    if condition or index in PARTIAL:
        return
    if passed_over:
        yield f"PostgreSQL walks along {index} and passes over what is not {passed_over}"
    elif not limited:
        yield f"PostgreSQL reads all of {index}"
