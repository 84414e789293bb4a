"""What decides is pure: no clock, no randomness, no files, no network, no settings; the same input, the same answer."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

# The packages and modules of the contract "pure" of import-linter, which sees no clock, randomness and files.
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
PURE: list[str] = next(each["source_modules"] for each in CONTRACTS if each["name"].startswith("pure"))
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


def files_of(module: str) -> Iterator[Path]:
    path = ROOT / module.replace(".", "/")
    yield from path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]


FILES = sorted(path for module in PURE for path in files_of(module))


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


def says_pure(path: Path) -> bool:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0].endswith(" Pure.")


def test_the_contract_names_each_pure_module_once() -> None:
    assert sorted(PURE) == sorted(set(PURE))
    assert [path for path in FILES if not path.exists()] == []


def test_every_module_that_says_that_it_is_pure_is_in_the_contract() -> None:
    saying = {path for folder in ("daemon", "workers") for path in (ROOT / folder).rglob("*.py") if says_pure(path)}
    assert sorted(str(path.relative_to(ROOT)) for path in saying - set(FILES)) == []


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
