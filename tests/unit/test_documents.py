"""The documents are short where they must be, complete, and their links lead somewhere."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from daemon.cli import COMMANDS, cli
from tests.support.paths import ROOT
from workers.transports.servers import Fault

README_LINES = 150
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
# A command line: in a block, after the path of the program, or quoted.
COMMAND = re.compile(r"(?:^    |/bin/|`)(triaged [^`\n#|&]*)", re.MULTILINE)
PATH = re.compile(r"`((?:daemon|workers|tests|config|docs|templates|systemd)/[\w./-]+)(?:::(\w+))?`")
TARGET = re.compile(r"(?:^    |`)make ([a-z-]+)", re.MULTILINE)
EVENT = re.compile(r"`([^`]+)`")
LOGS = {"log", "_log", "limited"}
ALARMING = ("warning", "error", "exception")
LEVELS = ("info", *ALARMING)
# Events that a function is given.
PASSED_ON = {
    "poller.py": ("mailbox login refused", "mailbox waits for the database", "mailbox connection lost"),
    "servers.py": tuple(fault.value for fault in Fault),
}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= README_LINES


def test_the_tree_in_architecture_lists_exactly_the_modules() -> None:
    text, folder, listed = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8"), "", set()
    for line in text.split("## The tree")[1].split("\n## ")[0].splitlines():
        if match := re.match(r"\*\*(.+)/\*\*", line):
            folder = match[1]
        elif match := re.match(r"- `(.+?)`", line):
            listed.add(f"{folder}/{match[1]}")
    modules = {
        str(path.relative_to(ROOT))
        for root in ("daemon", "workers")
        for path in (ROOT / root).rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    }
    assert listed == modules


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_of_the_project(document: Path) -> None:
    missing = [link for link in LINK.findall(document.read_text("utf-8")) if not (document.parent / link).exists()]
    assert missing == []


def test_every_test_that_the_threat_table_names_exists() -> None:
    named = NAMED_TEST.findall((ROOT / "SECURITY.md").read_text("utf-8"))
    missing = [f"{path}::{name}" for path, name in named if not _defines(path, name)]
    assert len(named) > 40
    assert missing == []


def test_every_row_of_the_threat_table_names_a_test() -> None:
    table = (ROOT / "SECURITY.md").read_text("utf-8").split("| threat |")[1].split("\n\n")[0]
    rows = table.splitlines()[2:]
    assert [row for row in rows if not NAMED_TEST.search(row)] == []


def _defines(path: str, name: str) -> bool:
    file = ROOT / path
    return file.is_file() and f"def {name}(" in file.read_text("utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_and_option_in_a_document_exists(document: Path) -> None:
    wrong = [line for line in COMMAND.findall(document.read_text("utf-8")) if not _exists(line.split()[1:])]
    assert wrong == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_test_that_a_document_names_exists(document: Path) -> None:
    named = PATH.findall(document.read_text("utf-8"))
    wrong = [path for path, test in named if not (_defines(path, test) if test else _is_file(path))]
    assert wrong == []


def _is_file(path: str) -> bool:
    """Say whether a path is a file or folder, also without its ".py"; LANGUAGE stands for any language."""
    found = ROOT / path.replace("LANGUAGE", "de")
    return found.exists() or found.with_suffix(".py").exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_in_a_document_exists(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) | {f"score-{name}" for name in _scores(makefile)}
    assert set(TARGET.findall(document.read_text("utf-8"))) - targets == set()


def _scores(makefile: str) -> list[str]:
    return makefile.split("addprefix score-,")[1].partition(")")[0].split()


def _exists(words: list[str]) -> bool:
    """Say whether the words are a command of triaged, with options that it has."""
    command: click.Command = cli
    context = click.Context(cli)
    while words:
        word, *words = words
        if word.startswith("-"):
            known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
            if word.partition("=")[0] not in known | {"--help"}:
                return False
        elif isinstance(command, click.Group):
            found = command.get_command(context, word)
            if found is not None:
                command = found
            elif command is not cli or not _is_value(word):
                return False
    return True


def _is_value(word: str) -> bool:
    """Say whether a word is the value of an option before the command, or stands for any command."""
    return "/" in word or word in {"...", '"$@"', "FILE"}


def test_every_event_that_the_operations_name_is_logged_somewhere() -> None:
    assert explained() - {event for level in LEVELS for event in logged(level)} == set()


def test_the_operations_explain_every_warning_and_error() -> None:
    alarming = {event for level in ALARMING for event in logged(level)}
    assert len(alarming) > 60
    assert alarming - explained() == set()


def explained() -> set[str]:
    """Return the events in the table of docs/OPERATIONS.md."""
    text = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
    rows = text.split("| event | level |")[1].split("\n\n")[0].splitlines()[2:]
    return {event for row in rows for event in EVENT.findall(row.split("|")[1])}


def logged(level: str) -> Iterator[str]:
    """Yield the events of the log at a level."""
    for name, tree in parsed().items():
        for event in _first_arguments(tree, level):
            if isinstance(event, ast.Constant):
                yield str(event.value)
            else:
                yield from PASSED_ON[Path(name).name]


@cache
def parsed() -> dict[str, ast.Module]:
    """Return each module of the product by its path."""
    paths = [path for root in ("daemon", "workers") for path in sorted((ROOT / root).rglob("*.py"))]
    return {str(path): ast.parse(path.read_text("utf-8")) for path in paths}


def _first_arguments(tree: ast.Module, level: str) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr=attr, value=ast.Name(id=log) | ast.Attribute(attr=log)), args=[event, *_]
            ) if attr == level and log in LOGS:
                yield event


def test_every_command_is_in_a_document_for_admins() -> None:
    text = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("OPERATIONS.md", "API.md"))
    missing = [name for name in _command_names() if f"triaged {name}" not in text]
    assert missing == []


def _command_names() -> Iterator[str]:
    for _, name, _ in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        if isinstance(command, click.Group) and not command.invoke_without_command:
            yield from (f"{name} {each}" for each in command.commands)
        else:
            yield name


def test_every_problem_of_health_is_explained() -> None:
    source = (ROOT / "daemon" / "tickets" / "health.py").read_text("utf-8")
    keys = set(re.findall(r'Problem\(\s*f?"([a-z-]+)', source))
    text = (ROOT / "docs" / "OPERATIONS.md").read_text("utf-8")
    assert len(keys) > 8
    assert {key for key in keys if f"| `{key}" not in text} == set()
