"""Fixtures: the command with its own store."""

import os
from pathlib import Path

import pytest

from daemon.store.store import Store
from tests.support.cli import Case
from tests.support.csv_files import write_csv

CONFIG = """
[[rules]]
name = "debited, not credited"
category = "Payments"
priority = "High"
phrases = ["debited but not credited"]
"""
# The words of the few examples of each category.
WORDS = {"Payments": "invoice refund charged", "Login": "password locked code"}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the command to an empty directory, and return it."""
    for name in [name for name in os.environ if name.startswith("TRIAGED_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    (home / "triaged.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def case(bare: Path, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Case:
    """Give the command a store."""
    return _case(bare, sqlite_store, monkeypatch, capsys)


@pytest.fixture
def case_anywhere(
    bare: Path, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Case:
    """Give the command a store, on each database."""
    return _case(bare, store, monkeypatch, capsys)


@pytest.fixture
def trained(bare: Path, case: Case, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Let triage learn from a few examples: this is about the commands, not about the model."""
    folder = bare / "examples"
    folder.mkdir()
    rows = [
        [f"{word} {number}", f"my {word} and {words}", category]
        for category, words in WORDS.items()
        for number in range(6)
        for word in words.split()
    ]
    write_csv(folder / "few.csv", rows)
    monkeypatch.setenv("TRIAGED_TRIAGE__EXAMPLES", str(folder))
    return case


def _case(bare: Path, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Case:
    monkeypatch.setenv("TRIAGED_DATABASE__URL", store.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(bare / "var"))
    return Case(store, capsys)
