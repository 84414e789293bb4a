"""The first step to PostgreSQL on an installation without its driver says what to install."""

import sys
from pathlib import Path

import pytest

from daemon.cli import main


@pytest.mark.parametrize("command", [["db", "upgrade"], ["tickets", "list"], ["worker"], ["check", "--quiet"]])
def test_the_extra_is_named(
    bare: Path, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(bare / "var"))
    monkeypatch.setenv("TRIAGED_DATABASE__URL", "postgresql://triaged@127.0.0.1/triaged")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "daemon.store.postgresql", raising=False)
    assert main(command) == 78
    said = " ".join("".join(capsys.readouterr()).split())
    assert "its driver psycopg is not installed" in said
    assert "pip install '.[postgres]'" in said
