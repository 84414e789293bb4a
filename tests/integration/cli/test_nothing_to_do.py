"""A command with --all says that there is nothing to do, and does not end in silence."""

import pytest

from tests.support.cli import Case


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("parked replay --all", "no parked emails"),
        ("imap retry --all", "no unreadable emails"),
        ("deliveries resend --all", "no deliveries"),
        ("deliveries dismiss --all", "no deliveries"),
        ("jobs retry --all --kind deliver", "no jobs"),
        ("jobs dismiss --all", "no jobs"),
    ],
)
def test_nothing_to_do_is_said(case: Case, command: str, said: str) -> None:
    outcome = case.run(*command.split())
    assert (outcome.code, outcome.out, outcome.err.strip()) == (0, "", said)
