"""No statement on a mail's way, and none behind a list, costs more the longer the helpdesk has run.

Every statement is caught where it is sent, and explained by a database of some thousand tickets: each table that grows
must be read through an index that the statement's own conditions choose. Walking an ordered index to its limit will do
only where no condition lets the walk pass over rows.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

from config.settings import Settings
from daemon.cli import main
from daemon.health import Trouble
from daemon.intake import Intake
from daemon.mail.token import Purpose, Token, digest, sign
from daemon.relay import Relay
from daemon.service import policy
from daemon.store import corrections, cursors, health, jobs, keys, lessons, repair, scoreboard
from daemon.store import inbound as ledger
from daemon.store.corrections import Correction
from daemon.store.cursors import Place
from daemon.store.jobs import JobKind, Offer
from daemon.store.models import Base
from daemon.store.store import Store
from daemon.ticket import Priority
from tests.benchmarks import seed
from tests.fakes import NOON, FakeClock
from tests.mails import inbound, mail
from workers.actors import NotifyActor, TrainActor, TriageActor
from workers.app import rules, sender
from workers.deliver import DeliverActor
from workers.engine import Engine as JobEngine
from workers.heart import Heart
from workers.transport import PermanentFailure, TemporaryFailure

TICKETS: Final = 3000
# A search by one of these finds more the longer the helpdesk runs: it has to end at a limit, without sorting first.
COARSE: Final = frozenset(
    {"ticket_by_status", "ticket_by_team", "ticket_by_team_status", "ticket_by_category", "ix_ticket_created_at"}
    | {"inbound_by_disposition", "decision_by_author", "delivery_by_kind"}
)
# These hold only what is unfinished, or rare.
PARTIAL: Final = frozenset(
    index.name for table in Base.metadata.tables.values() for index in table.indexes if index.dialect_options["sqlite"]["where"] is not None
)
BOUNDED: Final = frozenset({"alarm", "imap_cursor", "signing_key", "alembic_version"})
GROWING: Final = frozenset(Base.metadata.tables) - BOUNDED

# Statements that may walk past rows or sort what they find, and why that stays short.
EXCUSED: Final = {
    r"FROM inbound WHERE inbound\.source =": "the row was written in the same transaction: it is among the newest",
    r"FROM job WHERE job\.state = \S+( AND job\.kind = \S+)? ORDER BY job\.id DESC": "it lists done jobs, and most are",
    r"FROM decision AS decision_1 JOIN decision AS decision_2": "its limit is far above what people correct here",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it went to the database, and who sent it."""

    sql: str
    parameters: Any
    cause: str


class Catch:
    """Remembers each statement once."""

    def __init__(self) -> None:
        self.found: dict[str, Statement] = {}
        self.cause = ""

    def __call__(
        self, _connection: Connection, _cursor: object, sql: str, parameters: Any, _context: object, executemany: bool
    ) -> None:
        if sql.lstrip().split(" ", 1)[0].upper() in {"SELECT", "UPDATE", "DELETE", "WITH"}:
            self.found.setdefault(sql, Statement(sql, parameters[0] if executemany else parameters, self.cause))

    @contextmanager
    def named(self, cause: str) -> Iterator[None]:
        self.cause = cause
        yield
        self.cause = ""


@pytest.fixture
def old(store_url: str) -> Iterator[Store]:
    """Return a store of some age."""
    seed.seed(store_url, TICKETS)
    store = Store(store_url)
    yield store
    store.close()


@pytest.fixture
def catch() -> Iterator[Catch]:
    found = Catch()
    event.listen(Engine, "before_cursor_execute", found)
    yield found
    event.remove(Engine, "before_cursor_execute", found)


