"""The queries of the store only read: what writes is a statement of its table, or a use case."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FILES = sorted((ROOT / "daemon" / "store" / "queries").glob("*.py"))
# Functions that make a statement which writes, and methods of a session or of the rows of a table.
WRITING_FUNCTIONS = frozenset(("insert", "insert_or_ignore", "update", "delete"))
WRITING_METHODS = frozenset(("add", "add_all", "flush", "merge", "rows"))


def writes(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in WRITING_FUNCTIONS:
                yield f"{name}()"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="session" | "jobs" | "events" as owner), attr=name)) if (
                name in WRITING_METHODS
            ):
                yield f"{owner}.{name}()"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_query_writes_nothing(path: Path) -> None:
    assert list(writes(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    ["session.execute(update(Alarm).values(text=text))", "session.add(row)", "jobs.add(session, [new])", "delete(ROW)"],
)
def test_a_line_that_writes_is_noticed(line: str) -> None:
    assert list(writes(line)) != []


@pytest.mark.parametrize("line", ["session.execute(select(ROW))", "found.update({1: 2})", "seen.add(row.id)"])
def test_a_line_that_reads_is_allowed(line: str) -> None:
    assert list(writes(line)) == []
