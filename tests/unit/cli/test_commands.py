"""The command files: one per command, none imports another, and shared code is in support/."""

import ast
from pathlib import Path

import pytest

from daemon.cli import COMMANDS, module_of
from tests.support.paths import ROOT

FILES = sorted(path for path in (ROOT / "daemon" / "cli").glob("*.py") if path.name != "__init__.py")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_each_command_has_one_file_of_its_name() -> None:
    assert sorted(path.stem for path in FILES) == sorted(module_of(name) for _, name, _ in COMMANDS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_command_file_imports_no_other_command_file(path: Path) -> None:
    assert _imports(path) & {f"daemon.cli.{other.stem}" for other in FILES} == set()