class Sending:
    """Sends nothing; fails as told."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []

    def send(self, _mail_from: str, _recipient: str, _octets: bytes) -> str:
        if self.failures:
            raise self.failures.pop()
        return "250 taken"

    def close(self) -> None: ...


class Modelless:
    def model(self) -> None:
        return None

    def certified(self) -> dict[str, float | None]:
        return {}


class Helpdesk:
    """Intake and actors on a store, one step after another."""

    def __init__(self, store: Store) -> None:
        settings = Settings(smtp={"listen": "127.0.0.1:0"})
        self.store, self.clock, self.transport = store, FakeClock(), Sending()
        self.keys = store.write(lambda session: keys.ensure(session, NOON))
        self.offers: list[Offer] = []
        known = replace(policy(settings, self.keys), reference_prefix="HD")
        self.intake = Intake(store, known, self.offers.extend)
        self.heart = Heart(store, "here")
        face, wanted = sender(settings), rules(settings)
        actors = {
            JobKind.TRIAGE: TriageActor(store, self.clock, Modelless(), lambda: wanted),
            JobKind.NOTIFY: NotifyActor(store, self.clock, self.keys, lambda: wanted),
            JobKind.DELIVER: DeliverActor(store, self.clock, self.transport, self.keys, lambda: face, lambda: True),
            JobKind.TRAIN: TrainActor(store, self.clock, lambda: None),
        }
        self.engine = JobEngine(store, self.clock, self.offers.extend, self.heart, 3, actors)
        self.relay = Relay(store, lambda offer: self.offers.append(offer), self.clock)

    def work(self) -> None:
        """Do every job that was offered, and what follows from it."""
        while self.offers:
            self.engine.perform(self.offers.pop(0).job_id)

    def token(self, ticket: int) -> str:
        return sign(Token(Purpose.CUSTOMER, ticket, digest("a@b.example"), date(2027, 1, 1)), self.keys[0])


def mails_way(desk: Helpdesk) -> dict[str, Callable[[], object]]:
    """Return every step that a mail can take, in an order in which each finds something to do."""
    intake, store, clock, at = desk.intake, desk.store, desk.clock, Place("work", "INBOX")
    fresh, nameless = inbound(mail()), inbound(mail(message_id=None, date=None, body="from a form"))
    late = replace(nameless, envelope=replace(nameless.envelope, received_at=NOON + timedelta(days=9)))
    old, writer = TICKETS // 2, seed.requester(TICKETS // 2, TICKETS)
    answer = mail(writer, f"Re: {seed.subject(old)}", in_reply_to=seed.message_id(old), body="and another thing")
    referring = mail(writer, f"about {seed.reference(old)} HD-7K3Q-M9XW")
    tagged = inbound(mail(body="by token"), rcpt_tos=(f"support+{desk.token(old)}@example.com",))
    broken = replace(intake.read(inbound(mail(body="breaks us"))), understanding=None, failure="our own code failed")
    place = jobs.Lease(0, JobKind.TRIAGE, "", 0, NOON)

    def attached() -> None:
        boundary = "multipart/mixed; boundary=b"
        body = "--b\r\n\r\nsee\r\n--b\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\nx\r\n--b--"
        intake.accept(inbound(mail(body=body, headers=("MIME-Version: 1.0", f"Content-Type: {boundary}"))))

    def fail(*failures: Exception) -> None:
        desk.transport.failures.extend(failures)
        intake.accept(inbound(mail(body=f"answered badly: {failures}")))
        desk.work()

    def replay() -> None:
        parked = intake.store(broken).result().inbound_id
        intake.replay(parked)
        intake.replay(parked)

    def batch() -> None:
        futures = [intake.store(intake.read(inbound(mail(body=f"one of many {n}")))) for n in range(5)]
        for future in futures:
            future.result()

    def bounced() -> None:
        intake.accept(inbound(bounce(seed.delivery_id(old)), mail_from=""))
        intake.accept(inbound(bounce(seed.delivery_id(old)) + b" again", mail_from=""))

    def released() -> None:
        offer = store.write(lambda session: jobs.add(session, JobKind.TRIAGE, f"ticket:{old}", NOON))
        store.write(lambda session: jobs.claim(session, offer.job_id, "gone", NOON))
        with store.read() as session:
            beats = jobs.leased(session, 100)
        store.write(lambda session: [jobs.release(session, i, beat) for i, beat in beats.items()])

    def alarmed() -> None:
        with store.read() as session:
            health.facts(session, clock.now(), ["work"])
        store.write(lambda session: health.raise_alarms(session, [Trouble("dead", "x")], NOON))
        store.write(lambda session: health.untell(session, ["dead"]))

    def beaten() -> None:
        with desk.heart.beating(5):
            desk.heart._beat()

    def lost() -> None:
        with pytest.raises(jobs.LeaseLostError):
            store.write(lambda session: jobs.finish(session, place, NOON))

    def mailbox() -> None:
        store.write(lambda session: cursors.put(session, at, 1, 5, NOON))
        store.write(lambda session: cursors.advance(session, at, 1, 6, NOON))
        store.write(lambda session: cursors.polled(session, at, NOON))
        store.write(lambda session: cursors.failed(session, at, "no"))
        store.write(lambda session: cursors.note_damage(session, "smtp", "short", NOON, size=2, kept=1))
        store.write(lambda session: cursors.note_unreadable(session, at, 1, 7, "no", NOON))
        with store.read() as session:
            cursors.find(session, at)

    def given_up() -> None:
        offer = store.write(lambda session: jobs.add(session, JobKind.TRIAGE, f"ticket:{old + 1}", NOON))
        lease = store.write(lambda session: jobs.claim(session, offer.job_id, "here", NOON))
        assert lease is not None
        desk.engine._bury(lease, "it failed")
        store.write(lambda session: repair.retry(session, offer.job_id, "ann", NOON))

    def read_again() -> None:
        with store.read() as session:
            ledger.raw_of(session, TICKETS + TICKETS // 5 + 1)

    return {
        "accept a new mail": lambda: intake.accept(fresh),
        "accept a mail with an attachment": attached,
        "accept a copy": lambda: intake.accept(fresh),
        "accept a form again": lambda: [intake.accept(m) for m in (nameless, nameless, late, late)],
        "accept many at once": batch,
        "accept an answer to a known Message-ID": lambda: intake.accept(inbound(answer, mail_from=writer)),
        "accept a mail that names a reference": lambda: intake.accept(inbound(referring, mail_from=writer)),
        "accept an answer by token": lambda: intake.accept(tagged),
        "accept a bounce": bounced,
        "park and replay": replay,
        "triage, notify, deliver": desk.work,
        "postpone a delivery": lambda: fail(TemporaryFailure("451"), TemporaryFailure("451")),
        "fail a delivery": lambda: fail(PermanentFailure("550"), PermanentFailure("550")),
        "sweep": desk.relay.sweep,
        "take a job back": released,
        "beat": beaten,
        "lose a lease": lost,
        "bury a job, and try it again": given_up,
        "read a mailbox": mailbox,
        "judge health": alarmed,
        "read a stored mail": read_again,
        "people correct": lambda: people(desk, old),
        "learn what was checked": lambda: learn(store),
    }


def people(desk: Helpdesk, ticket: int) -> None:
    right = Correction("Login", "TECH_SUPPORT", None, Priority.LOW, "ann")
    desk.store.write(lambda s: corrections.correct(s, ticket, right, NOON, retrain_after=1000))
    desk.store.write(lambda s: corrections.assign(s, ticket, "PAYMENTS_TEAM", "ann", NOON))
    desk.store.write(lambda s: corrections.close(s, ticket, "ann", NOON))
    desk.store.write(lambda s: repair.dismiss(s, 1, "ann", NOON))
    desk.store.write(lambda s: repair.retry(s, 2 * TICKETS + 1, "ann", NOON))
    desk.store.write(lambda s: repair.triage_again(s, 2, 2, "ann", NOON))
    desk.work()


def learn(store: Store) -> None:
    with store.read() as session:
        lessons.checks(session)
        lessons.checks(session, NOON)
        scoreboard.score(session, NOON - timedelta(days=1), "MANUAL_REVIEW")


def bounce(message_id: str) -> bytes:
    """Return a report that a mail of ours failed (RFC 3464)."""
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; team@example.com\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message_id}\r\nSubject: x\r\n\r\n--b--"
    )
    report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b"
    return mail("MAILER-DAEMON@mx.example", "Undelivered", body, headers=("MIME-Version: 1.0", report))


COMMANDS: Final = (
    "tickets list",
    "tickets list --status OPEN",
    "tickets list --status RESOLVED",
    "tickets list --team TECH_SUPPORT",
    "tickets list --category Login",
    "tickets list --status OPEN --team TECH_SUPPORT",
    "tickets list --status OPEN --category Login",
    "tickets list --since 2026-01-01",
    "tickets list --since 2026-01-01 --status OPEN",
    "tickets list --since 2026-01-01 --team TECH_SUPPORT --category Login",
    "tickets search about chairs",
    "tickets search Ümlaut nowhere",
    f"tickets search {seed.requester(7, TICKETS)}",
    f"tickets show {seed.reference(5)}",
    f"tickets show {seed.reference(6)}",
    f"trace {seed.reference(20)}",
    f"trace {seed.message_id(20)}",
    f"trace {seed.delivery_id(20)}",
    "trace 10",
    f"trace {'0' * 64}",
    "parked list",
    "parked show 3",
    *(f"jobs list --state {state}" for state in ("ready", "leased", "done", "dead")),
    *(f"jobs list --state dead --kind {kind}" for kind in ("triage", "train")),
    *(f"jobs list --state done --kind {kind}" for kind in ("triage", "train")),
    "jobs retry --all --kind train",
    "check --live",
)


def test_a_mails_way_reads_through_indexes(old: Store, catch: Catch) -> None:
    desk = Helpdesk(old)
    for name, step in mails_way(desk).items():
        with catch.named(name):
            step()
    assert len(catch.found) > 60
    assert_indexed(old, catch)


def test_the_lists_read_through_indexes(
    old: Store, catch: Catch, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIAGED_DATABASE__URL", old.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(tmp_path / "var"))
    for command in COMMANDS:
        with catch.named(command):
            assert main(command.split()) in {0, 66, 75}, capsys.readouterr().err
    assert_indexed(old, catch)


def assert_indexed(store: Store, catch: Catch) -> None:
    with plain(store.engine) as connection:
        if connection.dialect.name == "postgresql":
            bad = faults(connection, catch, explain_postgresql)
        else:
            # In service SQLite plans without statistics; somebody may give it some.
            bad = faults(connection, catch, explain_sqlite)
            connection.exec_driver_sql("ANALYZE")
            bad += faults(connection, catch, explain_sqlite)
    assert not bad, "\n".join(["", *bad])


def faults(connection: Connection, catch: Catch, explain: Callable[[Connection, Statement], Iterator[str]]) -> list[str]:
    return [
        f"{statement.cause}: {fault}\n{statement.sql}\n"
        for statement in catch.found.values()
        for fault in explain(connection, statement)
        if not any(re.search(excused, " ".join(statement.sql.split())) for excused in EXCUSED)
    ]


@contextmanager
def plain(engine: Engine) -> Iterator[Connection]:
    """Give a connection that begins no transaction of its own."""
    other = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        yield connection
    other.dispose()


def explain_sqlite(connection: Connection, statement: Statement) -> Iterator[str]:
    """Yield what is wrong with a plan of SQLite (https://www.sqlite.org/eqp.html)."""
    plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters)]
    for line in plan:
        read = re.match(r"(SCAN|SEARCH) \(?(\w+?)(?:_\d+)?\b(?:.* INDEX (\w+))?", line)
        if not read:
            continue
        how, name, index = read.groups()
        if how == "SCAN" and is_growing(name) and index not in PARTIAL and not is_walk(statement.sql, plan):
            yield f"SQLite reads all of {name}: {plan}"
        if index in COARSE and not ends(statement.sql, plan):
            yield f"SQLite reads all that {index} has: {plan}"
        if "AUTOMATIC" in line:
            yield f"SQLite has to make an index: {plan}"


