"""Retired words stay out of file names and public names: the field has a term for each of them."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.paths import ROOT

# The word, and what to say instead.
RETIRED = {
    "brain": "model source",
    "school": "trainer",
    "heart": "heartbeat",
    "watchman": "health monitor",
    "workshop": "worker app",
    "crew": "process pool",
    "outfit": "dry run tools",
    "errands": "backfill",
    "lessons": "labelled tickets",
    "dossier": "ticket detail",
    "scoreboard": "triage stats",
    "correspondence": "snapshots",
    "understanding": "analysis",
    "lately": "recent counts",
    "fate": "outcome",
    "begun": "attempt",
    "untell": "mark unsent",
    "hurry": "flush",
    "company": "batch",
    "press": "button",
    "heard": "the people of the last email",
}
FILES = sorted(path for folder in ("daemon", "workers", "config") for path in (ROOT / folder).rglob("*.py"))


def words(name: str) -> set[str]:
    """Return the words of a snake_case or CamelCase name, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def public_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node.name


def test_the_words_of_a_name_are_found() -> None:
    assert words("HealthMonitor") == {"health", "monitor"}
    assert words("mark_unsent") == {"mark", "unsent"}


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_names_no_file_and_nothing_public(word: str) -> None:
    files = [path.name for path in FILES if word in words(path.stem)]
    names = [name for path in FILES for name in public_names(ast.parse(path.read_text("utf-8"))) if word in words(name)]
    assert files + names == [], f"say {RETIRED[word]}"
