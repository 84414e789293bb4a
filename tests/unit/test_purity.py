"""What decides is pure: no clock, no randomness, no files, no network, no settings; the same input, the same answer."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PURE = (
    "daemon/mail",
    "daemon/facts.py",
    "daemon/text.py",
    "daemon/snapshots.py",
    "daemon/vocabulary.py",
    "daemon/tickets/authorization.py",
    "daemon/tickets/answer_decision.py",
    "daemon/tickets/disposition.py",
    "daemon/tickets/address_teams.py",
    "daemon/tickets/health.py",
    "daemon/tickets/readers.py",
    "workers/notify/alert.py",
    "workers/notify/announcement.py",
    "workers/notify/answer_mail.py",
    "workers/notify/answer_view.py",
    "workers/notify/background_view.py",
    "workers/notify/compose.py",
    "workers/notify/contexts.py",
    "workers/notify/conversation_view.py",
    "workers/notify/customer_view.py",
    "workers/notify/digest_view.py",
    "workers/notify/question_view.py",
    "workers/notify/excerpt.py",
    "workers/notify/headers.py",
    "workers/notify/links.py",
    "workers/notify/mime.py",
    "workers/notify/outgoing.py",
    "workers/notify/phrases.py",
    "workers/notify/plan.py",
    "workers/notify/reasons.py",
    "workers/notify/refusals.py",
    "workers/notify/sanitize.py",
    "workers/notify/sign_in_view.py",
    "workers/notify/similar_view.py",
    "workers/notify/team_view.py",
    "workers/notify/wording.py",
    "workers/triage",
)
IMPURE_MODULES = frozenset(
    (
        # the standard library
        *("asyncio", "fcntl", "getpass", "glob", "importlib", "logging", "os", "pathlib", "platform", "random"),
        *("secrets", "shutil", "signal", "smtplib", "socket", "ssl", "subprocess", "sys", "tempfile", "threading"),
        *("time", "urllib.request", "uuid"),
        # libraries and settings
        *("aiosmtpd", "alembic", "config", "dramatiq", "imapclient", "joblib", "redis", "sqlalchemy", "structlog"),
    )
)
IMPURE_FUNCTIONS = frozenset(("input", "open", "print"))
CLOCK_METHODS = frozenset(("now", "today", "utcnow"))

FILES = sorted(
    path for pure in PURE for path in ([ROOT / pure] if pure.endswith(".py") else (ROOT / pure).rglob("*.py"))
)


def is_impure(module: str) -> bool:
    return any(module == impure or module.startswith(f"{impure}.") for impure in IMPURE_MODULES)


def impurities(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if is_impure(name.name))
            case ast.ImportFrom(module=str(module)) if is_impure(module):
                yield module
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_FUNCTIONS:
                yield f"{name}()"
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCK_METHODS:
                yield f"{name}()"


def imported(source: str) -> Iterator[Path]:
    """Yield the files of this project that a module imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in {"daemon", "workers"}:
            for name in node.names:
                module, member = (ROOT / node.module.replace(".", "/"), name.name)
                yield module / f"{member}.py" if (module / f"{member}.py").exists() else module.with_suffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_module_reads_no_clock_file_network_or_setting(path: Path) -> None:
    assert list(impurities(path.read_text("utf-8"))) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_module_imports_only_pure_modules_of_ours(path: Path) -> None:
    assert sorted(str(file.relative_to(ROOT)) for file in set(imported(path.read_text("utf-8"))) - set(FILES)) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "import os.path",
        "from pathlib import Path",
        "from config.settings import Settings",
        "at = datetime.now(UTC)",
        "day = date.today()",
        "text = open(name).read()",
    ],
)
def test_an_impure_line_is_noticed(line: str) -> None:
    assert list(impurities(line)) != []


@pytest.mark.parametrize(
    "line", ["from datetime import datetime", "age = facts.now - since", "text = name.replace(a, b)"]
)
def test_a_pure_line_is_allowed(line: str) -> None:
    assert list(impurities(line)) == []
