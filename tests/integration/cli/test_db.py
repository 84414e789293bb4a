"""The database is upgraded, backed up while in use, and verified; each damaged row is named."""

import sqlite3
import stat
import threading
import zlib
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.cli import Case
from tests.support.emails import inbound, mail


def _filled(case: Case) -> None:
    """Store a ticket with a decision and a planned mail (1), a follow-up (2), a duplicate (3) and an auto-reply (4)."""
    raw = mail(message_id="<first@customer.example>")
    receipt = case.accept(inbound(raw))
    assert receipt.ticket_id is not None
    case.plan_mail(receipt.ticket_id, case.decide(receipt.ticket_id))
    case.accept(inbound(mail(subject="Re: Payment failed", body="news?", in_reply_to="<first@customer.example>")))
    case.accept(inbound(raw))
    case.accept(inbound(mail(subject="away", headers=("Auto-Submitted: auto-replied",))))
    case.opened(inbound(mail(subject="pending", body="still")))


DAMAGE = {
    "UPDATE inbound SET disposition = 'lost' WHERE id = 4": ("inbound 4", "is in no known state"),
    "UPDATE inbound SET reasons = '[]' WHERE id = 1": ("inbound 1", "has no reason for its state"),
    "UPDATE inbound SET ticket_id = NULL WHERE id = 2": ("inbound 2", "should be on a ticket that exists"),
    "DELETE FROM message WHERE id = 2": ("inbound 2", "should be a message of its ticket"),
    "UPDATE inbound SET duplicate_of = NULL WHERE id = 3": ("inbound 3", "is a duplicate without an original"),
    "UPDATE inbound SET duplicate_of = 1 WHERE id = 4": ("inbound 4", "is no duplicate, but points to another email"),
    "UPDATE inbound SET raw = NULL WHERE id = 1": ("inbound 1", "has no raw email"),
    "UPDATE inbound SET disposition = 'ticket' WHERE id = 2": (
        "inbound 2",
        "opened a ticket that another email opened",
    ),
    "UPDATE inbound SET size = 7 WHERE id = 1": ("inbound 1", "another size than the 7 bytes"),
    "UPDATE inbound SET sha256 = 'no' WHERE id = 4": ("inbound 4", "the SHA-256 differs"),
    "UPDATE inbound SET raw = (SELECT raw FROM inbound WHERE id = 4) WHERE id = 1": ("inbound 1", "its raw email"),
    "UPDATE job SET state = 'dead' WHERE subject = 'ticket:2'": ("ticket 2", "no live job will decide it"),
    "DELETE FROM job WHERE subject = 'ticket:2'": ("ticket 2", "no live job will decide it"),
    "DELETE FROM decision": ("ticket 1", "has no decision"),
    "UPDATE ticket SET category = 'Login' WHERE id = 1": ("ticket 1", "differs from its newest decision"),
    "UPDATE ticket SET assigned_team = NULL WHERE id = 1": ("ticket 1", "differs from its newest decision"),
    "UPDATE decision SET reasons = '[]'": ("decision 1", "has no reasons"),
    "DELETE FROM job WHERE subject = 'delivery:1'": ("delivery 1", "has not ended"),
    "UPDATE delivery SET state = 'maybe'": ("delivery 1", "is in no known state"),
    "UPDATE delivery SET state = 'sent'": ("delivery 1", "is sent, but has no time"),
    "UPDATE delivery SET state = 'failed'": ("delivery 1", "was not sent, but has no reason"),
    "UPDATE job SET state = 'odd' WHERE subject = 'delivery:1'": ("job 2", "is in no known state"),
    "UPDATE job SET state = 'leased' WHERE subject = 'ticket:2'": ("job", "is leased without an owner"),
    "UPDATE job SET subject = 'ticket:99' WHERE subject = 'ticket:1'": ("job 1", "is about a row that does not exist"),
}


def test_an_intact_database_has_no_problems(case_anywhere: Case) -> None:
    _filled(case_anywhere)
    outcome = case_anywhere.run("db", "verify")
    assert (outcome.code, outcome.out) == (0, "")
    assert "no problems" in outcome.err


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damaged_row_is_named(case: Case, damage: str) -> None:
    _filled(case)
    _damage(case, damage)
    outcome = case.run("db", "verify")
    row, problem = DAMAGE[damage]
    assert outcome.code == 1
    assert [line for line in outcome.out.splitlines() if row in line and problem in line], outcome.out


