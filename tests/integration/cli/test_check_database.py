"""What `check` advises about a database: nobody is sent to `db upgrade` who needs another user or a backup."""

import ctypes
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.store.maintenance import schema
from daemon.store.store import Store
from tests.support.paths import ROOT

NOBODY = 65534
BEGIN = "import sys; from daemon.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return settings with a database."""
    state = tmp_path / "state"
    state.mkdir()
    with closing(Store(f"sqlite:///{state / 'triaged.db'}")) as store:
        schema.upgrade(store.engine)
    found = tmp_path / "triaged.toml"
    found.write_text(f'[service]\nstate_dir = "{state}"\n[limits]\nfree_bytes = 1\n', "utf-8")
    return found


def found(out: str, what: str) -> dict[str, str]:
    [row] = [row for row in map(json.loads, out.splitlines()) if row["what"] == what]
    return dict(row)


def check(config: Path, capsys: pytest.CaptureFixture[str], what: str) -> dict[str, str]:
    main(["--config", str(config), "check", "--json"])
    return found(capsys.readouterr().out, what)


def _like_an_ordinary_user() -> None:
    """Let permissions count for root too: without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    for power in (1, 2):
        ctypes.CDLL(None).prctl(24, power, 0, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_the_advice_names_the_owner_of_the_files(config: Path, mode: int) -> None:
    state = config.parent / "state"
    for path in (state, *state.iterdir()):
        os.chown(path, NOBODY, NOBODY)
    state.chmod(mode)
    ended = subprocess.run(
        [sys.executable, "-c", BEGIN, "--config", str(config), "check", "--json"],
        capture_output=True,
        text=True,
        preexec_fn=_like_an_ordinary_user,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        check=False,
        timeout=120,
    )
    for what in ("state", "database", "outgoing"):
        assert found(ended.stdout, what)["advice"].startswith(
            "run this as the user that runs triaged; now nobody owns"
        ), what


def test_an_older_schema_needs_an_upgrade(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(config.parent / "state" / "triaged.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0011'")
        connection.commit()
    assert "run triaged db upgrade" in check(config, capsys, "database")["text"]


def test_a_newer_schema_needs_no_upgrade(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(config.parent / "state" / "triaged.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    row = check(config, capsys, "database")
    assert "upgrade triaged" in row["text"]
    assert "db upgrade" not in row["text"] + row["advice"]


def test_an_emptied_file_needs_a_backup(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "state" / "triaged.db").write_bytes(b"")
    row = check(config, capsys, "database")
    assert row["state"] == "fail"
    assert "restore a backup" in row["advice"]


def test_a_new_database_of_postgresql_is_only_empty(
    config: Path, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> None:
    with config.open("a") as file:
        file.write(f'[database]\nurl = "{postgres_url}"\n')
    row = check(config, capsys, "database")
    assert (row["state"], row["text"].endswith(" is empty")) == ("warn", True), row
