"""The checker and `triaged db verify` find every way in which a mail can be lost, doubled or made up."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from daemon.store.engine import make_engine
from daemon.store.maintenance import schema
from daemon.store.maintenance.verify.run import verify
from daemon.store.store import Store
from tests.faults.checker import Sent, check
from tests.faults.evidence import jobs_of
from tests.faults.load import Accepted

EMAILS = 3
NOW = "2026-03-02 12:00:00.000000"

Logs = tuple[list[Accepted], list[Sent]]


def sha(number: int) -> str:
    return f"{number:064x}"


def row(table: str, **values: object) -> tuple[str, dict[str, object]]:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    return f"INSERT INTO {table} ({names}) VALUES ({marks})", values


def way_of(n: int) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the rows that a mail leaves behind when all went well."""
    yield row("person", id=n, email=f"c{n}@d.example", name="", created_at=NOW)
    yield row(
        "ticket", id=n, reference=f"HD-{n}", status="OPEN", category="Login", priority="High", confidence=1.0,
        assigned_team="IDENTITY_TEAM", subject="", requester_id=n, silent=0, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    yield row(
        "inbound", id=n, received_at=NOW, source="smtp", peer="", rcpt_tos="[]", size=0, sha256=sha(n),
        content_key=sha(n), message_id="", raw=b"", disposition="ticket", reasons='["new"]', ticket_id=n,
    )  # fmt: skip
    yield row(
        "message", id=n, ticket_id=n, inbound_id=n, kind="person", message_id="", person_id=n, subject="", text="",
        acknowledge=1, verified=0, created_at=NOW,
    )  # fmt: skip
    yield row(
        "decision", id=n, ticket_id=n, at=NOW, by="rule", category="Login", priority="High", confidence=1.0,
        team="IDENTITY_TEAM", reasons='["a rule"]', alternatives="[]", audit=0,
    )  # fmt: skip
    for number, kind, to in ((2 * n, "acknowledgement", f"c{n}@d.example"), (2 * n + 1, "notification", "t@t.example")):
        yield row(
            "delivery", id=number, cause=f"decision:{n}", kind=kind, recipient=to, domain="", ticket_id=n,
            message_id=f"<{number}@us.example>", state="sent", reason="250", attempts=1, created_at=NOW, sent_at=NOW,
        )  # fmt: skip
        yield row(
            "job", id=number, kind="deliver", subject=f"delivery:{number}", state="done", attempts=1, due_at=NOW,
            beat=1, last_error="", created_at=NOW,
        )  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "triaged.db"
    made = make_engine(f"sqlite:///{path}")
    schema.upgrade(made)
    with made.begin() as connection:
        for n in range(1, EMAILS + 1):
            for statement, values in way_of(n):
                connection.execute(text(statement), values)
    made.dispose()
    return path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "triaged.db"))


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


def logs() -> Logs:
    accepted = [Accepted(sha(n), f"c{n}@d.example", 0.0, "250") for n in range(1, EMAILS + 1)]
    sent = [Sent(f"<{2 * n}@us.example>", f"c{n}@d.example") for n in range(1, EMAILS + 1)]
    return accepted, sent + [Sent(f"<{2 * n + 1}@us.example>", "t@t.example") for n in range(1, EMAILS + 1)]


def without_first_mail(found: Logs) -> Logs:
    return found[0], found[1][1:]


def three_times(found: Logs) -> Logs:
    return found[0], [*found[1], found[1][0], found[1][0]]


def twice(found: Logs) -> Logs:
    return found[0], [*found[1], found[1][0]]


def unasked(found: Logs) -> Logs:
    return found[0], [*found[1], Sent("<who@us.example>", "c1@d.example")]


def to_another(found: Logs) -> Logs:
    return found[0], [replace(found[1][0], recipient="mallory@evil.example"), *found[1][1:]]


def heard_twice(found: Logs) -> Logs:
    return [*found[0], found[0][0]], found[1]


def heard_of_more(found: Logs) -> Logs:
    return [*found[0], Accepted(sha(99), "c99@d.example", 0.0, "250")], found[1]


ROWS = (
    ("UPDATE inbound SET sha256 = 'x' WHERE id = 1", "the ledger does not have it"),
    ("UPDATE inbound SET ticket_id = NULL, disposition = 'auto-reply' WHERE id = 1", "has no ticket"),
    ("UPDATE inbound SET ticket_id = 2 WHERE id = 1", "belongs to 2 emails"),
    ("UPDATE inbound SET sha256 = (SELECT sha256 FROM inbound WHERE id = 2) WHERE id = 1", "stored twice"),
    ("UPDATE ticket SET category = 'PENDING' WHERE id = 1", "is not decided"),
    ("DELETE FROM decision WHERE id = 1", "decided 0 times"),
    ("UPDATE decision SET ticket_id = 1 WHERE id = 2", "decided 2 times"),
    ("UPDATE decision SET by = 'fallback' WHERE id = 1", "was given up"),
    ("DELETE FROM delivery WHERE id = 2", "0 emails of kind acknowledgement"),
    ("DELETE FROM delivery WHERE id = 3", "0 emails of kind notification"),
    ("UPDATE delivery SET ticket_id = 2 WHERE id = 2", "2 emails of kind acknowledgement"),
    ("UPDATE delivery SET state = 'failed' WHERE id = 2", "delivery 2 is failed"),
    ("UPDATE delivery SET state = 'uncertain' WHERE id = 2", "delivery 2 is uncertain"),
    ("UPDATE delivery SET state = 'planned' WHERE id = 2", "delivery 2 is planned"),
    ("UPDATE job SET state = 'dead' WHERE id = 2", "is dead"),
    ("UPDATE job SET state = 'ready' WHERE id = 2", "is ready"),
    ("UPDATE job SET state = 'leased' WHERE id = 2", "is leased"),
)
LOGS = (
    (without_first_mail, "counts as sent, and the sink does not have it"),
    (three_times, "delivery 2 (acknowledgement to c1@d.example) went out 3 times"),
    (twice, "delivery 2 (acknowledgement to c1@d.example) went out 2 times in 1 attempts"),
    (unasked, "no delivery says so"),
    (to_another, "no delivery says so"),
    (heard_twice, "the ledger has 1 rows"),
    (heard_of_more, "the ledger does not have it"),
)