def test_damaged_rows_are_named_on_each_database(case_anywhere: Case) -> None:
    _filled(case_anywhere)
    for damage in ("UPDATE inbound SET size = 7 WHERE id = 1", "DELETE FROM job WHERE subject = 'ticket:2'"):
        _damage(case_anywhere, damage)
    assert case_anywhere.run("db", "verify", "--json").rows == [
        {"row": "ticket 2", "problem": "is pending, and no live job will decide it"},
        {"row": "inbound 1", "problem": "its raw email has another size than the 7 bytes accepted"},
    ]


def test_a_compression_bomb_is_not_unpacked_beyond_its_size(case: Case) -> None:
    _filled(case)
    bomb = zlib.compress(b"\0" * 50_000_000)
    case.store.write(lambda s: s.execute(text("UPDATE inbound SET raw = :raw WHERE id = 1"), {"raw": bomb}))
    assert "another size" in case.run("db", "verify").out


def _overwritten(case: Case, share: float) -> None:
    """Close the store, and overwrite a page of its file."""
    case.store.close()
    path = Path(str(case.store.engine.url.database))
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * share) // 4096 * 4096)
        file.write(b"\xa5" * 4096)


def test_a_damaged_page_is_a_finding(case: Case) -> None:
    _filled(case)
    _damage(case, "UPDATE inbound SET size = 7 WHERE id = 1")
    # The last page of a new file belongs to one of the indexes that the migrations create last.
    _overwritten(case, 0.999)
    outcome = case.run("db", "verify")
    assert outcome.code == 1
    assert "database: " in outcome.out
    assert "inbound 1: its raw email has another size than the 7 bytes accepted" in outcome.out
    assert "Traceback" not in outcome.out + outcome.err


@pytest.mark.parametrize("command", ["db verify", "tickets list", "stats", "worker", "daemon"])
def test_a_file_that_is_no_database_is_one_line(case: Case, command: str) -> None:
    _overwritten(case, 0)
    outcome = case.run(*command.split())
    if command == "db verify":
        assert outcome.code == 1
        assert "database: cannot be read: file is not a database" in outcome.out
    else:
        assert outcome.code == 78
        assert "is damaged: file is not a database; see `triaged db verify`, and restore a backup" in outcome.err
    assert "Traceback" not in outcome.out + outcome.err


def test_a_missing_file_is_not_created_to_be_verified(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAGED_DATABASE__URL", f"sqlite:///{tmp_path / 'none.db'}")
    assert case.run("db", "verify").code == 78
    assert not (tmp_path / "none.db").exists()


def test_a_backup_is_consistent_while_others_write(case: Case, tmp_path: Path) -> None:
    _filled(case)
    stop, copy = threading.Event(), tmp_path / "copy.db"

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            case.accept(inbound(mail(subject=f"mail {number}", body="x" * 5000)))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        outcome = case.run("db", "backup", str(copy))
    finally:
        stop.set()
        writer.join()
    assert outcome.code == 0, outcome.err
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not copy.with_name("copy.db-wal").exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIAGED_DATABASE__URL", f"sqlite:///{copy}")
        assert case.run("db", "verify").code == 0
        assert len(case.run("tickets", "list", "--json").rows) >= 2


def test_a_backup_never_replaces_a_file(case: Case, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    outcome = case.run("db", "backup", str(tmp_path / "there"))
    assert outcome.code == 73
    assert "already exists; choose another file name" in outcome.err
    assert (tmp_path / "there").read_text() == "precious"
    assert case.run("db", "backup", str(tmp_path / "no" / "where")).code == 73


def test_a_backup_of_postgresql_names_pg_dump(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_DATABASE__URL", "postgresql://ann:secret@db.example/triaged")
    outcome = case.run("db", "backup")
    assert outcome.code == 69
    assert "pg_dump --format=custom --file=triaged.dump 'postgresql://ann@db.example/triaged'" in outcome.err
    assert "secret" not in outcome.err


def test_an_upgrade_creates_the_database(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_DATABASE__URL", f"sqlite:///{tmp_path / 'new' / 'triaged.db'}")
    assert "created with schema" in case.run("db", "upgrade").out
    assert "already" in case.run("db", "upgrade").out
    assert case.run("tickets", "list").code == 0


def test_a_newer_database_is_refused(case: Case) -> None:
    case.store.write(lambda s: s.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    outcome = case.run("tickets", "list")
    assert outcome.code == 78
    assert "newer than this version" in outcome.err


def _damage(case: Case, statement: str) -> None:
    if case.store.engine.dialect.name == "sqlite":
        # Bypasses every constraint, as real damage does.
        with sqlite3.connect(str(case.store.engine.url.database)) as connection:
            connection.execute(statement)
        connection.close()
    else:
        case.store.write(lambda session: session.execute(text(statement)))
