"""`triaged check --live` fails where Redis is away: all email waits in the database then."""

import pytest

from tests.support.cli import Case
from tests.support.ports import free_port


def test_a_redis_that_is_away_is_a_failure(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGED_BROKER__URL", f"redis://127.0.0.1:{free_port()}/0")
    outcome = case.run("check", "--live", "--json")
    assert outcome.code == 75
    (found,) = [row for row in outcome.rows if row["what"] == "broker"]
    assert (found["state"], found["advice"]) == ("fail", "start Redis; until then jobs wait in the database")


def test_without_redis_nothing_is_said_of_it(case: Case) -> None:
    outcome = case.run("check", "--live", "--json")
    assert "broker" not in [row["what"] for row in outcome.rows]