def test_a_run_without_loss_has_no_problem(engine: Engine) -> None:
    report = check(engine, *logs())
    assert report.problems == []
    assert (report.accepted, report.tickets, report.sent, report.doubles) == (EMAILS, EMAILS, 2 * EMAILS, [])


@pytest.mark.parametrize(("damage", "said"), ROWS)
def test_damage_to_the_database_is_found(engine: Engine, damage: str, said: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(damage))
    assert any(said in problem for problem in check(engine, *logs()).problems)


@pytest.mark.parametrize(("damage", "said"), LOGS)
def test_damage_to_the_logs_is_found(engine: Engine, damage: Callable[[Logs], Logs], said: str) -> None:
    assert any(said in problem for problem in check(engine, *damage(logs())).problems)


def damaged(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_second_copy_is_explained_by_an_attempt_without_an_answer(engine: Engine) -> None:
    damaged(engine, "UPDATE delivery SET attempts = 2 WHERE id = 2")
    report = check(engine, *twice(logs()), window=1, unanswered={2})
    assert report.problems == []
    assert report.doubles == ["delivery 2 (acknowledgement to c1@d.example) went out 2 times in 2 attempts"]


def test_a_second_copy_after_an_attempt_that_was_refused_is_found(engine: Engine) -> None:
    damaged(engine, "UPDATE delivery SET attempts = 2 WHERE id = 2")
    [problem] = check(engine, *twice(logs()), window=None, unanswered={3}).problems
    assert "none was left without an answer" in problem


def test_a_second_copy_is_found_where_no_fault_can_explain_it(engine: Engine) -> None:
    damaged(engine, "UPDATE delivery SET attempts = 2 WHERE id = 2")
    assert check(engine, *twice(logs()), unanswered={2}).problems == ["1 emails went out twice, and 0 can be explained"]


@pytest.mark.parametrize("attempts", [1, 2, 3, 9])
def test_no_number_of_attempts_explains_a_third_copy(engine: Engine, attempts: int) -> None:
    damaged(engine, f"UPDATE delivery SET attempts = {attempts} WHERE id = 2")
    report = check(engine, *three_times(logs()), window=None, unanswered={2}, uncertain=None)
    assert ["went out 3 times" in problem for problem in report.problems] == [True]
    assert report.doubles == []


TWINS = (
    ("cause = 'decision:1', ticket_id = 1, recipient = 'C1@D.example'", "acknowledgement of decision:1"),
    ("cause = 'reassigned:1', ticket_id = 1, recipient = 'c1@d.example'", "acknowledgement of ticket 1"),
    ("cause = 'decision:1', ticket_id = NULL, recipient = 'c1@D.EXAMPLE'", "acknowledgement of decision:1"),
)


@pytest.mark.parametrize(("change", "said"), TWINS)
def test_two_deliveries_with_one_cause_are_found(engine: Engine, change: str, said: str) -> None:
    damaged(engine, f"UPDATE delivery SET {change} WHERE id = 4")
    wanted = f"deliveries 2 and 4 are one thing: {said}"
    assert any(wanted in problem for problem in check(engine, *logs()).problems)


def test_an_uncertain_email_counts_two_attempts_and_at_most_the_faults(engine: Engine) -> None:
    damaged(engine, "UPDATE delivery SET state = 'uncertain', attempts = 2 WHERE id = 2")
    assert check(engine, *logs(), uncertain=1).problems == []
    assert check(engine, *logs()).problems == ["1 emails are left uncertain, and 0 can be explained"]


LINES = (
    ({"event": "job rescued", "job": 7}, [7]),
    ({"event": "orphaned jobs rescued", "jobs": [7, 8]}, [7, 8]),
    ({"event": "job failed", "job": 7, "kind": "deliver"}, [7]),
    ({"event": "store not reached, job will be tried again", "job": 7, "kind": "deliver"}, [7]),
    ({"event": "job postponed", "job": 7, "reason": "outcome unknown: no answer"}, [7]),
    ({"event": "job postponed", "job": 7, "reason": "451 4.3.0 not now"}, []),
)


@pytest.mark.parametrize(("line", "jobs"), LINES)
def test_only_an_attempt_without_an_answer_is_evidence(line: dict[str, Any], jobs: list[int]) -> None:
    assert list(jobs_of(line)) == jobs


def test_a_recognised_copy_is_no_loss(engine: Engine) -> None:
    statement, values = row(
        "inbound", id=9, received_at=NOW, source="smtp", peer="", rcpt_tos="[]", size=0, sha256=sha(1), message_id="",
        disposition="duplicate", reasons='["came before"]', ticket_id=1, duplicate_of=1,
    )  # fmt: skip
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    assert check(engine, *heard_twice(logs())).problems == []


DELETED = ("ticket", "message", "decision")


@pytest.mark.parametrize("table", DELETED)
def test_db_verify_misses_no_row(engine: Engine, path: Path, table: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"DELETE FROM {table} WHERE id = 1"))
    store = Store(f"sqlite:///{path}")
    found = list(verify(store, datetime.now(UTC), lambda _: None))
    store.close()
    assert any("1" in which for which, _ in found)
