"""What the admin reads of a problem."""

from datetime import timedelta

from daemon.facts import HealthFacts, MailboxFacts, ProcessFacts
from daemon.tickets.health import Thresholds, examine
from tests.support.fakes import NOON

THRESHOLDS = Thresholds(timedelta(minutes=5), timedelta(minutes=1), None, 50)


def facts(**others: object) -> HealthFacts:
    """Return the facts of a healthy system, but for what is named."""
    well: dict[str, object] = {"now": NOON, "oldest_due": None, "last_mail_at": NOON, "mailboxes": {}}
    counts = dict.fromkeys(("dead", "parked", "uncertain", "unreadable", "deferred", "limited", "unanswered"), 0)
    return HealthFacts(**(well | counts | others))  # type: ignore[arg-type]  # by name


def test_a_refused_login_says_that_a_restart_is_needed() -> None:
    (problem,) = examine(facts(process=ProcessFacts(refused="535 no")), THRESHOLDS)
    assert problem.text.endswith("Correct them, and restart triaged.")


def test_one_minute_is_singular() -> None:
    mailbox = MailboxFacts(NOON - timedelta(seconds=70), None, "timeout")
    (problem,) = examine(facts(mailboxes={"work": mailbox}), THRESHOLDS)
    assert problem.text == "The mailbox work has not been read for 1 minute: timeout."