def is_growing(name: str) -> bool:
    """Say whether a table or an alias is one of those that grow."""
    return name not in BOUNDED | {"CONSTANT", "anon", "subquery"}


def is_walk(sql: str, plan: list[str]) -> bool:
    """Say whether a scan ends with the limit: the index has the order, and no condition passes over rows."""
    return ends(sql, plan) and "WHERE" not in sql


def ends(sql: str, plan: list[str]) -> bool:
    """Say whether reading ends with the limit, because nothing is sorted before it."""
    return " LIMIT " in sql and not any("TEMP B-TREE" in line for line in plan)


def explain_postgresql(connection: Connection, statement: Statement) -> Iterator[str]:
    """Yield what is wrong with a plan of PostgreSQL that was told to avoid sequential scans."""
    for setting in ("enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off"):
        connection.exec_driver_sql(f"SET {setting}")
    # What counts is how many rows are read: in a small database all pages are near.
    for setting in ("seq_page_cost = 0", "random_page_cost = 0"):
        connection.exec_driver_sql(f"SET {setting}")
    told = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.sql}", statement.parameters).scalar_one()
    plan = told if isinstance(told, list) else json.loads(told)
    yield from _faults(plan[0]["Plan"], limited=False)


def _faults(node: dict[str, Any], *, limited: bool) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name", "")
    if table in GROWING:
        if kind == "Seq Scan":
            yield f"PostgreSQL reads all of {table}"
        index = node.get("Index Name")
        if index is not None and index not in PARTIAL and "Index Cond" not in node:
            if "Filter" in node:
                yield f"PostgreSQL walks along {index} and filters by {node['Filter']}"
            elif not limited:
                yield f"PostgreSQL reads all of {index}"
        if index is not None and re.search(r"\(id = ", node.get("Filter", "")):
            yield f"PostgreSQL reads {index} although the id is given: {node['Filter']}"
        if index in COARSE and not limited:
            yield f"PostgreSQL reads all that {index} has"
    passes = kind == "Limit" or (limited and kind in {"Incremental Sort", "Nested Loop", "LockRows", "Subquery Scan"})
    for inner in node.get("Plans", ()):
        yield from _faults(inner, limited=passes)


def test_the_migrations_lead_to_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, Base.metadata)
    assert differences == []


def test_partial_indexes_are_partial_where_the_models_say_so(store: Store) -> None:
    dialect = store.engine.dialect.name
    found = inspect(store.engine)
    for table in Base.metadata.tables.values():
        there = {index["name"]: index for index in found.get_indexes(table.name)}
        for index in table.indexes:
            wanted = index.dialect_options[dialect]["where"]
            options = there[index.name].get("dialect_options", {})
            assert (f"{dialect}_where" in options) == (wanted is not None), index.name


def test_a_statement_that_reads_a_whole_table_is_found(old: Store, catch: Catch) -> None:
    bad = (
        "SELECT id FROM ticket WHERE subject = 'x'",
        "SELECT id FROM ticket WHERE subject = 'x' ORDER BY id DESC LIMIT 5",
        "SELECT avg(length(text)) FROM message",
        "SELECT t.id FROM ticket t JOIN decision d ON d.actor = t.subject WHERE t.id = 5",
    )
    with old.read() as session:
        for sql in bad:
            session.execute(text(sql))
    with pytest.raises(AssertionError) as caught:
        assert_indexed(old, catch)
    assert [sql for sql in bad if sql not in str(caught.value)] == []
