"""Retired words stay out of file names and public names: the field has a term for each of them."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

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
    "trouble": "problem, fault or outage",
    "standing": "model status",
    "ledgers": "lists",
    "promise": "new job",
    "patient": "linger",
    "mails": "emails",
    "octets": "bytes",
    "untell": "mark unsent",
    "hurry": "flush",
    "company": "batch",
    "press": "button",
    "heard": "the people of the last email",
}
# Names that mean something else.
ALLOWED = {"NEW_COMPANY_DISCOUNT"}
FILES = sorted(path for folder in ("daemon", "workers", "config") for path in (ROOT / folder).rglob("*.py"))


def words(name: str) -> set[str]:
    """Return the words of a snake_case or CamelCase name, in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def public_names(tree: ast.AST) -> Iterator[str]:
    """Yield the names of classes, functions, their parameters, constants, and fields such as settings."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name, args=args) | ast.AsyncFunctionDef(name=name, args=args):
                yield name
                yield from (each.arg for each in (*args.posonlyargs, *args.args, *args.kwonlyargs))
            case ast.ClassDef(name=name, body=body):
                yield name
                yield from assigned(body)
            case ast.Module(body=body):
                yield from assigned(body)


def assigned(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def is_public(name: str) -> bool:
    return not name.startswith("_") and name not in ALLOWED


@cache
def trees() -> list[ast.Module]:
    """Parse the files once, in the process that runs these tests and not in each that collects them."""
    return [ast.parse(path.read_text("utf-8")) for path in FILES]


@cache
def names() -> list[str]:
    return sorted({name for tree in trees() for name in public_names(tree) if is_public(name)})


def test_the_words_of_a_name_are_found() -> None:
    assert words("HealthMonitor") == {"health", "monitor"}
    assert words("mark_unsent") == {"mark", "unsent"}


@pytest.mark.parametrize("word", RETIRED)
def test_a_retired_word_names_no_file_and_nothing_public(word: str) -> None:
    files = [path.name for path in FILES if word in words(path.stem)]
    assert files == [], f"say {RETIRED[word]}"
    assert [name for name in names() if word in words(name)] == [], f"say {RETIRED[word]}"


def test_no_name_of_the_api_has_a_retired_word() -> None:
    found = set(documented(json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))))
    assert {"Counts", "tickets", "cursor"} <= found
    assert [name for name in sorted(found) if words(name) & RETIRED.keys()] == []


def documented(node: Any) -> Iterator[str]:
    """Yield the names of schemas, fields and parameters of an OpenAPI document."""
    match node:
        case {"name": str(name), "in": str()}:
            yield name
        case dict():
            for key, value in node.items():
                if key in {"schemas", "properties"}:
                    yield from value
                yield from documented(value)
        case list():
            for each in node:
                yield from documented(each)


def test_no_key_of_a_dictionary_has_a_retired_word() -> None:
    """Commands with --json print them."""
    keys = {key for tree in trees() for key in dictionary_keys(tree)}
    assert len(keys) > 50
    assert [key for key in sorted(keys) if words(key) & RETIRED.keys()] == []


def dictionary_keys(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


@pytest.mark.parametrize(
    "line", ["MAX_PRESS = 3", "press: int = 3", "def f(press: int) -> None: ...", "class Press:\n    press = 3"]
)
def test_a_public_name_is_found(line: str) -> None:
    assert {"press", "max"} & {word for name in public_names(ast.parse(line)) for word in words(name)}


def test_no_event_of_the_log_and_no_metric_has_a_retired_word() -> None:
    said = {text for tree in trees() for text in logged(tree)}
    assert len(said) > 50
    assert [text for text in sorted(said) if set(text.lower().replace("_", " ").split()) & RETIRED.keys()] == []


def logged(tree: ast.AST) -> Iterator[str]:
    """Yield the events of the log and the names of metrics."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="debug" | "info" | "warning" | "error" | "exception"),
                args=[ast.Constant(value=str(text)), *_],
            ):
                yield text
            case ast.Constant(value=str(text)) if re.fullmatch(r"triaged_[a-z_]+", text):
                yield text
