"""What the admin reads of a problem."""

from datetime import timedelta

from daemon.facts import HealthFacts, MailboxFacts, OutgoingFacts, ProcessFacts
from daemon.tickets.health import Thresholds, examine
from tests.support.fakes import NOON

THRESHOLDS = Thresholds(timedelta(minutes=5), timedelta(minutes=1), None, 50)


def facts(**others: object) -> HealthFacts:
    """Return the facts of a healthy system, but for what is named."""
    well: dict[str, object] = {"now": NOON, "oldest_due": None, "last_mail_at": NOON, "mailboxes": {}}
    counts = dict.fromkeys(("dead", "parked", "uncertain", "unreadable", "deferred", "limited", "unanswered"), 0)
    return HealthFacts(**(well | counts | others))  # type: ignore[arg-type]  # by name


def test_a_refused_login_says_that_a_restart_is_needed() -> None:
    (problem,) = examine(facts(process=ProcessFacts(outgoing=OutgoingFacts(refused="535 no"))), THRESHOLDS)
    assert problem.key == "outgoing"
    assert problem.text == (
        "The mail server refuses our login (535 no): all email through it waits. Correct username and password in "
        "[outgoing], and restart triaged: then it goes out at once."
    )


def test_a_refused_sender_says_what_to_do_and_for_how_long_emails_wait() -> None:
    (problem,) = examine(
        facts(process=ProcessFacts(outgoing=OutgoingFacts(refused_sender="553 not owned by user us"))), THRESHOLDS
    )
    assert problem.key == "sender"
    assert problem.text == (
        "The mail server refuses our address, or does not relay for us (553 not owned by user us): such emails wait "
        "for limits.delivery_days. Allow both there, or correct the login or the address; a reload of triaged tries at "
        "once."
    )


def test_a_server_that_is_away_for_long_says_that_nothing_is_lost() -> None:
    (problem,) = examine(
        facts(process=ProcessFacts(outgoing=OutgoingFacts(unreached="cannot connect to mail:587: timed out"))),
        THRESHOLDS,
    )
    assert problem.key == "unreached"
    assert problem.text == (
        "The mail server has taken no email for 10 minutes (cannot connect to mail:587: timed out): all email through "
        "it waits, and goes out by itself once it is back. See triaged check."
    )


def test_one_minute_is_singular() -> None:
    mailbox = MailboxFacts(NOON - timedelta(seconds=70), None, "timeout")
    (problem,) = examine(facts(mailboxes={"work": mailbox}), THRESHOLDS)
    assert problem.text == "The mailbox work has not been read for 1 minute: timeout."
