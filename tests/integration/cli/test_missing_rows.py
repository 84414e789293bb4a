"""A command that names a row or a file that does not exist ends with the exit code for that."""

from pathlib import Path

import pytest

from tests.support.cli import Case
from tests.support.emails import inbound, mail

MISSING = 66


@pytest.mark.parametrize(
    "command",
    [
        ("jobs", "retry", "999"),
        ("jobs", "dismiss", "998", "999"),
        ("deliveries", "resend", "99"),
        ("deliveries", "dismiss", "99"),
        ("tickets", "send", "999999"),
        ("tickets", "drop", "999999"),
        ("mail", "release", "999"),
        ("parked", "replay", "999"),
    ],
)
def test_a_row_that_does_not_exist_is_named_with_its_exit_code(case: Case, command: tuple[str, ...]) -> None:
    outcome = case.run(*command)
    assert (outcome.code, command[-1] in outcome.out + outcome.err) == (MISSING, True)


def test_a_file_of_tickets_that_does_not_exist_is_missing(case: Case, tmp_path: Path) -> None:
    outcome = case.run("train", "--from", str(tmp_path / "none.csv"))
    assert (outcome.code, "none.csv" in outcome.err) == (MISSING, True)


def test_a_missing_row_beside_one_that_cannot_be_changed_is_bad_data(case: Case) -> None:
    job = case.accept(inbound(mail())).offers[0].job_id
    outcome = case.run("jobs", "retry", str(job), "999")
    assert outcome.code == 65
    assert "is ready, not dead" in outcome.err
    assert "there is no job 999" in outcome.err
