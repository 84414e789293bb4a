"""Fixtures: the command with its own store."""

import os
from pathlib import Path

import pytest

from daemon.store.store import Store
from tests.support.cli import Case

CONFIG = """
[[rules]]
name = "debited, not credited"
category = "Payments"
priority = "High"
phrases = ["debited but not credited"]
"""


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


def _case(bare: Path, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Case:
    monkeypatch.setenv("TRIAGED_DATABASE__URL", store.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(bare / "var"))
    return Case(store, capsys)
