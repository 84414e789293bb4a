"""`triaged check --live` shows the problems that only workers see, such as a mail server that is away."""

from datetime import timedelta

import pytest

from daemon.facts import Problem
from daemon.store import alarms
from daemon.system.clock import SystemClock
from tests.support.cli import Case


@pytest.mark.parametrize(("key", "code"), [("unreached", 75), ("sender", 75), ("outgoing", 75), ("drift", 0)])
def test_a_problem_that_a_worker_sees_is_shown(case: Case, key: str, code: int) -> None:
    now = SystemClock().now()
    case.store.write(lambda session: alarms.raise_alarms(session, [Problem(key, "what is wrong")], now))
    outcome = case.run("check", "--live", "--json")
    assert "what is wrong" in [row["text"] for row in outcome.rows]
    assert outcome.code == code


def test_a_problem_that_no_worker_sees_any_more_is_not_shown(case: Case) -> None:
    before = SystemClock().now() - timedelta(minutes=5)
    case.store.write(lambda session: alarms.raise_alarms(session, [Problem("unreached", "what is wrong")], before))
    assert "what is wrong" not in [row["text"] for row in case.run("check", "--live", "--json").rows]
