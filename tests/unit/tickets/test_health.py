"""Problems are listed by importance, and only once their threshold is exceeded."""

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.facts import HealthFacts, MailboxFacts, OutgoingFacts, ProcessFacts
from daemon.tickets.health import Thresholds, examine, logins_refused
from tests.support.fakes import NOON

THRESHOLDS = Thresholds(
    job=timedelta(minutes=5), mailbox=timedelta(minutes=15), no_mail=timedelta(hours=12), limited=50
)
WELL = HealthFacts(
    now=NOON,
    oldest_due=None,
    dead=0,
    parked=0,
    uncertain=0,
    unreadable=0,
    deferred=0,
    limited=50,
    unanswered=0,
    last_mail_at=NOON - timedelta(hours=1),
    mailboxes={"work": MailboxFacts(NOON - timedelta(minutes=2), None, "")},
)


def keys(facts: HealthFacts) -> list[str]:
    return [problem.key for problem in examine(facts, THRESHOLDS)]


def test_a_healthy_system_has_no_problem() -> None:
    assert keys(WELL) == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"process": ProcessFacts(room=False)}, "disk"),
        ({"process": ProcessFacts(outgoing=OutgoingFacts(refused="535 no"))}, "outgoing"),
        ({"process": ProcessFacts(outgoing=OutgoingFacts(refused_sender="553 no"))}, "sender"),
        ({"process": ProcessFacts(outgoing=OutgoingFacts(unreached="timed out"))}, "unreached"),
        ({"process": ProcessFacts(drifted="by 30 checks")}, "drift"),
        ({"process": ProcessFacts(unencoded="it is not installed")}, "encoder"),
        ({"process": ProcessFacts(unusable="model x was changed since it was written")}, "model"),
        ({"process": ProcessFacts(damaged="model x was changed since it was written")}, "model"),
        ({"process": ProcessFacts(damaged="model x was changed", unusable="no room for another")}, "model"),
        ({"process": ProcessFacts(outdated="Model x knows Shop, not configured")}, "model"),
        ({"oldest_due": NOON - timedelta(minutes=6)}, "jobs"),
        ({"last_mail_at": NOON - timedelta(hours=13)}, "no-mail"),
        ({"last_mail_at": None}, "no-mail"),
        ({"reported": (logins_refused(100, 3),)}, "logins"),
        ({"dead": 1}, "dead"),
        ({"parked": 2}, "parked"),
        ({"uncertain": 1}, "uncertain"),
        ({"unreadable": 1}, "unreadable"),
        ({"deferred": 1}, "deferred"),
        ({"limited": 51}, "limited"),
        ({"unanswered": 1}, "unanswered"),
        ({"mailboxes": {"work": MailboxFacts(NOON - timedelta(minutes=16), None, "no route")}}, "mailbox work"),
        ({"mailboxes": {"work": MailboxFacts(None, None, "refused")}}, "mailbox work"),
    ],
)
def test_each_problem_has_its_key(change: dict[str, object], key: str) -> None:
    assert keys(replace(WELL, **change)) == [key]  # type: ignore[arg-type]  # a table of fields


def test_no_problem_is_reported_before_its_threshold() -> None:
    waiting = replace(WELL, oldest_due=NOON - timedelta(minutes=4), last_mail_at=NOON - timedelta(hours=11))
    assert keys(waiting) == []


def test_silence_is_no_problem_without_a_limit() -> None:
    silent = replace(WELL, last_mail_at=None)
    assert examine(silent, replace(THRESHOLDS, no_mail=None)) == ()


def test_a_mailbox_that_was_never_read_is_reported_with_its_error() -> None:
    (problem,) = examine(replace(WELL, mailboxes={"work": MailboxFacts(None, None, "login refused")}), THRESHOLDS)
    assert "login refused" in problem.text
