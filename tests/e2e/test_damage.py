"""Damage a real database in every way that we know, and see which rule of `triaged db verify` notices it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from daemon.store.maintenance.verify.rule import Problem
from daemon.store.maintenance.verify.run import verify, work
from daemon.store.store import Store
from daemon.tickets.intake import Intake
from tests.support.damage import Damage
from tests.support.damages import DAMAGES, UNNOTICED
from tests.support.domain_values import identity
from tests.support.emails import ANN, SUPPORT, inbound, mail
from tests.support.fakes import NOON, FakeClock, Woken
from tests.support.helpdesk import Helpdesk, settings_for
from tests.support.paths import ROOT
from tests.support.servers import PostgresServer
from tests.support.smtp_sink import Sink

FIRST = "<first@customer.example>"
GARBAGE = {"sqlite": "X'A5A5A5A5'", "postgresql": "'\\xA5A5A5A5'"}
FILE = 'Content-Type: multipart/mixed; boundary="cut"'
BODY = """--cut
Content-Type: text/plain

Amount debited but not credited
--cut
Content-Type: application/pdf; name="bill.pdf"
Content-Disposition: attachment; filename="bill.pdf"

%PDF
--cut--""".replace("\n", "\r\n")


def fill(url: str, state: Path, examples: Path, models: Path) -> None:
    """Let a whole helpdesk work on five emails, the last of which stays pending."""
    shutil.copytree(models, state / "models")
    (state / "models").chmod(0o700)
    first = mail(message_id=FIRST, body=BODY, headers=(FILE, "MIME-Version: 1.0"))
    others = (
        mail(subject="Re: Payment failed", body="Any news?", in_reply_to=FIRST),
        first,
        mail(subject="away", headers=("Auto-Submitted: auto-replied",)),
    )
    with Sink() as sink, Helpdesk(settings_for(state, sink, examples, url), sink, FakeClock()) as helpdesk:
        helpdesk.work()
        for raw in (first, *others):
            assert helpdesk.send(raw, ANN).startswith("250")
            helpdesk.idle()
    with closing(Store(url)) as store:
        Intake(store, identity(own_addresses=frozenset({SUPPORT})), Woken()).accept(inbound(mail(subject="Later")))


@pytest.fixture(scope="module")
def sound_sqlite(tmp_path_factory: pytest.TempPathFactory, examples: Path, models: Path) -> Path:
    state = tmp_path_factory.mktemp("sound")
    fill(f"sqlite:///{state / 'triaged.db'}", state, examples, models)
    return state / "triaged.db"


@pytest.fixture(scope="module")
def sound_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer, examples: Path, models: Path
) -> Iterator[str]:
    postgres_server.execute("CREATE DATABASE sound TEMPLATE template0")
    fill(postgres_server.url_of("sound"), tmp_path_factory.mktemp("sound"), examples, models)
    yield "sound"
    postgres_server.execute("DROP DATABASE sound WITH (FORCE)")


def found_on_sqlite(sound: Path, path: Path, damage: Damage | None) -> list[Problem]:
    """Return what the verification says of a damaged copy."""
    shutil.copy(sound, path)
    if damage is not None and damage.file is not None:
        damage.file(path)
    with closing(sqlite3.connect(path)) as connection:
        # Bypasses every constraint, as real damage does.
        for statement in damage.statements if damage else ():
            connection.execute(statement.format(bytes=GARBAGE["sqlite"]))
        connection.commit()
    return found(f"sqlite:///{path}")


def found_on_postgresql(server: PostgresServer, template: str, damage: Damage | None) -> list[Problem]:
    """Return what the verification says of a damaged copy."""
    server.execute(f"CREATE DATABASE damaged TEMPLATE {template}")
    try:
        with closing(Store(server.url_of("damaged"))) as store, store.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in damage.statements if damage else ():
                connection.exec_driver_sql(statement.format(bytes=GARBAGE["postgresql"]))
        return found(server.url_of("damaged"))
    finally:
        server.execute("DROP DATABASE damaged WITH (FORCE)")


def found(url: str) -> list[Problem]:
    done: list[int] = []
    with closing(Store(url)) as store:
        expected = work(store)
        problems = list(verify(store, NOON, done.append))
    assert sum(done) == expected or problems
    return problems


def is_named(damage: Damage, problems: list[Problem]) -> bool:
    return any(row.startswith(damage.row) and damage.says in says for row, says in problems)


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d.only != "postgresql"], ids=lambda damage: damage.what)
def test_each_damage_is_noticed_on_sqlite(damage: Damage, sound_sqlite: Path, tmp_path: Path) -> None:
    problems = found_on_sqlite(sound_sqlite, tmp_path / "triaged.db", damage)
    assert is_named(damage, problems), problems


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d.only != "sqlite"], ids=lambda damage: damage.what)
def test_each_damage_is_noticed_on_postgresql(
    damage: Damage, postgres_server: PostgresServer, sound_postgresql: str
) -> None:
    problems = found_on_postgresql(postgres_server, sound_postgresql, damage)
    assert is_named(damage, problems), problems


@pytest.mark.parametrize("damage", [None, *UNNOTICED], ids=lambda damage: damage.what if damage else "none")
def test_a_sound_database_and_what_nobody_can_see_have_no_problems(
    damage: Damage | None, sound_sqlite: Path, tmp_path: Path, postgres_server: PostgresServer, sound_postgresql: str
) -> None:
    assert found_on_sqlite(sound_sqlite, tmp_path / "triaged.db", damage) == []
    assert found_on_postgresql(postgres_server, sound_postgresql, damage) == []


def test_the_published_table_is_that_of_the_tests() -> None:
    rows = [
        f"| {damage.what} | `{damage.row}`: {damage.says or 'what SQLite says of the page'} |" for damage in DAMAGES
    ]
    rows += [f"| {damage.what} | not noticed |" for damage in UNNOTICED]
    text = (ROOT / "docs" / "BENCHMARKS.md").read_text("utf-8")
    assert [row for row in rows if row not in text] == []
    assert f"{len(DAMAGES)} of {len(DAMAGES) + len(UNNOTICED)} kinds of damage" in text
